import type { Settings } from "../../config";

/** What somebody else has to make before a run, without Pulumi: what the settings name and the program only uses. */

export interface Needed {
  /** The setting that names it. */
  readonly setting: string;
  readonly kind: "Namespace" | "Secret" | "ConfigMap" | "PersistentVolumeClaim";
  readonly namespace: string;
  readonly name: string;
  /** The key of it that a pod reads. */
  readonly key?: string | undefined;
}

interface Source {
  readonly secret?: string | undefined;
  readonly configMap?: string | undefined;
  readonly claim?: string | undefined;
}

/**
 * Every such object, with a line for each key of it. In hybrid mode Argo CD applies what uses the others, wherever it
 * likes.
 */
export function neededObjects(settings: Pick<Settings, "backstage" | "clients" | "mode" | "gitops">): Needed[] {
  const {
    mode,
    gitops: { source },
  } = settings;
  const ofSource: Needed[] =
    mode === "direct" || source.createNamespace
      ? []
      : [{ setting: "gitops.source.namespace", kind: "Namespace", namespace: "", name: source.namespace }];
  return mode === "hybrid" ? ofSource : [...namedObjects(settings), ...ofSource];
}

/** What the settings of Backstage and of the clients name. */
export function namedObjects({ backstage, clients }: Pick<Settings, "backstage" | "clients">): Needed[] {
  const { namespace, database, caBundle, extraEnv, extraVolumes } = backstage;
  const of = (setting: string, { secret, configMap, claim }: Source, key?: string): Needed[] => {
    const at = (kind: Needed["kind"], field: string, name: string | undefined): Needed[] =>
      name === undefined ? [] : [{ setting: `backstage.${setting}.${field}`, kind, namespace, name, key }];
    return [
      ...at("Secret", "secret", secret),
      ...at("ConfigMap", "configMap", configMap),
      ...at("PersistentVolumeClaim", "claim", claim),
    ];
  };
  const made = [
    namespace,
    ...clients.flatMap(({ secret }) => (secret?.createNamespace === true ? [secret.namespace] : [])),
  ];
  const namespaces = clients.flatMap(({ secret }, index): Needed[] => {
    if (secret === undefined || made.includes(secret.namespace)) return [];
    return [{ setting: `clients.${index}.secret.namespace`, kind: "Namespace", namespace: "", name: secret.namespace }];
  });
  const external = database.kind === "external" ? database : undefined;
  return [
    ...namespaces,
    ...[external?.credentials.userKey, external?.credentials.passwordKey].flatMap((key) =>
      of("database.credentials", { secret: external?.credentials.secret }, key),
    ),
    ...of("database.tls.ca", { configMap: external?.tls.ca?.configMap }, external?.tls.ca?.key),
    ...of("caBundle", caBundle ?? {}, caBundle?.key),
    ...extraEnv.flatMap((env, index) => of(`extraEnv.${index}`, env, env.key ?? env.name)),
    ...extraVolumes.flatMap((volume, index) => of(`extraVolumes.${index}`, volume)),
  ];
}

/** What is wrong, as a sentence. @param keys the keys that the object has; undefined when it is not there */
export function neededFault(
  { setting, kind, namespace, name, key }: Needed,
  keys: readonly string[] | undefined,
): string | undefined {
  const what = `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
  if (keys === undefined) {
    const remedy =
      kind === "Namespace"
        ? `create it, or set ${setting.replace(/namespace$/, "createNamespace")} to true`
        : `create it first, or correct ${setting}`;
    return `${setting} names ${what}, which is not there; ${remedy}.`;
  }
  return key === undefined || keys.includes(key)
    ? undefined
    : `${setting} names ${what}, which has no key ${key}; add it, or correct the key.`;
}
