import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import { type Adoption, keyOf } from "../lib/keycloak/adoption";
import { fromTheTop, groupName, parentOf } from "../lib/keycloak/groups";
import { partName } from "../lib/resourceNames";
import { adoption } from "./support/importOptions";
import type { Realm } from "./realm";

/** A realm role. */
export interface RoleArgs {
  /** Its name. */
  readonly name: string;
  /** What it allows, for people. @default none */
  readonly description?: string | undefined;
}

/** A group of the realm. */
export interface GroupArgs {
  /** Its path, as `platform/team-a`; the claim `groups` holds the last part. */
  readonly name: string;
  /** Who is in it, for people. @default none */
  readonly description?: string | undefined;
  /** The realm roles that every member has. @default none */
  readonly roles?: readonly string[];
}

export interface GroupsArgs {
  /** The realm that they belong to. */
  readonly realm: Realm;
  /** The realm roles. */
  readonly roles: readonly RoleArgs[];
  /** The groups by their paths, those around them too, and the roles that each gives. */
  readonly groups: readonly GroupArgs[];
  /** What is taken over. @default nothing */
  readonly adopted?: Adoption;
}

/** The realm's roles and groups, and which roles a group gives to its members. */
export class Groups extends pulumi.ComponentResource {
  /** The id of each group, by its path. */
  readonly groupIds: Readonly<Record<string, pulumi.Output<string>>>;
  /** The id of each realm role, by its name. */
  readonly roleIds: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: GroupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:Groups", name, { roles: args.roles, groups: args.groups }, opts);
    const { realmId, ready } = args.realm;
    const options = { parent: this, dependsOn: ready };
    const roles = args.roles.map(
      (role) =>
        new keycloak.Role(
          partName(name, role.name),
          { realmId, name: role.name, description: role.description },
          { ...options, ...adoption(this, args.adopted, keyOf("role", role.name), { name: role.name }) },
        ),
    );
    this.roleIds = Object.fromEntries(roles.map(({ id }, index) => [args.roles[index]?.name ?? "", id]));
    const ids: Record<string, pulumi.Output<string>> = {};
    for (const { roles: given = [], name: path, description } of fromTheTop(args.groups)) {
      const group = { name: groupName(path), description };
      const wanted = given.length === 0 ? group : { ...group, roles: given };
      const parent = parentOf(path);
      const made = new keycloak.Group(
        partName(name, path),
        { realmId, ...group, ...(parent === undefined ? {} : { parentId: ids[parent] ?? "" }) },
        // Attributes are none of the settings' business; left out, the provider would clear an adopted group's.
        { ...options, ignoreChanges: ["attributes"], ...adoption(this, args.adopted, keyOf("group", path), wanted) },
      );
      ids[path] = made.id;
      if (given.length === 0) continue;
      new keycloak.GroupRoles(
        partName(name, path),
        { realmId, groupId: made.id, roleIds: given.map((role) => this.roleIds[role] ?? ""), exhaustive: true },
        { parent: this, dependsOn: [made, ...roles] },
      );
    }
    this.groupIds = ids;
    this.registerOutputs({ groupIds: this.groupIds, roleIds: this.roleIds });
  }
}
