import { durationText } from "../durations";
import type { GitopsSettings } from "../settings/gitops";
import type { Manifest } from "./objects";
import { sourceKey } from "./sourceKey";

/**
 * What the External Secrets Operator reads from, and what it makes of it. Server defaults are written out, so that Argo
 * CD sees no drift.
 */

type Annotations = Readonly<Record<string, string>>;

/** The ServiceAccount by which a namespace reads the source Secret, and nothing else. */
export const readerName = "keycloak-clients-reader";

export interface ExternalSecretSettings<Namespace> {
  readonly name: string;
  /** A name, or what will be one. */
  readonly namespace: Namespace;
  readonly owner: string;
  /** The Secret that it makes. */
  readonly secretName: string;
  readonly keys: readonly string[];
  readonly annotations: Annotations;
}

export function externalSecret<Namespace>(gitops: GitopsSettings, settings: ExternalSecretSettings<Namespace>) {
  const { name, namespace, owner, secretName, keys, annotations } = settings;
  const { secretStore, clusterSecretStore, source } = gitops;
  const store =
    clusterSecretStore === undefined
      ? { kind: "SecretStore", name: secretStore?.name }
      : { kind: "ClusterSecretStore", name: clusterSecretStore.name };
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name, namespace, annotations },
    spec: {
      refreshInterval: durationText(gitops.refreshInterval),
      secretStoreRef: store,
      // Retain: what is gone from the source for a moment must not take a running Backstage's credential along.
      target: { name: secretName, creationPolicy: "Owner", deletionPolicy: "Retain" },
      data: keys.map((key) => ({
        secretKey: key,
        remoteRef: {
          key: clusterSecretStore?.key ?? source.name,
          property: sourceKey(owner, key),
          conversionStrategy: "Default",
          decodingStrategy: "None",
          metadataPolicy: "None",
        },
      })),
    },
  };
}

/** The SecretStore of one namespace, with an account of its own that may read the one Secret. */
export function secretStore(
  { source, secretStore: store }: GitopsSettings,
  namespace: string,
  annotations: Annotations,
): Manifest[] {
  if (store === undefined) return [];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: readerName };
  return [
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: readerName, namespace, annotations },
      automountServiceAccountToken: false,
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: `${readerName}-${namespace}`, namespace: source.namespace, annotations },
      roleRef,
      subjects: [{ kind: "ServiceAccount", name: readerName, namespace }],
    },
    {
      apiVersion: "external-secrets.io/v1",
      kind: "SecretStore",
      metadata: { name: store.name, namespace, annotations },
      spec: {
        provider: {
          kubernetes: {
            remoteNamespace: source.namespace,
            server: { url: store.server, caProvider: { type: "ConfigMap", name: "kube-root-ca.crt", key: "ca.crt" } },
            auth: { serviceAccount: { name: readerName } },
          },
        },
      },
    },
  ];
}

/** The right that all readers share. */
export function readerRole({ source, secretStore: store }: GitopsSettings, annotations: Annotations): Manifest[] {
  if (store === undefined) return [];
  const rules = [{ apiGroups: [""], resources: ["secrets"], resourceNames: [source.name], verbs: ["get"] }];
  return [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: readerName, namespace: source.namespace, annotations },
      rules,
    },
  ];
}

/** Copies the source Secret to a remote store. */
export function pushSecret(
  { source, pushSecret: push, refreshInterval }: GitopsSettings,
  annotations: Annotations,
): Manifest[] {
  if (push === undefined) return [];
  return [
    {
      apiVersion: "external-secrets.io/v1alpha1",
      kind: "PushSecret",
      metadata: { name: source.name, namespace: source.namespace, annotations },
      spec: {
        refreshInterval: durationText(refreshInterval),
        updatePolicy: "Replace",
        // Never Delete: a sync must not take every application's credential along.
        deletionPolicy: "None",
        secretStoreRefs: [{ kind: push.storeKind, name: push.store }],
        selector: { secret: { name: source.name } },
        data: [{ match: { remoteRef: { remoteKey: push.key } }, conversionStrategy: "None" }],
      },
    },
  ];
}
