/** What a rule of a Role or ClusterRole gives away. */
export interface AccessRule {
  readonly apiGroups?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly verbs?: readonly string[] | undefined;
}

const names = (list: readonly string[] | undefined, ...wanted: string[]): boolean =>
  (list ?? []).some((name) => name === "*" || wanted.includes(name));

/** Does it name everything of a kind at once? */
export const hasWildcard = ({ apiGroups, resources, verbs }: AccessRule): boolean =>
  [apiGroups, resources, verbs].some((list) => names(list));

/** May its holder read Secrets? */
export const readsSecrets = ({ apiGroups, resources, verbs }: AccessRule): boolean =>
  names(apiGroups, "") && names(resources, "secrets") && names(verbs, "get", "list", "watch");

/** The ClusterRoles of every cluster whose holders read Secrets. */
export const secretReaders: readonly string[] = ["cluster-admin", "admin", "edit"];
