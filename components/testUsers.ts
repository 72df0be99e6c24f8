import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Settings } from "../config";
import type { Realm } from "./realm";

export interface TestUsersArgs {
  readonly realm: Realm;
  readonly users: Settings["users"];
}

/** Users for trying the sign-in, each with a generated password; for the dev environment only. */
export class TestUsers extends pulumi.ComponentResource {
  /** The password of each user name; a secret. */
  readonly passwords: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: TestUsersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:TestUsers", name, { users: args.users }, opts);
    const passwords: Record<string, pulumi.Output<string>> = {};
    for (const user of args.users) {
      const password = new random.RandomPassword(`${name}-${user.username}`, { length: 20, special: false }, { parent: this });
      passwords[user.username] = password.result;
      new keycloak.User(
        `${name}-${user.username}`,
        {
          realmId: args.realm.realmId,
          ...user,
          enabled: true,
          // Backstage drops an e-mail address that is not verified, and then no e-mail resolver finds the user.
          emailVerified: true,
          initialPassword: { value: password.result, temporary: false },
        },
        { parent: this, dependsOn: args.realm.ready },
      );
    }
    this.passwords = pulumi.secret(pulumi.all(passwords));
    this.registerOutputs({ passwords: this.passwords });
  }
}
