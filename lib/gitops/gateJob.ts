import type { Settings } from "../../config";
import { backstageContractKeys, contractKeys, type Expected } from "../pod/contract";
import { gateBase, gateContainers, podScripts } from "../pod/gates";
import { caParts, filled, nodeUid, podSecurity } from "../pod/podSpec";
import { hookAnnotation, hookDeleteAnnotation } from "./annotations";
import type { Manifest } from "./objects";
import { sourceKey } from "./sourceKey";

type JobSettings = Pick<Settings, "gitops" | "backstage">;

/**
 * The Job that proves Keycloak from inside the cluster: discovery, issuer and Backstage's credential. It makes nothing,
 * so nothing is missing where Argo CD skips hooks.
 */
export function gateJob(
  { gitops, backstage }: JobSettings,
  expected: Expected,
  annotations: Readonly<Record<string, string>>,
  scriptAnnotations: Readonly<Record<string, string>>,
): Manifest[] {
  const { source, hook, hookDeletePolicy } = gitops;
  const { namespace } = source;
  const keys = [...Object.values(backstageContractKeys), contractKeys.generations];
  const ca = caParts(backstage);
  const gates = { gateSeconds: backstage.gateSeconds, expected, requiredKeys: keys };
  const [secretsThere, accepted] = gateContainers(gateBase(backstage), gates, ca.env);
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "config-gate", namespace, annotations: scriptAnnotations },
      data: podScripts(),
    },
    {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: {
        name: "config",
        namespace,
        annotations: { ...annotations, [hookAnnotation]: hook, [hookDeleteAnnotation]: hookDeletePolicy },
      },
      spec: {
        backoffLimit: 2,
        activeDeadlineSeconds: 3 * backstage.gateSeconds,
        template: {
          metadata: { labels: { app: "keycloak-config" } },
          spec: {
            restartPolicy: "Never",
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            securityContext: podSecurity(nodeUid),
            ...filled({
              hostAliases: backstage.hostAliases,
              imagePullSecrets: backstage.imagePullSecrets.map((name) => ({ name })),
            }),
            initContainers: [secretsThere],
            containers: [accepted],
            volumes: [
              {
                name: "secrets",
                secret: {
                  secretName: source.name,
                  optional: true,
                  items: keys.map((key) => ({ key: sourceKey(backstage.clientId, key), path: key })),
                },
              },
              { name: "gate", configMap: { name: "config-gate" } },
              ...ca.volumes,
            ],
          },
        },
      },
    },
  ];
}
