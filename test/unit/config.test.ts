import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { ConfigError, parseConfig } from "../../config";
import { configurationPage } from "../../lib/settings/reference";
import { stackSettings } from "../../render/settings";

type Values = Record<string, unknown>;

/** A whole valid configuration outside dev. */
const valid = (): { keycloak: Values; realm: Values; backstage: Values } & Values => ({
  environment: "prod",
  keycloak: { url: "https://id.example.com" },
  realm: { name: "platform" },
  backstage: { url: "https://backstage.example.com", image: "registry.example.com/backstage:1.2.3" },
});

const dev = (): ReturnType<typeof valid> => ({ ...valid(), environment: "dev" });

const person = (more: Values): Values => ({ username: "ada", email: "a@b.example", firstName: "A", lastName: "B", ...more });

const app = (more: Values): Values => ({
  clientId: "argo-workflows",
  rootUrl: "https://argo.example.com",
  redirectUris: ["https://argo.example.com/oauth2/callback"],
  secret: { namespace: "argo", name: "oidc" },
  ...more,
});
const withBackstage = (over: Values): Values => ({ ...valid(), backstage: { ...valid().backstage, ...over } });

/** The one sentence that a configuration is refused with. */
function refusal(values: Values): string {
  try {
    parseConfig(values);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  throw new assert.AssertionError({ message: "the configuration was accepted" });
}

describe("config", () => {
  it("fills in the defaults", () => {
    const { isDev, realm, backstage, keycloak, users, rotation } = parseConfig(valid());
    assert.equal(isDev, false);
    assert.equal(realm.displayName, "platform");
    assert.equal(realm.protect, true);
    assert.equal(realm.sslRequired, "external");
    assert.equal(realm.lifetimes.accessToken, 300);
    assert.deepEqual(realm.login, { rememberMe: false, resetPassword: false, verifyEmail: false, withEmail: true, passwordPolicy: "length(12) and notUsername and notEmail" });
    assert.deepEqual(keycloak, {
      url: "https://id.example.com",
      admin: { realm: "master", method: "password", username: "admin", signingAlgorithm: "RS256" },
      waitSeconds: 120,
    });
    assert.equal(backstage.authEnvironment, "prod");
    assert.equal(backstage.namespace, "backstage");
    assert.equal(backstage.replicas, 1);
    assert.deepEqual(users, []);
    assert.deepEqual(rotation, { generation: 1, gracePeriod: 3600, sessionSecret: 1, catalogSync: 1, database: 1, users: 1 });
  });

  it("protects the realm outside dev, and in dev when asked", () => {
    assert.equal(parseConfig(dev()).realm.protect, false);
    assert.equal(parseConfig({ ...dev(), realm: { name: "platform", protect: true } }).realm.protect, true);
  });

  for (const stack of ["dev", "staging", "prod"]) {
    it(`accepts Pulumi.${stack}.yaml`, () => {
      assert.equal(stackSettings(path.join(__dirname, "../.."), stack).environment, stack);
    });
  }

  it("is described key by key in docs/configuration.md; npm run docs writes that page", () => {
    assert.equal(readFileSync(path.join(__dirname, "../../docs/configuration.md"), "utf8"), configurationPage());
  });

  it("declares in Pulumi.yaml exactly the keys that the loader knows", () => {
    const project = parse(readFileSync(path.join(__dirname, "../../Pulumi.yaml"), "utf8")) as { config: Record<string, { description?: string }> };
    for (const key of Object.keys(project.config)) {
      if (key.startsWith("keycloakAdmin")) continue;
      assert.doesNotMatch(refusal({ ...valid(), [key]: Symbol.for("wrong") }), /is not a setting/, key);
    }
    assert.match(refusal({ ...valid(), other: 1 }), /other is not a setting/);
    assert.ok(Object.values(project.config).every(({ description }) => (description ?? "").length > 20));
  });

  it("takes a moment as RFC 3339 writes it, and as Pulumi does when it stands without quotes", () => {
    const moments = ["2026-11-25T10:00:00Z", "2026-11-25T12:00:00+02:00", "2026-11-25 10:00:00 +0000 UTC", "2026-11-25 12:00:00 +0200 +0200"];
    for (const at of moments) assert.equal(parseConfig({ ...valid(), rotation: { at } }).rotation.at, "2026-11-25T10:00:00.000Z", at);
    for (const at of ["2026-11-25", "2026-11-25T10:00:00", "2026-13-25T10:00:00Z"]) assert.match(refusal({ ...valid(), rotation: { at } }), /rotation\.at must be a date and time/);
  });

  it("takes a resolver of the image's own that is named as such, and a session as a duration", () => {
    const { backstage } = parseConfig(withBackstage({ resolvers: [{ resolver: "byStaffId" }], customResolvers: ["byStaffId"], sessionDuration: "8h", additionalScopes: ["offline_access"] }));
    assert.equal(backstage.sessionDuration, 8 * 3600);
    assert.equal(parseConfig(valid()).backstage.sessionDuration, 24 * 3600);
  });

  const hybrid = (gitops: Values, more: Values = {}): Values => ({ ...valid(), mode: "hybrid", gitops: { secretStore: {}, ...gitops }, ...more });
  const refused: [string, Values, RegExp][] = [
    ["a missing section", { ...valid(), keycloak: undefined }, /^config: keycloak is missing; set it/],
    ["a missing key", { ...valid(), backstage: { url: "https://b.example.com" } }, /^config: backstage\.image is missing; set it/],
    ["an unknown key", { ...valid(), backstge: {} }, /^config: backstge is not a setting; did you mean backstage\?/],
    ["an unknown nested key", { ...valid(), realm: { name: "p", protected: true } }, /realm\.protected is not a setting; did you mean realm\.protect\?/],
    ["an unknown key in a list", { ...dev(), users: [{ username: "ada", email: "a@b.example", firstName: "A", lastname: "B" }] }, /users\.0\.lastname is not a setting; did you mean users\.0\.lastName\?/],
    ["a secret key that is misspelt", { ...valid(), keycloakAdminPasword: "x" }, /did you mean keycloakAdminPassword\?/],
    ["a malformed URL", { ...valid(), keycloak: { url: "id.example.com" } }, /keycloak\.url is not an absolute URL/],
    ["an empty host", { ...valid(), keycloak: { url: "https:///keycloak" } }, /keycloak\.url has an empty host/],
    ["plain http outside dev", { ...valid(), backstage: { ...valid().backstage, url: "http://b.example.com" } }, /backstage\.url is plain http.*use https/],
    ["a value of another type", { ...valid(), backstage: { ...valid().backstage, replicas: "two" } }, /backstage\.replicas must be a whole number/],
    ["a number out of range", { ...valid(), keycloak: { ...valid().keycloak, waitSeconds: 0 } }, /keycloak\.waitSeconds must be at least 1 second/],
    ["a value outside its list", { ...valid(), backstage: { ...valid().backstage, imagePullPolicy: "Sometimes" } }, /imagePullPolicy must be one of Always, IfNotPresent, Never/],
    ["an image with a space", { ...valid(), backstage: { ...valid().backstage, image: "a b" } }, /backstage\.image must be an image reference/],
    ["a namespace that Kubernetes refuses", { ...valid(), backstage: { ...valid().backstage, namespace: "Back_stage" } }, /backstage\.namespace must be 1 to 63/],
    ["a user twice", { ...dev(), users: [person({}), person({ email: "other@b.example" })] }, /users\.1\.username is there twice/],
    ["an e-mail that is none", { ...dev(), users: [{ username: "ada", email: "a", firstName: "A", lastName: "B" }] }, /users\.0\.email must be an e-mail address/],
    ["a SAML client to adopt", { ...valid(), clients: [{ clientId: "g", kind: "saml", adopt: true, rootUrl: "https://g.example.com", redirectUris: ["https://g.example.com/acs"], saml: { assertionConsumerUrl: "https://g.example.com/acs" } }] }, /clients\.0\.adopt is for OIDC clients; remove it/],
    ["the realm of the administrators", { ...valid(), realm: { name: "master" } }, /realm\.name must not be master/],
    ["a lifetime that is no duration", { ...valid(), realm: { name: "p", lifetimes: { accessToken: "5 minutes" } } }, /realm\.lifetimes\.accessToken must be a duration, such as 30m/],
    ["a lifetime that is a number", { ...valid(), realm: { name: "p", lifetimes: { accessToken: 5 } } }, /realm\.lifetimes\.accessToken must be a duration, such as 30m/],
    ["a session that ends before its token", { ...valid(), realm: { name: "p", lifetimes: { ssoSessionMax: "20m" } } }, /realm\.lifetimes\.ssoSessionIdle must be at most realm\.lifetimes\.ssoSessionMax/],
    ["a realm without TLS", { ...valid(), realm: { name: "p", sslRequired: "none" } }, /realm\.sslRequired must be one of external, all/],
    ["an e-mail address twice", { ...valid(), users: [person({}), person({ username: "bob", email: "A@b.example" })] }, /users\.1\.email is there twice/],
    ["a membership of a missing group", { ...valid(), users: [person({ groups: ["team-a"] })] }, /users\.0\.groups\.0 names team-a, which groups does not have; add it there/],
    ["a role of a user that is missing", { ...valid(), users: [person({ roles: ["boss"] })] }, /users\.0\.roles\.0 names boss, which roles does not have/],
    ["a role of a group that is missing", { ...valid(), groups: [{ name: "g", roles: ["boss"] }] }, /groups\.0\.roles\.0 names boss, which roles does not have/],
    ["a group twice", { ...valid(), groups: [{ name: "g" }, { name: "g" }] }, /groups\.1\.name is there twice/],
    ["a role twice", { ...valid(), roles: [{ name: "r" }, { name: "r" }] }, /roles\.1\.name is there twice/],
    ["a client id twice", { ...valid(), clients: [app({}), app({ secret: { namespace: "argo", name: "other" } })] }, /clients\.1\.clientId is there twice/],
    ["the client id of Backstage", { ...valid(), clients: [app({ clientId: "backstage" })] }, /clients\.0\.clientId is backstage, which this program makes itself/],
    ["a client id of Keycloak's own", { ...valid(), clients: [app({ clientId: "account-console" })] }, /clients\.0\.clientId is account-console, a client of Keycloak's own/],
    ["a wildcard redirect", { ...valid(), clients: [app({ redirectUris: ["https://argo.example.com/*"] })] }, /clients\.0\.redirectUris\.0 has a wildcard; write each redirect URI out/],
    ["a redirect with a fragment", { ...valid(), clients: [app({ redirectUris: ["https://argo.example.com/#x"] })] }, /redirectUris\.0 has a fragment/],
    ["an http redirect outside dev", { ...valid(), clients: [app({ redirectUris: ["http://argo.example.com/cb"] })] }, /redirectUris\.0 is plain http, which is allowed only for loopback/],
    ["a redirect that is no URL", { ...valid(), clients: [app({ redirectUris: ["/cb"] })] }, /redirectUris\.0 is not an absolute URL/],
    ["a wildcard after sign-out", { ...valid(), clients: [app({ postLogoutRedirectUris: ["https://argo.example.com/*"] })] }, /postLogoutRedirectUris\.0 has a wildcard/],
    ["a wildcard origin", { ...valid(), clients: [app({ webOrigins: ["*"] })] }, /webOrigins\.0 has a wildcard/],
    ["an origin with a path", { ...valid(), clients: [app({ webOrigins: ["https://argo.example.com/"] })] }, /webOrigins\.0 is more than an origin; write scheme, host and port only/],
    ["a scope that is none", { ...valid(), clients: [app({ defaultScopes: ["openid"] })] }, /clients\.0\.defaultScopes\.0 is openid, which every sign-in asks for and no realm has as a scope; remove it/],
    ["a scope that nobody can ask for", { ...valid(), clients: [app({ optionalScopes: ["team a"] })] }, /clients\.0\.optionalScopes\.0 must be 1 to 255 characters of ASCII without blanks/],
    ["a scope in both lists", { ...valid(), clients: [app({ defaultScopes: ["email"], optionalScopes: ["email"] })] }, /clients\.0\.optionalScopes\.0 is there twice/],
    ["a confidential client without a Secret", { ...valid(), clients: [app({ secret: undefined })] }, /clients\.0\.secret is missing/],
    ["a public client with a Secret", { ...valid(), clients: [app({ kind: "public" })] }, /clients\.0\.secret is for confidential clients; remove it/],
    ["a SAML client without its endpoint", { ...valid(), clients: [app({ kind: "saml", secret: undefined })] }, /clients\.0\.saml is missing/],
    ["two clients in one Secret", { ...valid(), clients: [app({}), app({ clientId: "other" })] }, /clients\.1\.secret is argo\/oidc, which another client has/],
    ["a client in Backstage's Secret", { ...valid(), clients: [app({ secret: { namespace: "backstage", name: "backstage-env-vars" } })] }, /clients\.0\.secret is backstage\/backstage-env-vars, which another client has/],
    ["one key for two values", { ...valid(), clients: [app({ secret: { namespace: "argo", name: "oidc", keys: { issuer: "a", clientId: "a" } } })] }, /clients\.0\.secret\.keys\.clientId is there twice/],
    ["one client for sign-in and catalog", { ...valid(), catalogSync: { enabled: true, clientId: "backstage" } }, /catalogSync\.clientId must not be backstage\.clientId/],
    ["a client sign-in without a client", { ...valid(), keycloak: { url: "https://id.example.com", admin: { method: "client-secret" } } }, /keycloak\.admin\.clientId is missing; name the client/],
    ["replicas that cannot share their database", { ...valid(), backstage: { ...valid().backstage, replicas: 2, database: { kind: "memory" } } }, /backstage\.replicas must be 1 with the in-memory database/],
    ["a kind of database that does not exist", { ...valid(), backstage: { ...valid().backstage, database: { kind: "mysql" } } }, /backstage\.database\.kind must be one of memory, postgres, external\.$/],
    ["a misspelt key of a database", { ...valid(), backstage: { ...valid().backstage, database: { kind: "postgres", storge: "1Gi" } } }, /database\.storge is not a setting; did you mean backstage\.database\.storage\?/],
    ["a volume without a unit that exists", { ...valid(), backstage: { ...valid().backstage, database: { kind: "postgres", storage: "10GB" } } }, /database\.storage must be a Kubernetes quantity/],
    ["a database host with a scheme", { ...valid(), backstage: { ...valid().backstage, database: { kind: "external", host: "https://db", credentials: { secret: "s" } } } }, /database\.host must be a host name/],
    ["an unchecked database certificate outside dev", { ...valid(), backstage: { ...valid().backstage, database: { kind: "external", host: "db", tls: { mode: "require" }, credentials: { secret: "s" } } } }, /database\.tls\.mode is require.*set it to verify-full/],
    ["an image without a tag", { ...valid(), backstage: { ...valid().backstage, image: "registry.example.com/backstage" } }, /backstage\.image names neither a tag nor a digest/],
    ["a malformed digest", { ...valid(), backstage: { ...valid().backstage, image: "registry.example.com/backstage@sha256:abc" } }, /backstage\.image has a malformed digest/],
    ["an unknown kind of exposure", withBackstage({ exposure: { kind: "route" } }), /exposure\.kind must be one of service, ingress, gateway\.$/],
    ["a NodePort past an Ingress", withBackstage({ nodePort: 30700, exposure: { kind: "ingress" } }), /nodePort would lead past the ingress and its TLS; remove it/],
    ["an Ingress that does not strip the sub-path", withBackstage({ url: "https://b.example.com/portal", exposure: { kind: "ingress" } }), /exposure\.annotations must make the controller strip the path/],
    ["replicas of an autoscaler that cannot share their database", withBackstage({ autoscaling: { maxReplicas: 3 }, database: { kind: "memory" } }), /replicas must be 1 with the in-memory database/],
    ["an autoscaler upside down", withBackstage({ autoscaling: { minReplicas: 5, maxReplicas: 2 } }), /minReplicas must not be more than/],
    ["a quantity that is none", withBackstage({ resources: { limits: { memory: "1GB" } } }), /resources\.limits\.memory must be a Kubernetes quantity/],
    ["a quantity without quotes", withBackstage({ resources: { requests: { cpu: 2 } } }), /resources\.requests\.cpu must be a quantity in quotes/],
    ["a network that is none", withBackstage({ networkPolicy: { egress: [{ cidr: "10.0.0.0/33", port: 443 }] } }), /networkPolicy\.egress\.0\.cidr must be a network in CIDR notation/],
    ["a host alias with a port", withBackstage({ hostAliases: [{ ip: "10.0.0.1", hostnames: ["a:80"] }] }), /hostAliases\.0\.hostnames\.0 must be a host name/],
    ["a host alias without an address", withBackstage({ hostAliases: [{ ip: "id", hostnames: ["a"] }] }), /hostAliases\.0\.ip must be an IP address/],
    ["a variable of the chain", withBackstage({ extraEnv: [{ name: "KEYCLOAK_CLIENT_SECRET", value: "x" }] }), /extraEnv\.0\.name KEYCLOAK_CLIENT_SECRET is a variable of the program's own; remove it/],
    ["TLS turned off by a variable", withBackstage({ extraEnv: [{ name: "NODE_TLS_REJECT_UNAUTHORIZED", value: "0" }] }), /would turn the check of certificates off; remove it/],
    ["app-config by a variable", withBackstage({ extraEnv: [{ name: "APP_CONFIG_auth_environment", value: "x" }] }), /would override the app-config past every check; remove it/],
    ["a variable with two values", withBackstage({ extraEnv: [{ name: "A", value: "x", secret: "s" }] }), /extraEnv\.0 needs exactly one of value, secret and configMap/],
    ["a variable twice", withBackstage({ extraEnv: [{ name: "A", value: "x" }, { name: "A", value: "y" }] }), /backstage\.extraEnv has A twice/],
    ["a volume over the gate", withBackstage({ extraVolumes: [{ name: "v", mountPath: "/etc/backstage-gate/x", claim: "c" }] }), /mountPath \/etc\/backstage-gate\/x is a path that the program mounts/],
    ["a volume around all of it", withBackstage({ extraVolumes: [{ name: "v", mountPath: "/", claim: "c" }] }), /mountPath \/ is a path that the program mounts/],
    ["a volume with the name of ours", withBackstage({ extraVolumes: [{ name: "tmp", mountPath: "/x", claim: "c" }] }), /name tmp is a volume of the program's own/],
    ["a CA bundle from nowhere", withBackstage({ caBundle: {} }), /caBundle needs exactly one of secret and configMap/],
    ["rights without a token", withBackstage({ serviceAccount: { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] } }), /rules are of no use without a token/],
    ["all rights", withBackstage({ serviceAccount: { automountToken: true, rules: [{ apiGroups: [""], resources: ["*"], verbs: ["get"] }] } }), /rules\.0 has a wildcard/],
    ["a sign-in without Keycloak", withBackstage({ authProvider: "guest" }), /backstage\.authProvider must be letters.* and not guest\.$/],
    ["a provider's id that is a path", withBackstage({ authProvider: "../x" }), /backstage\.authProvider must be letters/],
    ["an app-config over another provider's id", withBackstage({ authProvider: "keycloak", appConfig: { auth: { providers: { keycloak: {} } } } }), /appConfig\.auth\.providers\.keycloak is a key of the program's own/],
    ["a resolver that is misspelt", withBackstage({ resolvers: [{ resolver: "emailMatchingUserEntityProfileMail" }] }), /backstage\.resolvers\.0\.resolver is \w+, which neither the OIDC module nor backstage\.customResolvers has; did you mean emailMatchingUserEntityProfileEmail\?/],
    ["a resolver that is like one of the image's own", withBackstage({ resolvers: [{ resolver: "byStaffId" }], customResolvers: ["byStaffID"] }), /did you mean byStaffID\?/],
    ["a scope that Backstage's client does not have", withBackstage({ additionalScopes: ["groups", "phone"] }), /backstage\.additionalScopes\.1 is phone, which Backstage's client does not have; write one of basic, /],
    ["a scope twice", withBackstage({ additionalScopes: ["groups", "groups"] }), /backstage\.additionalScopes\.1 is there twice/],
    ["a session that is no duration", withBackstage({ sessionDuration: "a day" }), /backstage\.sessionDuration must be a duration, such as 30m/],
    ["a session that ends at once", withBackstage({ sessionDuration: "0" }), /backstage\.sessionDuration must be at least 1m/],
    ["an app-config that is no object", withBackstage({ appConfig: "organization" }), /backstage\.appConfig must be an object\.$/],
    ["an app-config over the chain's own", withBackstage({ appConfig: { auth: { environment: "x" } } }), /backstage\.appConfig\.auth\.environment is a key of the program's own; set backstage\.authEnvironment instead\.$/],
    ["a catalog provider beside the program's", { ...withBackstage({ appConfig: { catalog: { providers: { keycloakOrg: {} } } } }), catalogSync: { enabled: true } }, /catalog\.providers\.keycloakOrg is a key of the program's own; set catalogSync instead/],
    ["a secret in the app-config", withBackstage({ appConfig: { integrations: { github: [{ host: "github.com", token: "hunter2" }] } } }), /backstage\.appConfig\.integrations\.github\.0\.token holds a secret in clear; write \$\{VARIABLE\} there/],
    ["a command that cannot wait for its turn at the database", { ...valid(), backstage: { ...valid().backstage, database: { kind: "postgres" }, command: ["/start.sh"] } }, /backstage\.command must begin with node/],
    ["an overlap that began never", { ...valid(), rotation: { generation: 2, strategy: "overlap" } }, /rotation\.at is missing; set it to when rotation\.generation was raised/],
    ["a time that is none", { ...valid(), rotation: { at: "yesterday" } }, /rotation\.at must be a date and time, such as 2026-11-25T10:00:00Z/],
    ["a step of a rotation that has none", { ...valid(), rotation: { generation: 2, step: "switch" } }, /rotation\.step is for rotation\.strategy blue-green and a rotation\.generation above 1; remove it\./],
    ["blue and green where Argo CD applies", { ...valid(), mode: "handover", gitops: { secretStore: { name: "store" } }, rotation: { strategy: "blue-green" } }, /rotation\.strategy is blue-green, which needs mode direct; set it to overlap or replace for handover\./],
    ["a client of the id that takes over", { ...valid(), rotation: { strategy: "blue-green" }, clients: [app({ clientId: "backstage-green" })] }, /clients\.0\.clientId is backstage-green, which this program makes itself/],
    ["a mode that does not exist", { ...valid(), mode: "gitops" }, /^config: mode must be one of direct, handover, hybrid\.$/],
    ["no store", hybrid({ secretStore: undefined }), /^config: gitops needs secretStore or clusterSecretStore; set gitops\.secretStore\.name/],
    ["both kinds of store", hybrid({ clusterSecretStore: { name: "aws" } }), /gitops\.secretStore and gitops\.clusterSecretStore are both set; keep one/],
    ["a refresh that never comes", hybrid({ refreshInterval: "0" }), /gitops\.refreshInterval must be at least 1s; raise it/],
    ["a refresh that is no duration", hybrid({ refreshInterval: "often" }), /gitops\.refreshInterval must be a duration, such as 30m/],
    ["an unknown hook", hybrid({ hook: "AfterSync" }), /gitops\.hook must be one of PreSync, Sync, PostSync, SyncFail, PostDelete/],
    ["an unknown hook delete policy", hybrid({ hookDeletePolicy: "Never" }), /gitops\.hookDeletePolicy must be one of HookSucceeded, HookFailed, BeforeHookCreation/],
    ["waves that do not rise", { ...valid(), waves: { step: 0 } }, /waves\.step must be at least 1/],
    ["a folder in .git", hybrid({ folder: ".git/gitops" }), /gitops\.folder leads into \.git or out of the repository/],
    ["a folder outside", hybrid({ folder: "../gitops" }), /gitops\.folder leads into \.git or out of the repository/],
    ["an absolute folder", hybrid({ folder: "/gitops" }), /gitops\.folder must be a relative path/],
    ["two clients in one place of the source", hybrid({}, { clients: [app({ clientId: "a.b" }), app({ clientId: "a-b", secret: { namespace: "argo", name: "other" } })] }), /gitops\.source would hold a-b_OIDC_ISSUER twice/],
    ["a client id that no key can hold", hybrid({}, { clients: [app({ clientId: "a".repeat(250) })] }), /gitops\.source cannot hold the key a{40}\.\.\., longer than 253/],
    ["a setting that every object has", { ...valid(), constructor: 1 }, /^config: constructor is not a setting; did you mean \w+\?$/],
    ["a key without a name", { ...valid(), "": 1 }, /^config: "" is not a setting; did you mean/],
    ["a key of two lines", { ...valid(), "a\nb": 1 }, /^config: "a\\nb" is not a setting; did you mean/],
    ["a huge value, without repeating it", withBackstage({ resolvers: [{ resolver: "r".repeat(10_000) }] }), /^config: backstage\.resolvers\.0\.resolver is longer than 255 characters; shorten it\.$/],
    ["a value of two lines", withBackstage({ resolvers: [{ resolver: "a\nb" }] }), /resolver has a line break or a control character; write one line of text/],
    ["what is nested too deep", withBackstage({ appConfig: { a: JSON.parse(`${"[".repeat(3000)}${"]".repeat(3000)}`) as unknown } }), /^config: backstage is nested more than 50 deep; write it flatter\.$/],
    ["a name that is JavaScript's", { ...dev(), users: [person({ username: "__proto__" })] }, /^config: users\.0\.username is __proto__, a name that/],
    ["a key that is JavaScript's", withBackstage({ appConfig: JSON.parse('{"app": {"__proto__": {"a": 1}}}') as Values }), /^config: backstage\.appConfig\.app has a key __proto__, a name that/],
    ["gates that outlast the rollout", { ...valid(), backstage: { ...valid().backstage, gateSeconds: 300 } }, /gateSeconds must be less than backstage\.rolloutSeconds/],
  ];
  for (const [what, values, sentence] of refused) {
    it(`refuses ${what} in one sentence`, () => {
      const message = refusal(values);
      assert.match(message, sentence);
      assert.equal(message.split("\n").length, 1, message);
    });
  }
});
