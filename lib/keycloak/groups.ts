/**
 * Groups by their path, as `platform/team-a`: the way from the realm's top, without the slash that it may be written
 * with.
 */

/** The path in one form. */
export const groupPath = (written: string): string => written.replace(/^\//, "");

/** The group's own name, the last part of its path: what stands in the claim `groups`. */
export const groupName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The path of the group around it; undefined at the top. */
export const parentOf = (path: string): string | undefined =>
  path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : undefined;

/** Every path on the way to a group, from the top, the group's own last. */
const way = (path: string): string[] => path.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"));

/** The groups and those around them that nobody names: a group cannot be without them. */
export function withParents<Group extends { readonly name: string }>(
  groups: readonly Group[],
  plain: (name: string) => Group,
): Group[] {
  const named = new Set(groups.map(({ name }) => name));
  const around = new Set(groups.flatMap(({ name }) => way(name)).filter((path) => !named.has(path)));
  return [...groups, ...[...around].map(plain)];
}

/** Parents before their children. */
export const fromTheTop = <Group extends { readonly name: string }>(groups: readonly Group[]): Group[] =>
  [...groups].sort((one, other) => one.name.split("/").length - other.name.split("/").length);
