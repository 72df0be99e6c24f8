import type { types } from "@pulumi/kubernetes";
import { contractKeys, secretsPath } from "./contract";
import { databaseCaPath, databaseEnv } from "../backstage/databaseConnection";

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

/** Certificates of authorities, as PEM, in a Secret or a ConfigMap of the pod's namespace. */
export interface CaBundle {
  /** The Secret that holds them. @default a ConfigMap does */
  readonly secret?: string | undefined;
  /** Or the ConfigMap. @default a Secret does */
  readonly configMap?: string | undefined;
  /** Its key, such as `ca.crt`. */
  readonly key: string;
}

/** An environment variable: with a value, or from a Secret or ConfigMap of the pod's namespace. */
export interface ExtraEnv {
  /** The variable. */
  readonly name: string;
  /** Its value, if it is no secret. @default it comes from a Secret or ConfigMap */
  readonly value?: string | undefined;
  /** Or the Secret that holds it. @default none does */
  readonly secret?: string | undefined;
  /** Or the ConfigMap that holds it. @default none does */
  readonly configMap?: string | undefined;
  /** The key in that Secret or ConfigMap. @default the variable's name */
  readonly key?: string | undefined;
}

/** A volume of one of these kinds. */
export interface ExtraVolume {
  /** The volume's name. */
  readonly name: string;
  /** Where the container sees it. */
  readonly mountPath: string;
  /** The Secret that it shows. @default it shows none */
  readonly secret?: string | undefined;
  /** Or the ConfigMap. @default it shows none */
  readonly configMap?: string | undefined;
  /** Or the PersistentVolumeClaim. @default it is none */
  readonly claim?: string | undefined;
  /** Or an empty folder of at most this size, as a quantity. @default it is none */
  readonly emptyDir?: string | undefined;
  /** May it be written to? Only a claim and an empty folder can be. @default false */
  readonly writable?: boolean;
}

/** Where pods run, and what their images are pulled with. */
export interface PlacementArgs {
  /** The labels of nodes that they may run on. @default any node */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** The taints that they tolerate. @default none */
  readonly tolerations?: types.input.core.v1.Toleration[];
  /** The Secrets that images are pulled with. @default none */
  readonly imagePullSecrets?: readonly string[];
}

/** What Backstage's pods may use, where they run and what else is in them. */
export interface PodArgs extends PlacementArgs {
  /** The Backstage image, by tag or digest; it must contain `node` and the OIDC module. */
  readonly image: string;
  /** When the kubelet pulls it. @default IfNotPresent */
  readonly imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
  /** What a pod is given, and the most that it may use. @default 100m and 384Mi, and 1Gi */
  readonly resources?: types.input.core.v1.ResourceRequirements;
  /** How pods are spread; they count themselves. @default over nodes, where there are several */
  readonly topologySpread?: readonly types.input.core.v1.TopologySpreadConstraint[] | undefined;
  /** Names that the pods, their gates included, know without DNS. @default none */
  readonly hostAliases?: types.input.core.v1.HostAlias[];
  /** Authorities that Backstage and its gates trust beside the public ones. @default none */
  readonly caBundle?: CaBundle | undefined;
  /** More environment variables of Backstage. @default none */
  readonly extraEnv?: readonly ExtraEnv[];
  /** More volumes of Backstage. @default none */
  readonly extraVolumes?: readonly ExtraVolume[];
}

type Source = Required<Pick<PodArgs, "caBundle" | "extraEnv" | "extraVolumes">>;

/** The authorities to trust, for Backstage and its gates alike. */
export function caParts({ caBundle }: Pick<PodArgs, "caBundle">): PodParts {
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
    mounts: extraVolumes.map(({ name, mountPath, writable = false }) => ({ name, mountPath, readOnly: !writable })),
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
export function placement({ nodeSelector = {}, tolerations = [], imagePullSecrets = [] }: PlacementArgs) {
  return filled({ nodeSelector, tolerations, imagePullSecrets: imagePullSecrets.map((name) => ({ name })) });
}

/** How pods are spread: as told, else over nodes, as long as there are several. */
export function topologySpread(
  { topologySpread: told }: Pick<PodArgs, "topologySpread">,
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
