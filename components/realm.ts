import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import { keycloakUrls } from "../lib/urls";

export interface RealmArgs {
  /** Keycloak's public URL, its path included. A plain string: the URLs of the whole chain derive from it. */
  readonly keycloakUrl: string;
  /** The realm's name, part of the issuer. */
  readonly realm: string;
  /** What people see at the sign-in form. @default the realm's name */
  readonly displayName?: pulumi.Input<string>;
  /** Refuse to delete the realm and the users in it. @default true */
  readonly protect?: boolean;
}

/** A Keycloak realm for sign-in: TLS from outside, brute force detection, no self-registration. */
export class Realm extends pulumi.ComponentResource {
  /** The realm's name, known only once it exists. */
  readonly realmId: pulumi.Output<string>;
  /** The `iss` of every token of this realm. */
  readonly issuer: string;
  /** The discovery document's URL. */
  readonly metadataUrl: string;
  /** What a consumer of this realm depends on. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: RealmArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:Realm", name, { ...args }, opts);
    const realm = new keycloak.Realm(
      name,
      {
        realm: args.realm,
        enabled: true,
        displayName: args.displayName ?? args.realm,
        sslRequired: "external",
        registrationAllowed: false,
        loginWithEmailAllowed: true,
        duplicateEmailsAllowed: false,
        securityDefenses: {
          bruteForceDetection: {
            permanentLockout: false,
            maxLoginFailures: 30,
            waitIncrementSeconds: 60,
            quickLoginCheckMilliSeconds: 1000,
            minimumQuickLoginWaitSeconds: 60,
            maxFailureWaitSeconds: 900,
            failureResetTimeSeconds: 43200,
          },
        },
      },
      { parent: this, protect: args.protect ?? true },
    );
    const urls = keycloakUrls(args.keycloakUrl, args.realm);
    this.realmId = realm.realm;
    this.issuer = urls.issuer;
    this.metadataUrl = urls.metadata;
    this.ready = [realm];
    this.registerOutputs({ realmId: this.realmId, issuer: this.issuer, metadataUrl: this.metadataUrl });
  }
}
