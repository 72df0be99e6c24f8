import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Target } from "../components/support/target";
import { clusterTarget, noChecksums } from "../program/targets";
import type { Settings } from "../config";
import { externalSecret } from "../lib/gitops/externalSecrets";
import { waveAnnotations } from "../lib/gitops/waves";

/**
 * Objects go to Git: a Secret's place is taken by the ExternalSecret that makes it, and no hash of a secret is known.
 */
export function gitTarget(settings: Pick<Settings, "waves" | "gitops">): Target {
  const cluster = clusterTarget(settings);
  return {
    ...cluster,
    namespace(name, opts) {
      // Without the stack's mark: Git cannot know whether the namespace was there before, and whose it then is.
      const made = new k8s.core.v1.Namespace(
        name,
        { metadata: { name, annotations: waveAnnotations("namespace", settings.waves) } },
        opts,
      );
      return { name: made.metadata.name, ready: [made] };
    },
    references: noChecksums,
    deliver(name, { owner, secretName, externalName, namespace, keys }, opts) {
      const annotations = cluster.annotations("credential");
      const made = new k8s.apiextensions.CustomResource(
        name,
        externalSecret(settings.gitops, {
          name: externalName ?? secretName,
          namespace,
          owner,
          secretName,
          keys,
          annotations,
        }),
        opts,
      );
      return { secretName: pulumi.output(secretName), ready: [made], checksums: noChecksums() };
    },
  };
}
