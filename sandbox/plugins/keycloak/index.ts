import type { Resource } from "../provider";
import { serve } from "../server";
import * as bindings from "./bindings";
import { Keycloak, options } from "./client";
import * as members from "./members";
import { client, findClient } from "./openidClient";
import { clientPolicy, clientPolicyProfile } from "./policies";
import { realm } from "./realm";
import { realmEvents } from "./realmEvents";
import { resource } from "./resource";
import { samlClient } from "./samlClient";
import * as scopes from "./scopes";

/** Stand-in for the keycloak provider, for the types of this table. */
const table: Readonly<Record<string, Resource<Keycloak>>> = {
  "keycloak:index/realm:Realm": resource(realm),
  "keycloak:index/realmEvents:RealmEvents": resource(realmEvents),
  "keycloak:index/user:User": resource(members.user),
  "keycloak:index/group:Group": resource(members.group),
  "keycloak:index/role:Role": resource(members.role),
  "keycloak:index/groupMemberships:GroupMemberships": bindings.groupMemberships,
  "keycloak:index/groupRoles:GroupRoles": bindings.groupRoles,
  "keycloak:index/userGroups:UserGroups": bindings.userGroups,
  "keycloak:index/userRoles:UserRoles": bindings.userRoles,
  "keycloak:index/realmClientPolicyProfile:RealmClientPolicyProfile": resource(clientPolicyProfile),
  "keycloak:index/realmClientPolicyProfilePolicy:RealmClientPolicyProfilePolicy": resource(clientPolicy),
  "keycloak:openid/client:Client": resource(client),
  "keycloak:saml/client:Client": resource(samlClient),
  "keycloak:openid/clientScope:ClientScope": resource(scopes.clientScope),
  "keycloak:openid/clientDefaultScopes:ClientDefaultScopes": bindings.clientDefaultScopes,
  "keycloak:openid/clientOptionalScopes:ClientOptionalScopes": bindings.clientOptionalScopes,
  "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper": resource(scopes.groupMembershipMapper),
  "keycloak:openid/audienceProtocolMapper:AudienceProtocolMapper": resource(scopes.audienceMapper),
  "keycloak:openid/clientServiceAccountRole:ClientServiceAccountRole": bindings.clientServiceAccountRole,
  "keycloak:openid/clientServiceAccountRealmRole:ClientServiceAccountRealmRole": bindings.clientServiceAccountRealmRole,
};

void serve<Keycloak>({
  name: "keycloak",
  options,
  configure: (given) => Keycloak.connect(given),
  resource: (type) => table[type],
  functions: { "keycloak:openid/getClient:getClient": { answer: findClient, secretOutputs: ["clientSecret"] } },
});
