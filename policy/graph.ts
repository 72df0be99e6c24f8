import { clientType, realmType } from "./keycloak";
import {
  agree,
  annotation,
  deploymentType,
  identity,
  podSpec,
  references,
  secretType,
  selects,
  templatePath,
} from "./kubernetes";
import { valueAt, entries, text, type Value } from "./values";
import type { Node } from "./rule";

/** The chain of docs/chain.svg in a stack's graph: client -> Secret -> Deployment. */

/** All that a resource depends on, directly or through others. */
export function reach(node: Node, seen = new Set<Node>()): Set<Node> {
  for (const next of [...node.dependencies, ...Object.values(node.propertyDependencies).flat()]) {
    if (!seen.has(next)) reach(next, seen.add(next));
  }
  return seen;
}

const edges = (node: Node, ...properties: string[]): Node[] =>
  properties.flatMap((property) => node.propertyDependencies[property] ?? []);

/** The values of a Secret that are known, in clear: they are compared, and never leave this file. */
function values(secret: Node): string[] {
  const decoded = entries(valueAt(secret.props, "data")).map(([, value]) =>
    Buffer.from(text(value) ?? "", "base64").toString(),
  );
  return [...decoded, ...entries(valueAt(secret.props, "stringData")).map(([, value]) => text(value) ?? "")];
}

/** Does the Secret hold the client's secret: by where its data comes from, or by the value? */
function holds(secret: Node, client: Node): boolean {
  const from = edges(secret, "data", "stringData");
  if (from.includes(client) || edges(client, "clientSecret").some((owner) => from.includes(owner))) return true;
  const value = text(valueAt(client.props, "clientSecret")) ?? "";
  return value !== "" && values(secret).includes(value);
}

/** What makes a name in the cluster: a Secret, or an ExternalSecret by its target. */
const makers: Readonly<Record<string, string>> = {
  [secretType]: "metadata.name",
  "kubernetes:external-secrets.io/v1:ExternalSecret": "spec.target.name",
  "kubernetes:external-secrets.io/v1beta1:ExternalSecret": "spec.target.name",
};

/** The resources of the stack that make a Secret of this identity. */
export function makersOf(identityWanted: string, nodes: readonly Node[]): Node[] {
  return nodes.filter(({ type, props }) => {
    const nameAt = makers[type];
    return (
      nameAt !== undefined &&
      (identity(props, nameAt) ?? (nameAt === "metadata.name" ? undefined : identity(props))) === identityWanted
    );
  });
}

export interface SignIn {
  readonly deployment: Node;
  /** A Secret that its pods read. */
  readonly secret: Node;
  /** The Secret's name in the cluster. */
  readonly secretName: string;
  /** The clients whose secrets are in it. */
  readonly clients: readonly Node[];
}

/** Each Deployment with each Secret of this stack that it reads. */
export function secretsRead(nodes: readonly Node[]): SignIn[] {
  const clients = nodes.filter(({ type }) => type === clientType);
  return nodes
    .filter(({ type }) => type === deploymentType)
    .flatMap((deployment) => {
      const namespace = valueAt(deployment.props, "metadata.namespace") ?? "default";
      if (typeof namespace !== "string") return [];
      return references(podSpec(deployment.type, deployment.props))
        .filter(({ kind }) => kind === "secret")
        .flatMap(({ name }) =>
          makersOf(`${namespace}/${name}`, nodes).map((secret) => ({
            deployment,
            secret,
            secretName: name,
            clients: clients.filter((client) => holds(secret, client)),
          })),
        );
    });
}

/** The Deployments that sign people in: those that read the secret of a client. */
export const signIns = (nodes: readonly Node[]): SignIn[] =>
  secretsRead(nodes).filter(({ clients }) => clients.length > 0);

/**
 * What a client must have before its credential is worth anything: its bindings, its mappers and those of its scopes,
 * and its realm.
 */
export function requirements(client: Node, nodes: readonly Node[]): Node[] {
  const bindings = nodes.filter(
    (node) => /^keycloak:openid\//.test(node.type) && edges(node, "clientId", "serviceAccountUserId").includes(client),
  );
  const scopes = new Set(bindings.flatMap((binding) => edges(binding, "defaultScopes", "optionalScopes")));
  const mappers = nodes.filter((node) => edges(node, "clientScopeId").some((scope) => scopes.has(scope)));
  const realmName = valueAt(client.props, "realmId");
  const realms = nodes.filter(
    (node) =>
      node.type === realmType &&
      (edges(client, "realmId").includes(node) ||
        (typeof realmName === "string" && valueAt(node.props, "realm") === realmName)),
  );
  return [...bindings, ...scopes, ...mappers, ...realms];
}

/** The resources that the sign-in stands on: each Deployment that signs people in, and all that it depends on. */
export function chain(nodes: readonly Node[]): Set<Node> {
  const links = new Set<Node>();
  for (const { deployment, secret } of signIns(nodes)) {
    for (const link of [deployment, secret, ...reach(deployment), ...reach(secret)]) links.add(link);
  }
  return links;
}

/** The annotation of an object as text. */
export const annotated = (node: Node, name: string): string | undefined => text(annotation(node.props, name));

const namespaceOf = ({ props }: Node): Value => valueAt(props, "metadata.namespace") ?? "default";

/** Does an object's selector choose the pods of a workload, in the same namespace? */
export const selectsPodsOf = (object: Node, selectorAt: string, workload: Node): boolean =>
  agree(namespaceOf(object), namespaceOf(workload)) &&
  selects(valueAt(object.props, selectorAt), valueAt(workload.props, `${templatePath(workload.type)}.metadata.labels`));
