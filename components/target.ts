import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import { checksumAnnotation, clientAnnotation, dataHash } from "../lib/hashes";
import { stackMark } from "../lib/owners";
import { waveAnnotations, type Link } from "../lib/waves";
import { references, type Reference } from "./references";

/** The values that an application reads from a Secret. */
export interface Credential {
  /** Whose they are: the first part of their keys in the source Secret. */
  readonly owner: string;
  /** The Secret's name, fixed so that operators and manifests can rely on it. */
  readonly secretName: string;
  /** The name of the ExternalSecret that makes it, where one does. @default the Secret's */
  readonly externalName?: string;
  /** The namespace that the Secret is in. */
  readonly namespace: pulumi.Input<string>;
  /** The Secret's keys. */
  readonly keys: readonly string[];
  /** Its contents; a secret. */
  readonly data: pulumi.Output<Record<string, string>>;
  /** Keycloak's own id of the client that they are for: another client is a rollout too. @default none */
  readonly clientUuid?: pulumi.Output<string>;
  /** What must be there before they are worth anything: no Secret that holds them comes earlier. */
  readonly requires: readonly pulumi.Resource[];
}

export interface Delivery {
  readonly secretName: pulumi.Output<string>;
  /** What readers of the Secret depend on. */
  readonly ready: pulumi.Resource[];
  /** The pod template annotations that make a changed value a rollout. */
  readonly checksums: pulumi.Output<Record<string, string>>;
}

export interface TargetNamespace {
  readonly name: pulumi.Input<string>;
  readonly ready: pulumi.Resource[];
}

/** Where the Kubernetes objects of a run go: to the cluster, to Git, or nowhere, because Argo CD has them from Git. */
export interface Target {
  /** Whether objects are made at all, beside credentials. */
  readonly objects: boolean;
  /** Whether what a later run drops stays in the cluster, for Argo CD to take over. */
  readonly retain: boolean;
  /** The annotations of every object that stands for this link of the chain. */
  annotations(link: Link): Record<string, string>;
  namespace(name: string, opts: pulumi.CustomResourceOptions): TargetNamespace;
  /** Makes the Secret, or what makes it. */
  deliver(name: string, credential: Credential, opts: pulumi.CustomResourceOptions): Delivery;
  /** The pod template annotations for objects that somebody else writes. */
  references(
    name: string,
    list: readonly Reference[],
    namespace: pulumi.Input<string>,
    opts: pulumi.CustomResourceOptions,
  ): pulumi.Output<Record<string, string>>;
}

export const base64Values = (data: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));

/** What becomes of namespaces. */
export interface NamespaceRules {
  /** Refuse to delete one that the program has made. @default true */
  readonly protect?: boolean;
  /** Those that were there before: they are used, and neither made nor changed. @default none */
  readonly foreign?: ReadonlySet<string>;
}

/** Pulumi applies the objects. */
export function clusterTarget(
  { waves }: Pick<Settings, "waves">,
  retain = false,
  { protect = true, foreign }: NamespaceRules = {},
): Target {
  const annotations = (link: Link): Record<string, string> => ({
    ...waveAnnotations(link, waves),
    ...stackMark(pulumi.getStack()),
  });
  const kept = (opts: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions => ({
    ...opts,
    ...(retain ? { retainOnDelete: true } : {}),
  });
  return {
    objects: true,
    retain,
    annotations,
    references,
    namespace(name, opts) {
      if (foreign?.has(name) === true) return { name, ready: [] };
      // The engine asks whether it is protected before it looks at what is retained.
      const made = new k8s.core.v1.Namespace(
        name,
        { metadata: { name, annotations: annotations("namespace") } },
        kept({ ...opts, protect: protect && !retain }),
      );
      return { name: made.metadata.name, ready: [made] };
    },
    deliver(name, { secretName, namespace, data, clientUuid, requires }, opts) {
      const secret = new k8s.core.v1.Secret(
        name,
        {
          metadata: { name: secretName, namespace, annotations: annotations("credential") },
          type: "Opaque",
          // `data`, not `stringData`: that is write-only, so a value changed by hand would never show as drift.
          data: data.apply(base64Values),
        },
        kept({ ...opts, dependsOn: [...requires] }),
      );
      // A hash tells nothing of the values, and an encrypted annotation would hide the whole template.
      const checksums = pulumi
        .unsecret(pulumi.all([secret.metadata.name, data, clientUuid]))
        .apply(([object, values, uuid]): Record<string, string> => ({
          [checksumAnnotation("secret", object)]: dataHash(values),
          // A realm that was made anew has other signing keys, and Backstage holds on to the old ones for a minute.
          ...(uuid === undefined ? {} : { [clientAnnotation]: uuid }),
        }));
      return { secretName: secret.metadata.name, ready: [secret], checksums };
    },
  };
}

/** The checksums of what this run does not see. */
export const noChecksums = (): pulumi.Output<Record<string, string>> => pulumi.output<Record<string, string>>({});

/** Argo CD applies the objects, from Git: this run makes nothing of them, and knows their names. */
function elsewhere({ waves }: Pick<Settings, "waves">): Target {
  return {
    objects: false,
    retain: false,
    annotations: (link) => waveAnnotations(link, waves),
    references: noChecksums,
    namespace: (name) => ({ name, ready: [] }),
    deliver: (_name, { secretName }) => ({
      secretName: pulumi.output(secretName),
      ready: [],
      checksums: noChecksums(),
    }),
  };
}

/** A target that remembers what was delivered by it, for the source Secret. */
export interface CollectingTarget extends Target {
  readonly credentials: readonly Credential[];
}

/**
 * The target of `pulumi up` in each mode.
 * @param foreign the namespaces that were there before
 */
export function targetOf(
  settings: Pick<Settings, "mode" | "waves"> & Partial<Pick<Settings, "namespaces">>,
  foreign: ReadonlySet<string> = new Set(),
): CollectingTarget {
  const rules = { ...settings.namespaces, foreign };
  const target =
    settings.mode === "hybrid" ? elsewhere(settings) : clusterTarget(settings, settings.mode === "handover", rules);
  const credentials: Credential[] = [];
  return {
    ...target,
    credentials,
    deliver(name, credential, opts) {
      credentials.push(credential);
      return target.deliver(name, credential, opts);
    },
  };
}
