import type { types } from "@pulumi/kubernetes";
import { contractKeys, secretsPath } from "./contract";
import { databaseCaPath, databaseEnv } from "../backstage/databaseConnection";
import type { PodSettings } from "../settings/pod";

/** What the program's pods have in common. */

export type Container = types.input.core.v1.Container;
export type EnvVar = types.input.core.v1.EnvVar;
export type Volume = types.input.core.v1.Volume;
export type VolumeMount = types.input.core.v1.VolumeMount;

/** What something that a pod uses adds to it. */
export interface PodParts {
  readonly env: EnvVar[];
  readonly volumes: Volume[];
  readonly mounts: VolumeMount[];
}

/** The restricted Pod Security Standard, and a root file system that nobody writes to. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** The pod's side of it. */
export const hardened = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };

/** The uid of `node` in Node's official images, on which Backstage's own Dockerfile builds. */
export const nodeUid = 1000;

/** The pod's side with its user. @param id the uid and gid that the image runs as */
export function podSecurity(id: number) {
  return { ...hardened, runAsUser: id, runAsGroup: id, fsGroup: id, fsGroupChangePolicy: "OnRootMismatch" };
}

/** An environment variable from a key of a Secret. */
export const fromSecret = (
  variable: string,
  secret: types.input.core.v1.SecretKeySelector["name"],
  key: string,
): EnvVar => ({
  name: variable,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

/** Where the program's own app-config is mounted. */
export const configPath = "/etc/backstage";
/** Where the gate's scripts are mounted. */
export const gatePath = "/etc/backstage-gate";
const CA_PATH = "/etc/backstage-ca";

/** The names of the program's own volumes. */
export const reservedVolumes: readonly string[] = ["secrets", "app-config", "gate", "tmp", "database-ca", "ca-bundle"];

/** Is the path one of the program's own mounts, in one or around one? */
export function reservedMount(path: string): boolean {
  const inside = (inner: string, outer: string): boolean =>
    inner === outer || inner.startsWith(`${outer.replace(/\/+$/, "")}/`);
  const own = [secretsPath, configPath, gatePath, databaseCaPath, CA_PATH];
  return path === "/tmp" || own.some((mount) => inside(path, mount) || inside(mount, path));
}

/** The variable that makes Node accept every certificate. */
export const tlsOff = "NODE_TLS_REJECT_UNAUTHORIZED";

const OWN: readonly string[] = [
  ...Object.values(contractKeys),
  ...Object.values(databaseEnv),
  "NODE_ENV",
  "NODE_EXTRA_CA_CERTS",
];
/** Whatever else the gates and the health server may come to read. */
const OWN_FAMILIES = /^(GATE|KEYCLOAK)_/;

/** Why an environment variable may not be set from outside, as the end of a sentence; undefined when it may. */
export function reservedEnv(variable: string): string | undefined {
  if (OWN.includes(variable) || OWN_FAMILIES.test(variable)) return "is a variable of the program's own";
  if (variable.startsWith("APP_CONFIG_")) return "would override the app-config past every check";
  return variable === tlsOff ? "would turn the check of certificates off" : undefined;
}

type Source = Pick<PodSettings, "caBundle" | "extraEnv" | "extraVolumes">;

/** The authorities to trust, for Backstage and its gates alike. */
export function caParts({ caBundle }: Pick<Source, "caBundle">): PodParts {
  if (caBundle === undefined) return { env: [], volumes: [], mounts: [] };
  const { secret, configMap, key } = caBundle;
  const source = secret === undefined ? { configMap: { name: configMap } } : { secret: { secretName: secret } };
  return {
    env: [{ name: "NODE_EXTRA_CA_CERTS", value: `${CA_PATH}/${key}` }],
    volumes: [{ name: "ca-bundle", ...source }],
    mounts: [{ name: "ca-bundle", mountPath: CA_PATH, readOnly: true }],
  };
}

/** What the settings add to Backstage's container. */
export function extraParts({ extraEnv, extraVolumes }: Pick<Source, "extraEnv" | "extraVolumes">): PodParts {
  return {
    env: extraEnv.map(({ name, value, secret, configMap, key = name }) => {
      if (secret !== undefined) return fromSecret(name, secret, key);
      return configMap === undefined
        ? { name, value }
        : { name, valueFrom: { configMapKeyRef: { name: configMap, key } } };
    }),
    volumes: extraVolumes.map(({ name, secret, configMap, claim, emptyDir }) => {
      if (secret !== undefined) return { name, secret: { secretName: secret } };
      if (configMap !== undefined) return { name, configMap: { name: configMap } };
      return claim === undefined
        ? { name, emptyDir: { sizeLimit: emptyDir } }
        : { name, persistentVolumeClaim: { claimName: claim } };
    }),
    mounts: extraVolumes.map(({ name, mountPath, writable }) => ({ name, mountPath, readOnly: !writable })),
  };
}

/** The Secrets and ConfigMaps of somebody else's that these settings name. */
export function referencesOf({
  caBundle,
  extraEnv,
  extraVolumes,
}: Source): { kind: "secret" | "configmap"; name: string }[] {
  return [...(caBundle === undefined ? [] : [caBundle]), ...extraEnv, ...extraVolumes].flatMap(
    ({ secret, configMap }) => [
      ...(secret === undefined ? [] : [{ kind: "secret" as const, name: secret }]),
      ...(configMap === undefined ? [] : [{ kind: "configmap" as const, name: configMap }]),
    ],
  );
}

/** Without the parts that are empty: the API server drops them, and Argo CD would then see a difference. */
export function filled<Parts extends Record<string, object>>(parts: Parts): Partial<Parts> {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0)) as Partial<Parts>;
}

/** Where pods run, as the pod's spec says it. */
export function placement({
  nodeSelector,
  tolerations,
  imagePullSecrets,
}: Pick<PodSettings, "nodeSelector" | "tolerations" | "imagePullSecrets">) {
  return filled({ nodeSelector, tolerations, imagePullSecrets: imagePullSecrets.map((name) => ({ name })) });
}

/** How pods are spread: as told, else over nodes, as long as there are several. */
export function topologySpread(
  { topologySpread: told }: Pick<PodSettings, "topologySpread">,
  several: boolean,
  matchLabels: Record<string, string>,
): types.input.core.v1.TopologySpreadConstraint[] {
  const byNode = { topologyKey: "kubernetes.io/hostname", maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway" };
  // Only pods of one revision count: the old ones are about to go.
  return (told ?? (several ? [byNode] : [])).map((one) => ({
    ...one,
    labelSelector: { matchLabels },
    matchLabelKeys: ["pod-template-hash"],
  }));
}
