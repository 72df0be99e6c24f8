import { testResource, U, type Resource } from "./harness";

const client: Resource = {
  type: "keycloak:openid/client:Client",
  props: {
    realmId: "platform",
    clientId: "backstage",
    accessType: "CONFIDENTIAL",
    clientSecret: "s3cretS3cretS3cretS3cret",
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    oauth2DeviceAuthorizationGrantEnabled: false,
    standardTokenExchangeEnabled: false,
    pkceCodeChallengeMethod: "S256",
    fullScopeAllowed: false,
    consentRequired: false,
    frontchannelLogoutEnabled: false,
    excludeIssuerFromAuthResponse: false,
    validRedirectUris: ["https://backstage.example.com/api/auth/oidc/handler/frame"],
    validPostLogoutRedirectUris: ["https://backstage.example.com"],
    webOrigins: ["https://backstage.example.com"],
  },
};
const serviceAccount = { "props/standardFlowEnabled": false };

testResource("client-confidential", client, [
  ["public with a secret", { "props/accessType": "PUBLIC" }, ["accessType is not CONFIDENTIAL"]],
  ["no type with a secret", { "props/accessType": undefined }, ["accessType is not CONFIDENTIAL"]],
  [
    "public with a secret that is not known yet",
    { "props/accessType": "PUBLIC", "props/clientSecret": U },
    ["accessType is not CONFIDENTIAL"],
  ],
  ["public without a secret", { "props/accessType": "PUBLIC", "props/clientSecret": undefined }, []],
]);

const uri = "props/validRedirectUris/0";
testResource("client-redirect-uris", client, [
  ["a wildcard", { [uri]: "https://backstage.example.com/*" }, ["validRedirectUris[0] has a wildcard"]],
  ["a wildcard host", { [uri]: "https://*.example.com/a" }, ["validRedirectUris[0] has a wildcard"]],
  ["a fragment", { [uri]: "https://backstage.example.com/a#b" }, ["validRedirectUris[0] has a fragment"]],
  ["an empty host", { [uri]: "https:///callback" }, ["validRedirectUris[0] is not an absolute URL"]],
  ["plain http", { [uri]: "http://backstage.example.com/a" }, ["validRedirectUris[0] is plain http"]],
  ["plain http where the profile allows it", { [uri]: "http://backstage.example.com/a" }, [], { allowHttp: true }],
  [
    "a wildcard where the profile allows http",
    { [uri]: "http://a.example.com/*" },
    ["has a wildcard"],
    { allowHttp: true },
  ],
  ["plain http to loopback", { [uri]: "http://localhost:8085/callback" }, []],
  ["one of two", { "props/validRedirectUris/1": "https://b.example.com/*" }, ["validRedirectUris[1] has a wildcard"]],
  [
    "a sign-out anywhere",
    { "props/validPostLogoutRedirectUris/0": "*" },
    ["validPostLogoutRedirectUris[0] has a wildcard"],
  ],
  ["a sign-out to every redirect URI", { "props/validPostLogoutRedirectUris/0": "+" }, []],
  ["every redirect URI as one itself", { [uri]: "+" }, ["validRedirectUris[0] is not an absolute URL"]],
  ["a native app's own scheme", { [uri]: "com.example.app:/callback" }, []],
  ["a scheme that any app may claim", { [uri]: "app:/callback" }, ["validRedirectUris[0] is not an absolute URL"]],
  ["a blank at the end", { [uri]: "https://backstage.example.com/a " }, ["validRedirectUris[0] has a blank"]],
  ["none", { "props/validRedirectUris": undefined }, ["validRedirectUris is empty"]],
  ["an empty list", { "props/validRedirectUris": [] }, ["validRedirectUris is empty"]],
  ["none of a service account", { "props/validRedirectUris": [], ...serviceAccount }, []],
  [
    "a wildcard of a SAML client",
    { type: "keycloak:saml/client:Client", [uri]: "https://a.example.com/*" },
    ["has a wildcard"],
  ],
]);

testResource("client-pkce", client, [
  ["none", { "props/pkceCodeChallengeMethod": undefined }, ["pkceCodeChallengeMethod is not S256"]],
  ["switched off", { "props/pkceCodeChallengeMethod": "" }, ["pkceCodeChallengeMethod is not S256"]],
  ["plain", { "props/pkceCodeChallengeMethod": "plainly" }, ["pkceCodeChallengeMethod is not S256"]],
  ["none of a service account", { "props/pkceCodeChallengeMethod": "", ...serviceAccount }, []],
  [
    "none of a client that does not say whether it signs in",
    { "props/pkceCodeChallengeMethod": "", "props/standardFlowEnabled": undefined },
    ["is not S256"],
  ],
]);

testResource("client-flows", client, [
  ["the implicit flow", { "props/implicitFlowEnabled": true }, ["implicitFlowEnabled is on"]],
  ["direct grants", { "props/directAccessGrantsEnabled": true }, ["directAccessGrantsEnabled is on"]],
  [
    "both",
    { "props/implicitFlowEnabled": true, "props/directAccessGrantsEnabled": true },
    ["implicitFlowEnabled", "directAccessGrantsEnabled"],
  ],
  [
    "neither said, which client-explicit-flags reports",
    { "props/implicitFlowEnabled": undefined, "props/directAccessGrantsEnabled": undefined },
    [],
  ],
]);

testResource("client-web-origins", client, [
  ["every origin", { "props/webOrigins/0": "*" }, ["webOrigins[0] has a wildcard"]],
  ["those of the redirect URIs", { "props/webOrigins/0": "+" }, []],
  [
    "a native app's own scheme",
    { "props/webOrigins/0": "com.example.app:/x" },
    ["webOrigins[0] is not an absolute URL"],
  ],
  [
    "with a path",
    { "props/webOrigins/0": "https://backstage.example.com/app" },
    ["webOrigins[0] is more than an origin"],
  ],
  ["plain http", { "props/webOrigins/0": "http://backstage.example.com" }, ["webOrigins[0] is plain http"]],
  [
    "plain http where the profile allows it",
    { "props/webOrigins/0": "http://backstage.example.com" },
    [],
    { allowHttp: true },
  ],
  ["none", { "props/webOrigins": undefined }, []],
]);

testResource("client-full-scope", client, [
  ["on", { "props/fullScopeAllowed": true }, ["fullScopeAllowed is not false"]],
  ["unsaid, which is on", { "props/fullScopeAllowed": undefined }, ["fullScopeAllowed is not false"]],
  ["on, of a service account", { "props/fullScopeAllowed": true, ...serviceAccount }, []],
]);

testResource("client-explicit-flags", client, [
  ["one flag missing", { "props/consentRequired": undefined }, ["consentRequired is missing"]],
  [
    "two flags missing",
    { "props/consentRequired": undefined, "props/webOrigins": undefined },
    ["consentRequired is missing", "webOrigins is missing"],
  ],
  ["a flag that the profile adds", {}, ["adminUrl is missing"], { flags: ["accessType", "adminUrl"] }],
  ["no flags at all asked for", { "props/consentRequired": undefined }, [], { flags: [] }],
]);

const realm: Resource = {
  type: "keycloak:index/realm:Realm",
  props: {
    realm: "platform",
    sslRequired: "external",
    securityDefenses: { bruteForceDetection: { maxLoginFailures: 30 } },
  },
  protect: true,
};
testResource("realm-security", realm, [
  ["TLS for all", { "props/sslRequired": "all" }, []],
  ["no TLS", { "props/sslRequired": "none" }, ["sslRequired is not one of external, all"]],
  ["TLS unsaid", { "props/sslRequired": undefined }, ["sslRequired is not one of"]],
  [
    "no brute force detection",
    { "props/securityDefenses/bruteForceDetection": undefined },
    ["bruteForceDetection is missing"],
  ],
  ["no defenses", { "props/securityDefenses": undefined }, ["bruteForceDetection is missing"]],
  ["unprotected", { protect: false }, ["the resource option protect is off"]],
  ["unprotected where the profile allows it", { protect: false }, [], { protect: false }],
]);

const provider: Resource = {
  type: "pulumi:providers:keycloak",
  props: { url: "https://id.example.com", clientId: "pulumi", clientSecret: "s3cretS3cret", realm: "master" },
};
testResource("keycloak-admin", provider, [
  [
    "a password of the master realm",
    { "props/password": "hunter2hunter2" },
    ["password is that of an administrator of the master realm"],
  ],
  ["a password that is not known yet", { "props/password": U }, ["password is that of"]],
  [
    "a password where no realm is named",
    { "props/password": "hunter2hunter2", "props/realm": undefined },
    ["password is that of"],
  ],
  ["a password of another realm", { "props/password": "hunter2hunter2", "props/realm": "platform" }, []],
  ["a password where the profile allows it", { "props/password": "hunter2hunter2" }, [], { allowPassword: true }],
]);
