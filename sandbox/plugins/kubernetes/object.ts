import { isObject, type Path, type Properties } from "../values";

/** Reading Kubernetes objects as plain data: any kind, no schema. */

/** The value at a path, or undefined. */
export function at(value: unknown, ...path: Path): unknown {
  let current = value;
  for (const step of path) {
    if (typeof step === "number") current = Array.isArray(current) ? (current[step] as unknown) : undefined;
    else current = isObject(current) ? current[step] : undefined;
  }
  return current;
}

export const text = (value: unknown, ...path: Path): string => {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
};

export const count = (value: unknown, ...path: Path): number => {
  const found = at(value, ...path);
  return typeof found === "number" ? found : 0;
};

export const list = (value: unknown, ...path: Path): unknown[] => {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
};

export const record = (value: unknown, ...path: Path): Properties => {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
};

export const annotation = (object: unknown, name: string): string => text(object, "metadata", "annotations", name);

/** What addresses one object. */
export interface Reference {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
}

export const referenceTo = (object: unknown): Reference => ({
  apiVersion: text(object, "apiVersion"),
  kind: text(object, "kind"),
  namespace: text(object, "metadata", "namespace"),
  name: text(object, "metadata", "name"),
});

/** As Pulumi's id and our sentences name an object: `namespace/name`, or `name` in no namespace. */
export const idOf = ({ namespace, name }: Pick<Reference, "namespace" | "name">): string =>
  namespace === "" ? name : `${namespace}/${name}`;

export const sentenceName = (reference: Reference): string => `${reference.kind} ${idOf(reference)}`;

/** The API version and kind behind a type token; undefined for what is no plain object. */
export function kindOf(token: string): { apiVersion: string; kind: string } | undefined {
  const [, group = "", version = "", kind = ""] = /^kubernetes:([\w.-]+)\/(v\d\w*):(\w+)$/.exec(token) ?? [];
  const builtIn = !group.includes(".") || group.endsWith(".k8s.io");
  if (kind === "" || ["helm.sh", "yaml", "kustomize"].includes(group)) return undefined;
  if (builtIn && /(List|Patch)$/.test(kind)) return undefined;
  return { apiVersion: group === "core" ? version : `${group}/${version}`, kind };
}

/** Kinds outside namespaces, for rendering: there is no server to ask then. */
const clusterKinds = new Set([
  ..."Namespace Node PersistentVolume ClusterRole ClusterRoleBinding CustomResourceDefinition StorageClass".split(" "),
  ..."IngressClass PriorityClass RuntimeClass APIService ClusterSecretStore ClusterIssuer GatewayClass".split(" "),
  ..."MutatingWebhookConfiguration ValidatingWebhookConfiguration ValidatingAdmissionPolicy".split(" "),
]);
export const isClusterKind = (kind: string): boolean => clusterKinds.has(kind);
