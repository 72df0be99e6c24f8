import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import { checksumAnnotation, clientAnnotation, dataHash } from "../lib/pod/hashes";
import { stackMark } from "../lib/ownership/stackMark";
import { waveAnnotations, type Link } from "../lib/gitops/waves";
import { references } from "../components/support/references";
import { base64Values, type Credential, type NamespaceRules, type Target } from "../components/support/target";

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
