import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { DecidedSettings, Settings } from "../config";
import { checksumAnnotation, clientAnnotation, dataHash } from "../lib/pod/hashes";
import { stackMark } from "../lib/ownership/stackMark";
import { waveAnnotations, type Link } from "../lib/gitops/waves";
import { references } from "../components/support/references";
import { base64Values, type NamespaceRules, type Target } from "../components/support/target";

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
  // The engine asks whether it is protected before it looks at what is retained.
  const kept = <T extends pulumi.ResourceOptions>(opts: T): T =>
    retain ? { ...opts, retainOnDelete: true, protect: false } : opts;
  return {
    make: (objects) => objects(),
    kept,
    annotations,
    references,
    namespace(name, opts) {
      if (foreign?.has(name) === true) return { name, ready: [] };
      const made = new k8s.core.v1.Namespace(
        name,
        { metadata: { name, annotations: annotations("namespace") } },
        kept({ ...opts, protect }),
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
    make: () => undefined,
    kept: (opts) => opts,
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

/** The target of `pulumi up` in each mode. */
export function targetOf(
  settings: Pick<Settings, "mode" | "waves"> & Partial<Pick<DecidedSettings, "namespaces" | "foreignNamespaces">>,
): Target {
  const { mode, namespaces, foreignNamespaces: foreign } = settings;
  if (mode === "hybrid") return elsewhere(settings);
  return clusterTarget(settings, mode === "handover", { ...namespaces, ...(foreign === undefined ? {} : { foreign }) });
}
