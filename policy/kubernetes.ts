import { valueAt, entries, items, text, unknown, type Value } from "./values";

/** What a resource of the Kubernetes provider is, and what is in its pods. */

export const deploymentType = "kubernetes:apps/v1:Deployment";
export const secretType = "kubernetes:core/v1:Secret";
export const configMapType = "kubernetes:core/v1:ConfigMap";

/** Where each kind keeps the template of its pods. */
const templates: Readonly<Record<string, string>> = {
  "kubernetes:core/v1:Pod": "",
  "kubernetes:batch/v1:Job": "spec.template",
  "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template",
  "kubernetes:apps/v1:Deployment": "spec.template",
  "kubernetes:apps/v1:StatefulSet": "spec.template",
  "kubernetes:apps/v1:DaemonSet": "spec.template",
};

export const isKubernetes = (type: string): boolean => type.startsWith("kubernetes:");
export const hasPods = (type: string): boolean => Object.hasOwn(templates, type);
/** The kinds that replace their pods when the template changes. */
export const rollsOut = (type: string): boolean =>
  /^kubernetes:apps\/v1:(Deployment|StatefulSet|DaemonSet)$/.test(type);

/** The API group in `kubernetes:GROUP/VERSION:Kind`. */
export const groupOf = (type: string): string => /^kubernetes:([^/]+)\//.exec(type)?.[1] ?? "";
export const kindOf = (type: string): string => type.split(":").at(-1) ?? "";

export interface Located {
  readonly path: string;
  readonly item: Value;
}

export const templatePath = (type: string): string => templates[type] ?? "";
const inside = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

/** The template of the pods. */
export const podTemplate = (type: string, props: Value): Located => ({
  path: templatePath(type),
  item: valueAt(props, templatePath(type)),
});

/** A pod's spec as a remedy changes it. */
export interface MutableSpec {
  securityContext?: object;
  containers?: MutableContainer[];
  initContainers?: MutableContainer[];
}
interface MutableContainer {
  name?: string;
  securityContext?: object;
  env?: { name: string; value?: string }[];
}

/** The spec of the pods, to be changed in place. */
export function mutableSpec(type: string, props: Record<string, unknown>): MutableSpec {
  const path = inside(templatePath(type), "spec").split(".");
  return path.reduce<unknown>((holder, key) => ((holder as Record<string, unknown>)[key] ??= {}), props) as MutableSpec;
}

/** The spec of the pods. */
export function podSpec(type: string, props: Value): Located {
  const path = inside(templatePath(type), "spec");
  return { path, item: valueAt(props, path) };
}

/** The containers that stay. */
export const containers = ({ path, item }: Located): Located[] =>
  items(valueAt(item, "containers"), inside(path, "containers"));
export const initContainers = ({ path, item }: Located): Located[] =>
  items(valueAt(item, "initContainers"), inside(path, "initContainers"));
export const allContainers = (spec: Located): Located[] => [...initContainers(spec), ...containers(spec)];

/** The variables of a container. */
export const env = ({ path, item }: Located): Located[] => items(valueAt(item, "env"), `${path}.env`);

export interface Reference {
  readonly kind: "secret" | "configmap";
  readonly name: string;
}

const sources = {
  secret: ["valueFrom.secretKeyRef.name", "secretRef.name", "secret.secretName", "secret.name"],
  configmap: ["valueFrom.configMapKeyRef.name", "configMapRef.name", "configMap.name"],
} as const;

/** The Secrets and ConfigMaps that pods read, each once; those whose names are not known yet are left out. */
export function references(spec: Located): Reference[] {
  const volumes = items(valueAt(spec.item, "volumes"), "").map(({ item }) => item);
  const readers = [
    ...allContainers(spec).flatMap((container) =>
      [...env(container), ...items(valueAt(container.item, "envFrom"), "")].map(({ item }) => item),
    ),
    ...volumes,
    ...volumes.flatMap((volume) => items(valueAt(volume, "projected.sources"), "").map(({ item }) => item)),
  ];
  const found = new Map<string, Reference>();
  for (const kind of ["secret", "configmap"] as const) {
    for (const reader of readers) {
      for (const path of sources[kind]) {
        const name = text(valueAt(reader, path));
        if (name !== undefined) found.set(`${kind}/${name}`, { kind, name });
      }
    }
  }
  return [...found.values()];
}

export const annotation = (props: Value, name: string): Value => {
  const annotations = valueAt(props, "metadata.annotations");
  return annotations === unknown ? annotations : entries(annotations).find(([key]) => key === name)?.[1];
};

/** An object's name and namespace as one; undefined while one of them is not known. */
export function identity(props: Value, nameAt = "metadata.name"): string | undefined {
  const [name, namespace = "default"] = [valueAt(props, nameAt), valueAt(props, "metadata.namespace")];
  return typeof name === "string" && typeof namespace === "string" ? `${namespace}/${name}` : undefined;
}

/** Are both the same, as far as is known? */
export const agree = (one: Value, other: Value): boolean => one === other || one === unknown || other === unknown;

/** Does a selector choose pods with these labels, as far as is known? */
export function selects(selector: Value, labels: Value): boolean {
  if (labels === unknown) return true;
  return entries(valueAt(selector, "matchLabels")).every(([key, value]) =>
    entries(labels).some(([name, own]) => name === key && agree(own, value)),
  );
}
