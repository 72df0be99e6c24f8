import type * as pulumi from "@pulumi/pulumi";
import type { DecidedSettings } from "../config";
import { groupsScope as groupsScopeName } from "../lib/keycloak/clients";
import type { SignInClient } from "../lib/keycloak/rotation";
import { componentNames } from "../lib/resourceNames";
import { backstageUrls } from "../lib/keycloak/urls";
import { CatalogSync } from "../components/catalogSync";
import { Groups } from "../components/groups";
import { GroupsScope } from "../components/groupsScope";
import { OidcClient } from "../components/oidcClient";
import { Realm } from "../components/realm";
import { SecretRotation } from "../components/secretRotation";
import { Users } from "../components/users";

export interface Identity {
  readonly realm: Realm;
  readonly groupsScope: GroupsScope;
  readonly users: Users;
  /** Backstage's own client. */
  readonly client: OidcClient;
  /** The one beside it, while two change over. */
  readonly standby: OidcClient | undefined;
  readonly catalogSync: CatalogSync | undefined;
}

/** The realm with its scopes, people and the clients of Backstage, in the chain's order. */
export function identity(settings: DecidedSettings, opts: pulumi.ComponentResourceOptions): Identity {
  const { adopted, backstage, rotation, catalogSync, signIn } = settings;
  const urls = backstageUrls(backstage.url, backstage.authProvider, backstage.authEnvironment);
  const realm = new Realm(
    settings.realm.name,
    {
      keycloakUrl: settings.keycloak.url,
      realmName: settings.realm.name,
      displayName: settings.realm.displayName,
      protect: settings.realm.protect,
      sslRequired: settings.realm.sslRequired,
      lifetimes: settings.realm.lifetimes,
      login: settings.realm.login,
      themes: settings.realm.themes,
      bruteForce: settings.realm.bruteForce,
      events: settings.realm.events,
      adopted,
    },
    opts,
  );
  const groupsScope = new GroupsScope(groupsScopeName, { realm, adopted }, opts);
  const groups = new Groups(
    componentNames.groups,
    { realm, roles: settings.roles, groups: settings.groups, adopted },
    opts,
  );
  const users = new Users(
    componentNames.users,
    {
      realm,
      groups,
      users: settings.users,
      temporaryPasswords: !settings.isDev,
      passwordGeneration: rotation.users,
      adopted,
    },
    opts,
  );
  const secretRotation =
    rotation.strategy === "overlap"
      ? new SecretRotation(componentNames.secretRotation, { realm, gracePeriod: rotation.gracePeriod }, opts)
      : undefined;
  const clientOf = ({ clientId, generation }: SignInClient): OidcClient =>
    new OidcClient(
      clientId,
      {
        realm,
        groupsScope,
        clientId,
        rootUrl: urls.base,
        redirectUris: [urls.redirectUri],
        secretGeneration: generation,
        overlap: settings.overlap,
        requires: secretRotation?.ready,
        adopted,
      },
      opts,
    );
  const sync = catalogSync.enabled
    ? new CatalogSync(
        catalogSync.clientId,
        {
          realm,
          groupsScope,
          clientId: catalogSync.clientId,
          frequency: catalogSync.frequency,
          timeout: catalogSync.timeout,
          secretGeneration: rotation.catalogSync,
          adopted,
        },
        opts,
      )
    : undefined;
  return {
    realm,
    groupsScope,
    users,
    client: clientOf(signIn.active),
    standby: signIn.standby === undefined ? undefined : clientOf(signIn.standby),
    catalogSync: sync,
  };
}
