import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { Realm } from "./realm";

export interface SecretRotationArgs {
  /** The realm whose clients it is for. */
  readonly realm: Realm;
  /** How long Keycloak accepts a secret that was followed by another, in seconds. */
  readonly gracePeriod: number;
}

/**
 * In seconds: five years. Keycloak refuses an older secret, and counts in 32 bits: with ten it would overflow in 2028.
 */
const LONGEST = 157_680_000;

/**
 * The realm's policy by which Keycloak accepts two secrets of a client for a while; needs its feature
 * client-secret-rotation.
 */
export class SecretRotation extends pulumi.ComponentResource {
  /** What a client that has two secrets depends on: without the policy Keycloak drops the old one. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: SecretRotationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:SecretRotation", name, { gracePeriod: args.gracePeriod }, opts);
    const { realmId, ready } = args.realm;
    // The provider would look for it in another realm, find nothing to change there, and say that all is well.
    const replaceOnChanges = ["realmId"];
    const configuration = {
      "expiration-period": String(LONGEST),
      "rotated-expiration-period": String(args.gracePeriod),
      "remaining-rotation-period": "0",
    };
    const profile = new keycloak.RealmClientPolicyProfile(
      name,
      {
        realmId,
        name,
        description: "Two secrets for a while",
        executors: [{ name: "secret-rotation", configuration }],
      },
      { parent: this, dependsOn: ready, replaceOnChanges },
    );
    const policy = new keycloak.RealmClientPolicyProfilePolicy(
      name,
      {
        realmId,
        name,
        description: "Every OpenID Connect client",
        enabled: true,
        profiles: [profile.name],
        // Not client-access-type: it wants a list, the provider sends text, and Keycloak then answers 500 to every new
        // client.
        conditions: [{ name: "client-type", configuration: { protocol: "openid-connect" } }],
      },
      { parent: this, dependsOn: [profile], replaceOnChanges },
    );
    this.ready = [profile, policy];
    this.registerOutputs();
  }
}
