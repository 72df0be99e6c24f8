import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import { type Adoption, keyOf } from "../lib/keycloak/adoption";
import { passwordLength } from "../lib/keycloak/passwordPolicy";
import { partName } from "../lib/resourceNames";
import { generatedPassword } from "./support/generatedPassword";
import { adoption } from "./support/importOptions";
import type { Groups } from "./groups";
import type { Realm } from "./realm";

/** A person. */
export interface UserArgs {
  /** The name to sign in with, in small letters. */
  readonly username: string;
  /** The e-mail address; it is marked as verified. */
  readonly email: string;
  /** The given name. */
  readonly firstName: string;
  /** The family name. */
  readonly lastName: string;
  /** The paths of the groups that the user is in, and of no others. @default none */
  readonly groups?: readonly string[];
  /** Realm roles beside those of the groups. @default none */
  readonly roles?: readonly string[];
  /** Generate an initial password; `false` for a user who has one. @default true */
  readonly initialPassword?: boolean;
}

export interface UsersArgs {
  /** The realm that they belong to. */
  readonly realm: Realm;
  /** The groups and roles that they may be given. */
  readonly groups: Groups;
  /** The users, with the groups and roles of each. */
  readonly users: readonly UserArgs[];
  /** Ask for another password at the first sign-in. @default true */
  readonly temporaryPasswords?: boolean;
  /** A higher number makes each user with an initial password anew. @default 1 */
  readonly passwordGeneration?: number;
  /** What is taken over. @default nothing */
  readonly adopted?: Adoption;
}

/** Users of the realm, each with a place in groups and, unless they have one, a generated initial password. */
export class Users extends pulumi.ComponentResource {
  /** The initial password of each user name; a secret. */
  readonly passwords: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: UsersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:Users", name, { users: args.users }, opts);
    const { realmId } = args.realm;
    const { passwordGeneration = 1 } = args;
    const passwords: Record<string, pulumi.Output<string>> = {};
    for (const { groups = [], roles = [], initialPassword = true, ...user } of args.users) {
      const own = partName(name, user.username);
      // Mixed, so that a password policy has nothing to refuse.
      const password = { length: passwordLength, mixed: true, generation: passwordGeneration };
      const value = initialPassword ? generatedPassword(own, password, { parent: this }).result : undefined;
      if (value !== undefined) passwords[user.username] = value;
      const inputs = {
        realmId,
        username: user.username,
        email: user.email,
        firstName: user.firstName,
        lastName: user.lastName,
        enabled: true,
        // Backstage drops an e-mail address that is not verified, and then no e-mail resolver finds the user.
        emailVerified: true,
      };
      const made = new keycloak.User(
        own,
        {
          ...inputs,
          ...(value === undefined ? {} : { initialPassword: { value, temporary: args.temporaryPasswords ?? true } }),
        },
        {
          parent: this,
          dependsOn: args.realm.ready,
          // Keycloak takes an initial password only with a new user, and a user name once. Set from the first
          // generation on: the engine compares with what the state has, and nothing is no trigger.
          ...(initialPassword ? { replacementTrigger: passwordGeneration, deleteBeforeReplace: true } : {}),
          // Keycloak asks for the new password by a required action, and takes it away once it is done: both are no
          // drift. The others are what people, or an identity provider, keep in their profile: left out, they would be
          // cleared.
          ignoreChanges: ["requiredActions", "attributes", "federatedIdentities"],
          ...adoption(this, args.adopted, keyOf("user", user.username), { ...inputs, groups }),
        },
      );
      const member = { parent: this, dependsOn: [made] };
      const idsOf = (
        names: readonly string[],
        ids: Readonly<Record<string, pulumi.Output<string>>>,
      ): pulumi.Output<string>[] => names.map((each) => ids[each]).filter((id) => id !== undefined);
      new keycloak.UserGroups(
        own,
        { realmId, userId: made.id, groupIds: idsOf(groups, args.groups.groupIds), exhaustive: true },
        member,
      );
      if (roles.length === 0) continue;
      // Not exhaustive: every user also has the realm's default role.
      new keycloak.UserRoles(
        own,
        { realmId, userId: made.id, roleIds: idsOf(roles, args.groups.roleIds), exhaustive: false },
        member,
      );
    }
    this.passwords = pulumi.secret(pulumi.all(passwords));
    this.registerOutputs({ passwords: this.passwords });
  }
}
