import { readsSecrets, secretReaders } from "../../lib/pod/rbac";
import { valueAt, items, text, type Value } from "../values";
import { resourceRule } from "../rule";

const isClusterRole = (type: string): boolean =>
  /^kubernetes:rbac\.authorization\.k8s\.io\/[^:]+:ClusterRole$/.test(type);
const isClusterBinding = (type: string): boolean =>
  /^kubernetes:rbac\.authorization\.k8s\.io\/[^:]+:ClusterRoleBinding$/.test(type);
const names = (rule: Value, key: string): string[] =>
  items(valueAt(rule, key), "").flatMap(({ item }) => text(item) ?? []);

export const secretAccess = resourceRule({
  name: "secret-access",
  description: "Nobody may read Secrets of the whole cluster.",
  severity: "critical",
  remediation: "Name the resources without secrets, or use a Role in one namespace with resourceNames.",
  url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets",
  concerns: (type) => isClusterRole(type) || isClusterBinding(type),
  faults: ({ type, props }) => {
    if (isClusterBinding(type))
      return secretReaders.includes(text(valueAt(props, "roleRef.name")) ?? "")
        ? ["roleRef is a role that reads every Secret; bind a smaller one"]
        : [];
    return items(valueAt(props, "rules"), "rules").flatMap(({ path, item }) =>
      readsSecrets({
        apiGroups: names(item, "apiGroups"),
        resources: names(item, "resources"),
        verbs: names(item, "verbs"),
      })
        ? [`${path} reads Secrets in every namespace; name other resources`]
        : [],
    );
  },
});
