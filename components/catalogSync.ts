import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { CatalogSource } from "../lib/backstage/appConfig";
import type { Adoption } from "../lib/keycloak/adoption";
import type { GroupsScope } from "./groupsScope";
import { OidcClient } from "./oidcClient";
import type { Realm } from "./realm";

export interface CatalogSyncArgs {
  /** The realm whose users and groups are read. */
  readonly realm: Realm;
  /** The scope behind the name `groups`. */
  readonly groupsScope: GroupsScope;
  /** The client id that the catalog signs in with. */
  readonly clientId: string;
  /** How often the catalog is filled anew, in seconds. */
  readonly frequency: number;
  /** How long that may take, in seconds. */
  readonly timeout: number;
  /** A higher number makes a new secret. @default 1 */
  readonly secretGeneration?: number;
  /** What is taken over. @default nothing */
  readonly adopted?: Adoption;
}

/** What a service account's token needs to be one with roles. */
const SCOPES = ["basic", "acr", "roles", "service_account"];

/** The client by which Backstage's catalog reads users and groups: it may view users and nothing else. */
export class CatalogSync extends pulumi.ComponentResource {
  /** The client, with its secret. */
  readonly client: OidcClient;
  /** What Backstage is told of it, beside the client's credential. */
  readonly source: CatalogSource;
  /** What a consumer depends on: without the role every request is answered 403. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: CatalogSyncArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:CatalogSync", name, { clientId: args.clientId }, opts);
    const { realm, groupsScope, clientId } = args;
    const { realmId } = realm;
    const { frequency, timeout } = args;
    this.source = { keycloakUrl: realm.keycloakUrl, realm: realm.realmName, frequency, timeout };
    this.client = new OidcClient(
      name,
      {
        realm,
        groupsScope,
        clientId,
        kind: "service-account",
        description: "Reads users and groups for Backstage's catalog.",
        defaultScopes: SCOPES,
        optionalScopes: [],
        secretGeneration: args.secretGeneration ?? 1,
        adopted: args.adopted,
      },
      { parent: this },
    );
    // Keycloak makes this client with the realm, so its id can only be asked for, and only once the realm exists.
    const management = keycloak.openid.getClientOutput(
      { realmId, clientId: "realm-management" },
      { parent: this, dependsOn: realm.ready },
    );
    const role = new keycloak.openid.ClientServiceAccountRole(
      name,
      { realmId, serviceAccountUserId: this.client.serviceAccountUserId, clientId: management.id, role: "view-users" },
      { parent: this, dependsOn: this.client.ready },
    );
    this.ready = [...this.client.ready, role];
    this.registerOutputs({ clientId: this.client.clientId });
  }
}
