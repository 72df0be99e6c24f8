import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { ConfigError, parseConfig } from "../../config";
import { configurationPage } from "../../docs/generate/settings";
import { stackSettings } from "../../render/settings";
import { pattern } from "../pattern";

type Values = Record<string, unknown>;

/** A whole valid configuration outside dev. */
const valid = (): { keycloak: Values; realm: Values; backstage: Values } & Values => ({
  environment: "prod",
  keycloak: { url: "https://id.example.com" },
  realm: { name: "platform" },
  backstage: { url: "https://backstage.example.com", image: "registry.example.com/backstage:1.2.3" },
});

const dev = (): ReturnType<typeof valid> => ({ ...valid(), environment: "dev" });

const person = (more: Values): Values => ({
  username: "ada",
  email: "a@b.example",
  firstName: "A",
  lastName: "B",
  ...more,
});

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
    assert.deepEqual(realm.login, {
      rememberMe: false,
      resetPassword: false,
      verifyEmail: false,
      withEmail: true,
      passwordPolicy: "length(12) and notUsername and notEmail",
    });
    assert.deepEqual(keycloak, {
      url: "https://id.example.com",
      admin: { realm: "master", method: "password", username: "admin", signingAlgorithm: "RS256" },
      waitSeconds: 120,
    });
    assert.equal(backstage.authEnvironment, "prod");
    assert.equal(backstage.namespace, "backstage");
    assert.equal(backstage.replicas, 1);
    assert.deepEqual(users, []);
    assert.deepEqual(rotation, {
      generation: 1,
      gracePeriod: 3600,
      maxGracePeriod: 604_800,
      sessionSecret: 1,
      catalogSync: 1,
      database: 1,
      users: 1,
    });
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
    const project = parse(readFileSync(path.join(__dirname, "../../Pulumi.yaml"), "utf8")) as {
      config: Record<string, { description?: string }>;
    };
    for (const key of Object.keys(project.config)) {
      if (key.startsWith("keycloakAdmin")) continue;
      assert.doesNotMatch(refusal({ ...valid(), [key]: Symbol.for("wrong") }), /is not a setting/, key);
    }
    assert.match(refusal({ ...valid(), other: 1 }), /other is not a setting/);
    assert.ok(Object.values(project.config).every(({ description }) => (description ?? "").length > 20));
  });

  it("takes a key with a dot for a path, as the prompts of `pulumi new` leave it", () => {
    const { keycloak, backstage, ...others } = valid();
    const { url, ...more } = backstage as { url: string };
    const asked = {
      ...others,
      "keycloak.url": (keycloak as { url: string }).url,
      backstage: more,
      "backstage.url": url,
    };
    assert.deepEqual(parseConfig(asked), parseConfig(valid()));
    assert.match(
      refusal({ ...valid(), "backstage.urls": "x" }),
      /backstage\.urls is not a setting; did you mean backstage\.url/,
    );
    assert.match(refusal({ ...valid(), "other.url": "x" }), /other\.url.* is not a setting/);
    assert.match(
      refusal({ ...valid(), "backstage.image": { secure: "v1:x" } }),
      /backstage\.image holds an encrypted value/,
    );
    const prompts = parse(readFileSync(path.join(__dirname, "../../Pulumi.yaml"), "utf8")) as {
      template: { config: Record<string, { secret?: boolean; description: string }> };
    };
    for (const [key, { secret }] of Object.entries(prompts.template.config)) {
      assert.equal(secret === true, key === "keycloakAdminPassword", key);
      if (secret !== true) assert.doesNotMatch(refusal({ ...valid(), [key]: "" }), /is not a setting/, key);
    }
  });

  it("takes a moment as RFC 3339 writes it, and as Pulumi does when it stands without quotes", () => {
    const moments = [
      "2026-11-25T10:00:00Z",
      "2026-11-25T12:00:00+02:00",
      "2026-11-25 10:00:00 +0000 UTC",
      "2026-11-25 12:00:00 +0200 +0200",
    ];
    for (const at of moments)
      assert.equal(parseConfig({ ...valid(), rotation: { at } }).rotation.at, "2026-11-25T10:00:00.000Z", at);
    for (const at of ["2026-11-25", "2026-11-25T10:00:00", "2026-13-25T10:00:00Z"])
      assert.match(refusal({ ...valid(), rotation: { at } }), /rotation\.at must be a date and time/);
  });

  it("takes a resolver of the image's own that is named as such, and a session as a duration", () => {
    const { backstage } = parseConfig(
      withBackstage({
        resolvers: [{ resolver: "byStaffId" }],
        customResolvers: ["byStaffId"],
        sessionDuration: "8h",
        additionalScopes: ["offline_access"],
      }),
    );
    assert.equal(backstage.sessionDuration, 8 * 3600);
    assert.equal(parseConfig(valid()).backstage.sessionDuration, 24 * 3600);
  });

  it("takes days in a duration, and a scheme in capitals", () => {
    const { realm, keycloak, clients } = parseConfig({
      ...valid(),
      keycloak: { url: "HTTPS://ID.example.com/auth" },
      realm: {
        name: "platform",
        lifetimes: { offlineSessionIdle: "30d", offlineSessionMax: "60d12h" },
        events: { expiration: "365d" },
      },
      clients: [app({ webOrigins: ["HTTPS://Argo.example.com:443", "+"] })],
    });
    assert.deepEqual([realm.lifetimes.offlineSessionIdle, realm.events.expiration], [30 * 86_400, 365 * 86_400]);
    assert.equal(keycloak.url, "https://id.example.com/auth");
    assert.deepEqual(clients[0]?.webOrigins, ["https://argo.example.com", "+"]);
  });

  it("knows a group by its path, however that is written, and makes those around it", () => {
    const { groups, users } = parseConfig({
      ...valid(),
      groups: [{ name: "/platform/team-a" }, { name: "Platform Team (EU)" }, { name: "R&D" }],
      users: [person({ username: "ada@example.com", groups: ["platform/team-a", "/R&D"] })],
    });
    assert.deepEqual(
      groups.map(({ name }) => name),
      ["platform/team-a", "Platform Team (EU)", "R&D", "platform"],
    );
    assert.deepEqual(users[0]?.groups, ["platform/team-a", "R&D"]);
  });

  it("takes an endpoint as it is written, its query and the slash at its end included", () => {
    const saml = {
      assertionConsumerUrl: "https://g.example.com/?option=saml",
      logoutUrl: "https://g.example.com/out/",
    };
    const { clients } = parseConfig({
      ...valid(),
      clients: [
        {
          clientId: "https://g.example.com/?x=y",
          kind: "saml",
          rootUrl: "https://g.example.com",
          redirectUris: ["https://g.example.com/acs/"],
          saml,
        },
      ],
    });
    assert.deepEqual(
      [clients[0]?.saml?.assertionConsumerUrl, clients[0]?.saml?.logoutUrl],
      [saml.assertionConsumerUrl, saml.logoutUrl],
    );
  });

  const withRealm = (more: Values): Values => ({ ...valid(), realm: { name: "platform", ...more } });
  const taken: [string, Values][] = [
    ["a realm with a space", withRealm({ name: "My Realm" })],
    ["a realm of 255 characters", withRealm({ name: "r".repeat(255) })],
    ["a realm with an apostrophe and an accent", withRealm({ name: "L'équipe" })],
    [
      "a user with an accent, and one with a plus",
      {
        ...valid(),
        users: [person({ username: "andré" }), person({ username: "ada+test@example.com", email: "b@b.example" })],
      },
    ],
    ["a person whose name has an apostrophe", { ...valid(), users: [person({ lastName: "O'Neil-Núñez" })] }],
    [
      "roles with spaces and colons",
      {
        ...valid(),
        roles: [{ name: "app:admin" }, { name: "Platform Admin" }],
        groups: [{ name: "g", roles: ["app:admin"] }],
      },
    ],
    ["a description of several lines", { ...valid(), groups: [{ name: "g", description: "One.\nTwo.\n" }] }],
    [
      "scopes of the realm's own",
      { ...valid(), clients: [app({ defaultScopes: ["email", "tenant"], optionalScopes: ["tenant:read"] })] },
    ],
    [
      "a native app",
      {
        ...valid(),
        clients: [
          app({
            kind: "public",
            secret: undefined,
            redirectUris: ["com.example.app:/callback", "com.example.app://callback", "http://127.0.0.1/cb"],
          }),
        ],
      },
    ],
    [
      "a sign-out to every redirect URI, and one to nowhere",
      {
        ...valid(),
        clients: [
          app({ postLogoutRedirectUris: ["+"] }),
          app({ clientId: "other", secret: { namespace: "argo", name: "other" }, postLogoutRedirectUris: ["-"] }),
        ],
      },
    ],
    [
      "a toleration of every taint",
      withBackstage({
        tolerations: [
          { operator: "Exists" },
          { key: "gpu", operator: "Exists", effect: "NoSchedule" },
          { key: "team", value: "a" },
        ],
      }),
    ],
    [
      "an annotation with any text",
      withBackstage({
        exposure: {
          kind: "ingress",
          annotations: { "nginx.ingress.kubernetes.io/configuration-snippet": "more_set_headers 'X: y';\n" },
        },
      }),
    ],
    [
      "networks of every size",
      withBackstage({
        networkPolicy: {
          egress: ["0.0.0.0/0", "10.1.2.3/32", "10.128.0.0/9", "fd00:1::/32", "::/0", "2001:db8::1/128"].map(
            (cidr) => ({ cidr, port: 443 }),
          ),
        },
      }),
    ],
    [
      "the same request as limit",
      withBackstage({
        resources: { requests: { cpu: "1", memory: "1024Mi" }, limits: { cpu: "1000m", memory: "1Gi" } },
      }),
    ],
    ["a command of several lines", withBackstage({ command: ["node", "-e", "a();\nb();"] })],
    [
      "a longer session of a client where people may stay signed in",
      {
        ...withRealm({
          login: { rememberMe: true },
          lifetimes: { ssoSessionIdleRememberMe: "7d", ssoSessionMaxRememberMe: "30d", clientSessionIdle: "1h" },
        }),
        clients: [app({ lifetimes: { sessionIdle: "2d" } })],
      },
    ],
    [
      "a policy that generated passwords meet",
      {
        ...withRealm({
          login: {
            passwordPolicy:
              "length(20) and maxLength(64) and digits(1) and upperCase and regexPattern(^[A-Za-z0-9]+$) and passwordHistory(5)",
          },
        }),
        users: [person({})],
      },
    ],
    [
      "a strict policy where nobody gets a generated password",
      { ...withRealm({ login: { passwordPolicy: "specialChars(2)" } }), users: [person({ initialPassword: false })] },
    ],
  ];
  for (const [what, values] of taken) it(`takes ${what}`, () => void parseConfig(values));

  const hybrid = (gitops: Values, more: Values = {}): Values => ({
    ...valid(),
    mode: "hybrid",
    gitops: { secretStore: {}, ...gitops },
    ...more,
  });
  const refused: [string, Values, RegExp][] = [
    ["a missing section", { ...valid(), keycloak: undefined }, /^config: keycloak is missing; set it/],
    [
      "a missing key",
      { ...valid(), backstage: { url: "https://b.example.com" } },
      /^config: backstage\.image is missing; set it/,
    ],
    ["an unknown key", { ...valid(), backstge: {} }, /^config: backstge is not a setting; did you mean backstage\?/],
    [
      "an unknown nested key",
      { ...valid(), realm: { name: "p", protected: true } },
      /realm\.protected is not a setting; did you mean realm\.protect\?/,
    ],
    [
      "an unknown key in a list",
      { ...dev(), users: [{ username: "ada", email: "a@b.example", firstName: "A", lastname: "B" }] },
      /users\.0\.lastname is not a setting; did you mean users\.0\.lastName\?/,
    ],
    [
      "a secret key that is misspelt",
      { ...valid(), keycloakAdminPasword: "x" },
      /did you mean keycloakAdminPassword\?/,
    ],
    ["a malformed URL", { ...valid(), keycloak: { url: "id.example.com" } }, /keycloak\.url is not an absolute URL/],
    ["an empty host", { ...valid(), keycloak: { url: "https:///keycloak" } }, /keycloak\.url has an empty host/],
    [
      "plain http outside dev",
      { ...valid(), backstage: { ...valid().backstage, url: "http://b.example.com" } },
      /backstage\.url is plain http.*use https/,
    ],
    [
      "a value of another type",
      { ...valid(), backstage: { ...valid().backstage, replicas: "two" } },
      /backstage\.replicas must be a whole number/,
    ],
    [
      "a number out of range",
      { ...valid(), keycloak: { ...valid().keycloak, waitSeconds: 0 } },
      /keycloak\.waitSeconds must be at least 1 second/,
    ],
    [
      "a value outside its list",
      { ...valid(), backstage: { ...valid().backstage, imagePullPolicy: "Sometimes" } },
      /imagePullPolicy must be one of Always, IfNotPresent, Never/,
    ],
    [
      "an image with a space",
      { ...valid(), backstage: { ...valid().backstage, image: "a b" } },
      /backstage\.image must be an image reference/,
    ],
    [
      "a namespace that Kubernetes refuses",
      { ...valid(), backstage: { ...valid().backstage, namespace: "Back_stage" } },
      /backstage\.namespace must be 1 to 63/,
    ],
    [
      "a user twice",
      { ...dev(), users: [person({}), person({ email: "other@b.example" })] },
      /users\.1\.username is there twice/,
    ],
    [
      "an e-mail that is none",
      { ...dev(), users: [{ username: "ada", email: "a", firstName: "A", lastName: "B" }] },
      /users\.0\.email must be an e-mail address/,
    ],
    [
      "a SAML client to adopt",
      {
        ...valid(),
        clients: [
          {
            clientId: "g",
            kind: "saml",
            adopt: true,
            rootUrl: "https://g.example.com",
            redirectUris: ["https://g.example.com/acs"],
            saml: { assertionConsumerUrl: "https://g.example.com/acs" },
          },
        ],
      },
      /clients\.0\.adopt is for OIDC clients; remove it/,
    ],
    ["the realm of the administrators", { ...valid(), realm: { name: "master" } }, /realm\.name must not be master/],
    [
      "a lifetime that is no duration",
      { ...valid(), realm: { name: "p", lifetimes: { accessToken: "5 minutes" } } },
      /realm\.lifetimes\.accessToken must be a duration, such as 30m/,
    ],
    [
      "a lifetime that is a number",
      { ...valid(), realm: { name: "p", lifetimes: { accessToken: 5 } } },
      /realm\.lifetimes\.accessToken must be a duration, such as 30m/,
    ],
    [
      "a session that ends before its token",
      { ...valid(), realm: { name: "p", lifetimes: { ssoSessionMax: "20m" } } },
      /realm\.lifetimes\.ssoSessionIdle must be at most realm\.lifetimes\.ssoSessionMax/,
    ],
    [
      "a realm without TLS",
      { ...valid(), realm: { name: "p", sslRequired: "none" } },
      /realm\.sslRequired must be one of external, all/,
    ],
    [
      "an e-mail address twice",
      { ...valid(), users: [person({}), person({ username: "bob", email: "A@b.example" })] },
      /users\.1\.email is there twice/,
    ],
    [
      "a membership of a missing group",
      { ...valid(), users: [person({ groups: ["team-a"] })] },
      /users\.0\.groups\.0 names team-a, which groups does not have; add it there/,
    ],
    [
      "a role of a user that is missing",
      { ...valid(), users: [person({ roles: ["boss"] })] },
      /users\.0\.roles\.0 names boss, which roles does not have/,
    ],
    [
      "a role of a group that is missing",
      { ...valid(), groups: [{ name: "g", roles: ["boss"] }] },
      /groups\.0\.roles\.0 names boss, which roles does not have/,
    ],
    ["a group twice", { ...valid(), groups: [{ name: "g" }, { name: "g" }] }, /groups\.1\.name is there twice/],
    ["a role twice", { ...valid(), roles: [{ name: "r" }, { name: "r" }] }, /roles\.1\.name is there twice/],
    [
      "a client id twice",
      { ...valid(), clients: [app({}), app({ secret: { namespace: "argo", name: "other" } })] },
      /clients\.1\.clientId is there twice/,
    ],
    [
      "the client id of Backstage",
      { ...valid(), clients: [app({ clientId: "backstage" })] },
      /clients\.0\.clientId is backstage, which this program makes itself/,
    ],
    [
      "a client id of Keycloak's own",
      { ...valid(), clients: [app({ clientId: "account-console" })] },
      /clients\.0\.clientId is account-console, a client of Keycloak's own/,
    ],
    [
      "a wildcard redirect",
      { ...valid(), clients: [app({ redirectUris: ["https://argo.example.com/*"] })] },
      /clients\.0\.redirectUris\.0 has a wildcard; write each redirect URI out/,
    ],
    [
      "a redirect with a fragment",
      { ...valid(), clients: [app({ redirectUris: ["https://argo.example.com/#x"] })] },
      /redirectUris\.0 has a fragment/,
    ],
    [
      "an http redirect outside dev",
      { ...valid(), clients: [app({ redirectUris: ["http://argo.example.com/cb"] })] },
      /redirectUris\.0 is plain http, which is allowed only for loopback/,
    ],
    [
      "a redirect that is no URL",
      { ...valid(), clients: [app({ redirectUris: ["/cb"] })] },
      /redirectUris\.0 is not an absolute URL/,
    ],
    [
      "a wildcard after sign-out",
      { ...valid(), clients: [app({ postLogoutRedirectUris: ["https://argo.example.com/*"] })] },
      /postLogoutRedirectUris\.0 has a wildcard/,
    ],
    ["a wildcard origin", { ...valid(), clients: [app({ webOrigins: ["*"] })] }, /webOrigins\.0 has a wildcard/],
    [
      "an origin with a path",
      { ...valid(), clients: [app({ webOrigins: ["https://argo.example.com/"] })] },
      /webOrigins\.0 is more than an origin; write scheme, host and port only/,
    ],
    [
      "a scope that is none",
      { ...valid(), clients: [app({ defaultScopes: ["openid"] })] },
      /clients\.0\.defaultScopes\.0 is openid, which every sign-in asks for and no realm has as a scope; remove it/,
    ],
    [
      "a scope that nobody can ask for",
      { ...valid(), clients: [app({ optionalScopes: ["team a"] })] },
      /clients\.0\.optionalScopes\.0 must be 1 to 255 characters of ASCII without blanks/,
    ],
    [
      "a scope in both lists",
      { ...valid(), clients: [app({ defaultScopes: ["email"], optionalScopes: ["email"] })] },
      /clients\.0\.optionalScopes\.0 is there twice/,
    ],
    [
      "a confidential client without a Secret",
      { ...valid(), clients: [app({ secret: undefined })] },
      /clients\.0\.secret is missing/,
    ],
    [
      "a public client with a Secret",
      { ...valid(), clients: [app({ kind: "public" })] },
      /clients\.0\.secret is for confidential clients; remove it/,
    ],
    [
      "a SAML client without its endpoint",
      { ...valid(), clients: [app({ kind: "saml", secret: undefined })] },
      /clients\.0\.saml is missing/,
    ],
    [
      "two clients in one Secret",
      { ...valid(), clients: [app({}), app({ clientId: "other" })] },
      /clients\.1\.secret is argo\/oidc, which another client has/,
    ],
    [
      "a client in Backstage's Secret",
      { ...valid(), clients: [app({ secret: { namespace: "backstage", name: "backstage-env-vars" } })] },
      /clients\.0\.secret is backstage\/backstage-env-vars, which another client has/,
    ],
    [
      "one key for two values",
      {
        ...valid(),
        clients: [app({ secret: { namespace: "argo", name: "oidc", keys: { issuer: "a", clientId: "a" } } })],
      },
      /clients\.0\.secret\.keys\.clientId is there twice/,
    ],
    [
      "one client for sign-in and catalog",
      { ...valid(), catalogSync: { enabled: true, clientId: "backstage" } },
      /catalogSync\.clientId is backstage, which this program makes itself/,
    ],
    [
      "a client sign-in without a client",
      { ...valid(), keycloak: { url: "https://id.example.com", admin: { method: "client-secret" } } },
      /keycloak\.admin\.clientId is missing; name the client/,
    ],
    [
      "replicas that cannot share their database",
      { ...valid(), backstage: { ...valid().backstage, replicas: 2, database: { kind: "memory" } } },
      /backstage\.replicas must be 1 with the in-memory database/,
    ],
    [
      "a kind of database that does not exist",
      { ...valid(), backstage: { ...valid().backstage, database: { kind: "mysql" } } },
      /backstage\.database\.kind must be one of memory, postgres, external\.$/,
    ],
    [
      "a misspelt key of a database",
      { ...valid(), backstage: { ...valid().backstage, database: { kind: "postgres", storge: "1Gi" } } },
      /database\.storge is not a setting; did you mean backstage\.database\.storage\?/,
    ],
    [
      "a volume without a unit that exists",
      { ...valid(), backstage: { ...valid().backstage, database: { kind: "postgres", storage: "10GB" } } },
      /database\.storage must be a Kubernetes quantity/,
    ],
    [
      "a database host with a scheme",
      {
        ...valid(),
        backstage: {
          ...valid().backstage,
          database: { kind: "external", host: "https://db", credentials: { secret: "s" } },
        },
      },
      /database\.host must be a host name/,
    ],
    [
      "an unchecked database certificate outside dev",
      {
        ...valid(),
        backstage: {
          ...valid().backstage,
          database: { kind: "external", host: "db", tls: { mode: "require" }, credentials: { secret: "s" } },
        },
      },
      /database\.tls\.mode is require.*set it to verify-full/,
    ],
    [
      "an image without a tag",
      { ...valid(), backstage: { ...valid().backstage, image: "registry.example.com/backstage" } },
      /backstage\.image names neither a tag nor a digest/,
    ],
    [
      "a malformed digest",
      { ...valid(), backstage: { ...valid().backstage, image: "registry.example.com/backstage@sha256:abc" } },
      /backstage\.image has a malformed digest/,
    ],
    [
      "an unknown kind of exposure",
      withBackstage({ exposure: { kind: "route" } }),
      /exposure\.kind must be one of service, ingress, gateway\.$/,
    ],
    [
      "a NodePort past an Ingress",
      withBackstage({ nodePort: 30700, exposure: { kind: "ingress" } }),
      /nodePort would lead past the ingress and its TLS; remove it/,
    ],
    [
      "an Ingress that does not strip the sub-path",
      withBackstage({ url: "https://b.example.com/portal", exposure: { kind: "ingress" } }),
      /exposure\.annotations must make the controller strip the path/,
    ],
    [
      "replicas of an autoscaler that cannot share their database",
      withBackstage({ autoscaling: { maxReplicas: 3 }, database: { kind: "memory" } }),
      /replicas must be 1 with the in-memory database/,
    ],
    [
      "an autoscaler upside down",
      withBackstage({ autoscaling: { minReplicas: 5, maxReplicas: 2 } }),
      /minReplicas must not be more than/,
    ],
    [
      "a quantity that is none",
      withBackstage({ resources: { limits: { memory: "1GB" } } }),
      /resources\.limits\.memory must be a Kubernetes quantity/,
    ],
    [
      "a quantity without quotes",
      withBackstage({ resources: { requests: { cpu: 2 } } }),
      /resources\.requests\.cpu must be a quantity in quotes/,
    ],
    [
      "a network that is none",
      withBackstage({ networkPolicy: { egress: [{ cidr: "10.0.0.0/33", port: 443 }] } }),
      /networkPolicy\.egress\.0\.cidr must be a network in CIDR notation/,
    ],
    [
      "an address in the place of a network",
      withBackstage({ networkPolicy: { egress: [{ cidr: "10.1.2.3/8", port: 443 }] } }),
      /egress\.0\.cidr is an address within a network of 8 bits, and no network/,
    ],
    [
      "the same of IPv6",
      withBackstage({ networkPolicy: { egress: [{ cidr: "fd00:0:1::/32", port: 443 }] } }),
      /egress\.0\.cidr is an address within a network of 32 bits/,
    ],
    [
      "a host alias with a port",
      withBackstage({ hostAliases: [{ ip: "10.0.0.1", hostnames: ["a:80"] }] }),
      /hostAliases\.0\.hostnames\.0 must be a host name/,
    ],
    [
      "a host alias without an address",
      withBackstage({ hostAliases: [{ ip: "id", hostnames: ["a"] }] }),
      /hostAliases\.0\.ip must be an IP address/,
    ],
    [
      "a token in a variable",
      withBackstage({ extraEnv: [{ name: "GITHUB_TOKEN", value: "hunter2hunter2" }] }),
      /backstage\.extraEnv\.0\.value holds a secret in clear; put it into a Secret .*backstage\.extraEnv\.0\.secret\.$/,
    ],
    [
      "a URL with a password in a variable",
      withBackstage({ extraEnv: [{ name: "CACHE", value: "redis://:hunter2@redis.example.com" }] }),
      /backstage\.extraEnv\.0\.value holds a secret in clear/,
    ],
    [
      "a token in the command",
      withBackstage({ command: ["node", "packages/backend", "--token", "hunter2hunter2"] }),
      /backstage\.command\.3 holds a secret in clear; take it out/,
    ],
    [
      "a token in an annotation",
      withBackstage({ serviceAccount: { annotations: { "example.com/token": "hunter2hunter2" } } }),
      /backstage\.serviceAccount\.annotations\.example\.com\/token holds a secret in clear/,
    ],
    [
      "a variable of the chain",
      withBackstage({ extraEnv: [{ name: "KEYCLOAK_CLIENT_SECRET", value: "x" }] }),
      /extraEnv\.0\.name KEYCLOAK_CLIENT_SECRET is a variable of the program's own; remove it/,
    ],
    [
      "TLS turned off by a variable",
      withBackstage({ extraEnv: [{ name: "NODE_TLS_REJECT_UNAUTHORIZED", value: "0" }] }),
      /would turn the check of certificates off; remove it/,
    ],
    [
      "app-config by a variable",
      withBackstage({ extraEnv: [{ name: "APP_CONFIG_auth_environment", value: "x" }] }),
      /would override the app-config past every check; remove it/,
    ],
    [
      "a variable with two values",
      withBackstage({ extraEnv: [{ name: "A", value: "x", secret: "s" }] }),
      /extraEnv\.0 needs exactly one of value, secret and configMap/,
    ],
    [
      "a variable twice",
      withBackstage({
        extraEnv: [
          { name: "A", value: "x" },
          { name: "A", value: "y" },
        ],
      }),
      /backstage\.extraEnv has A twice/,
    ],
    [
      "a volume over the gate",
      withBackstage({ extraVolumes: [{ name: "v", mountPath: "/etc/backstage-gate/x", claim: "c" }] }),
      /mountPath \/etc\/backstage-gate\/x is a path that the program mounts/,
    ],
    [
      "a volume around all of it",
      withBackstage({ extraVolumes: [{ name: "v", mountPath: "/", claim: "c" }] }),
      /mountPath \/ is a path that the program mounts/,
    ],
    [
      "a volume with the name of ours",
      withBackstage({ extraVolumes: [{ name: "tmp", mountPath: "/x", claim: "c" }] }),
      /name tmp is a volume of the program's own/,
    ],
    ["a CA bundle from nowhere", withBackstage({ caBundle: {} }), /caBundle needs exactly one of secret and configMap/],
    [
      "rights without a token",
      withBackstage({ serviceAccount: { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] } }),
      /rules are of no use without a token/,
    ],
    [
      "all rights",
      withBackstage({
        serviceAccount: { automountToken: true, rules: [{ apiGroups: [""], resources: ["*"], verbs: ["get"] }] },
      }),
      /rules\.0 has a wildcard/,
    ],
    [
      "a sign-in without Keycloak",
      withBackstage({ authProvider: "guest" }),
      /backstage\.authProvider must be letters.* and not guest\.$/,
    ],
    [
      "a provider's id that is a path",
      withBackstage({ authProvider: "../x" }),
      /backstage\.authProvider must be letters/,
    ],
    [
      "an app-config over another provider's id",
      withBackstage({ authProvider: "keycloak", appConfig: { auth: { providers: { keycloak: {} } } } }),
      /appConfig\.auth\.providers\.keycloak is a key of the program's own/,
    ],
    [
      "a resolver that is misspelt",
      withBackstage({ resolvers: [{ resolver: "emailMatchingUserEntityProfileMail" }] }),
      pattern(
        /backstage\.resolvers\.0\.resolver is \w+, which neither the OIDC module nor backstage\.customResolvers has; /,
        /did you mean emailMatchingUserEntityProfileEmail\?/,
      ),
    ],
    [
      "a resolver that is like one of the image's own",
      withBackstage({ resolvers: [{ resolver: "byStaffId" }], customResolvers: ["byStaffID"] }),
      /did you mean byStaffID\?/,
    ],
    [
      "a scope that Backstage's client does not have",
      withBackstage({ additionalScopes: ["groups", "phone"] }),
      /backstage\.additionalScopes\.1 is phone, which Backstage's client does not have; write one of basic, /,
    ],
    [
      "a scope twice",
      withBackstage({ additionalScopes: ["groups", "groups"] }),
      /backstage\.additionalScopes\.1 is there twice/,
    ],
    [
      "a session that is no duration",
      withBackstage({ sessionDuration: "a day" }),
      /backstage\.sessionDuration must be a duration, such as 30m/,
    ],
    [
      "a session that ends at once",
      withBackstage({ sessionDuration: "0" }),
      /backstage\.sessionDuration must be at least 1m/,
    ],
    [
      "an app-config that is no object",
      withBackstage({ appConfig: "organization" }),
      /backstage\.appConfig must be an object\.$/,
    ],
    [
      "an app-config over the chain's own",
      withBackstage({ appConfig: { auth: { environment: "x" } } }),
      /backstage\.appConfig\.auth\.environment is a key of the program's own; set backstage\.authEnvironment instead\.$/,
    ],
    [
      "a catalog provider beside the program's",
      {
        ...withBackstage({ appConfig: { catalog: { providers: { keycloakOrg: {} } } } }),
        catalogSync: { enabled: true },
      },
      /catalog\.providers\.keycloakOrg is a key of the program's own; set catalogSync instead/,
    ],
    [
      "a secret in the app-config",
      withBackstage({ appConfig: { integrations: { github: [{ host: "github.com", token: "hunter2" }] } } }),
      /backstage\.appConfig\.integrations\.github\.0\.token holds a secret in clear; write \$\{VARIABLE\} there/,
    ],
    [
      "a command that cannot wait for its turn at the database",
      { ...valid(), backstage: { ...valid().backstage, database: { kind: "postgres" }, command: ["/start.sh"] } },
      /backstage\.command must begin with node/,
    ],
    [
      "an overlap of no time",
      { ...valid(), rotation: { strategy: "overlap", gracePeriod: "0" } },
      /rotation\.gracePeriod is 0s, and a rollout may take 900 s by backstage\.rolloutSeconds; set it longer/,
    ],
    [
      "an overlap shorter than a rollout, where it may come to one",
      { ...valid(), rotation: { gracePeriod: "4m" } },
      /rotation\.gracePeriod is 4m0s, and a rollout may take 900 s/,
    ],
    [
      "an overlap of a year",
      { ...valid(), rotation: { gracePeriod: "8760h" } },
      /rotation\.gracePeriod is 8760h0m0s, and rotation\.maxGracePeriod is 168h0m0s; shorten the one or raise the other/,
    ],
    [
      "an overlap that is allowed a year",
      { ...valid(), rotation: { maxGracePeriod: "8760h" } },
      /rotation\.maxGracePeriod must be at most 2160h, which are 90 days/,
    ],
    [
      "a time that is none",
      { ...valid(), rotation: { at: "yesterday" } },
      /rotation\.at must be a date and time, such as 2026-11-25T10:00:00Z/,
    ],
    [
      "a step of a rotation that has none",
      { ...valid(), rotation: { generation: 2, step: "switch" } },
      /rotation\.step is for rotation\.strategy blue-green and a rotation\.generation above 1; remove it\./,
    ],
    [
      "blue and green where Argo CD applies",
      {
        ...valid(),
        mode: "handover",
        gitops: { secretStore: { name: "store" } },
        rotation: { strategy: "blue-green" },
      },
      /rotation\.strategy is blue-green, which needs mode direct; set it to overlap or replace for handover\./,
    ],
    [
      "a client of the id that takes over",
      { ...valid(), rotation: { strategy: "blue-green" }, clients: [app({ clientId: "backstage-green" })] },
      /clients\.0\.clientId is backstage-green, which this program makes itself/,
    ],
    [
      "a mode that does not exist",
      { ...valid(), mode: "gitops" },
      /^config: mode must be one of direct, handover, hybrid\.$/,
    ],
    [
      "no store",
      hybrid({ secretStore: undefined }),
      /^config: gitops needs secretStore or clusterSecretStore; set gitops\.secretStore\.name/,
    ],
    [
      "both kinds of store",
      hybrid({ clusterSecretStore: { name: "aws" } }),
      /gitops\.secretStore and gitops\.clusterSecretStore are both set; keep one/,
    ],
    [
      "a refresh that never comes",
      hybrid({ refreshInterval: "0" }),
      /gitops\.refreshInterval must be at least 1s; raise it/,
    ],
    [
      "a refresh that is no duration",
      hybrid({ refreshInterval: "often" }),
      /gitops\.refreshInterval must be a duration, such as 30m/,
    ],
    [
      "an unknown hook",
      hybrid({ hook: "AfterSync" }),
      /gitops\.hook must be one of PreSync, Sync, PostSync, SyncFail, PostDelete/,
    ],
    [
      "an unknown hook delete policy",
      hybrid({ hookDeletePolicy: "Never" }),
      /gitops\.hookDeletePolicy must be one of HookSucceeded, HookFailed, BeforeHookCreation/,
    ],
    ["waves that do not rise", { ...valid(), waves: { step: 0 } }, /waves\.step must be at least 1/],
    ["a folder in .git", hybrid({ folder: ".git/gitops" }), /gitops\.folder leads into \.git or out of the repository/],
    ["a folder outside", hybrid({ folder: "../gitops" }), /gitops\.folder leads into \.git or out of the repository/],
    ["an absolute folder", hybrid({ folder: "/gitops" }), /gitops\.folder must be a relative path/],
    [
      "two clients in one place of the source",
      hybrid(
        {},
        { clients: [app({ clientId: "a.b" }), app({ clientId: "a-b", secret: { namespace: "argo", name: "other" } })] },
      ),
      /gitops\.source would hold a-b_OIDC_ISSUER twice/,
    ],
    [
      "a client id that no key can hold",
      hybrid({}, { clients: [app({ clientId: "a".repeat(250) })] }),
      /gitops\.source cannot hold the key a{40}\.\.\., longer than 253/,
    ],
    [
      "a setting that every object has",
      { ...valid(), constructor: 1 },
      /^config: constructor is not a setting; did you mean \w+\?$/,
    ],
    ["a key without a name", { ...valid(), "": 1 }, /^config: "" is not a setting; did you mean/],
    ["a key of two lines", { ...valid(), "a\nb": 1 }, /^config: "a\\nb" is not a setting; did you mean/],
    [
      "a huge value, without repeating it",
      withBackstage({ resolvers: [{ resolver: "r".repeat(10_000) }] }),
      /^config: backstage\.resolvers\.0\.resolver is longer than 255 characters; shorten it\.$/,
    ],
    [
      "a value of two lines",
      withBackstage({ resolvers: [{ resolver: "a\nb" }] }),
      /resolver has a line break or a control character; write one line of text/,
    ],
    [
      "what is nested too deep",
      withBackstage({ appConfig: { a: JSON.parse(`${"[".repeat(3000)}${"]".repeat(3000)}`) as unknown } }),
      /^config: backstage is nested more than 50 deep; write it flatter\.$/,
    ],
    [
      "a name that is JavaScript's",
      { ...dev(), users: [person({ username: "__proto__" })] },
      /^config: users\.0\.username is __proto__, a name that/,
    ],
    [
      "a key that is JavaScript's",
      withBackstage({ appConfig: JSON.parse('{"app": {"__proto__": {"a": 1}}}') as Values }),
      /^config: backstage\.appConfig\.app has a key __proto__, a name that/,
    ],
    [
      "a duration that is no whole second",
      withRealm({ lifetimes: { accessToken: "500ms" } }),
      /realm\.lifetimes\.accessToken must be whole seconds; round it\.$/,
    ],
    [
      "a duration that Keycloak cannot count",
      withRealm({ lifetimes: { offlineSessionMax: "9999999h" } }),
      /offlineSessionMax must be at most 3650d, as Keycloak counts seconds in 32 bits; lower it/,
    ],
    [
      "a code that is refused at once",
      withRealm({ lifetimes: { accessCode: "0s" } }),
      /realm\.lifetimes\.accessCode must be at least 10s; raise it/,
    ],
    [
      "a token that ends before it is used",
      withRealm({ lifetimes: { accessToken: "1s" } }),
      /realm\.lifetimes\.accessToken must be at least 10s/,
    ],
    [
      "a session of remember-me that is too short",
      withRealm({ lifetimes: { ssoSessionIdleRememberMe: "1s" } }),
      /ssoSessionIdleRememberMe must be at least 1m, or 0s; raise it/,
    ],
    [
      "a client session that outlasts the realm's",
      withRealm({ lifetimes: { clientSessionIdle: "1h" } }),
      /realm\.lifetimes\.clientSessionIdle must be at most realm\.lifetimes\.ssoSessionIdle/,
    ],
    [
      "a session of one client that outlasts the realm's",
      { ...valid(), clients: [app({ lifetimes: { sessionMax: "11h" } })] },
      /clients\.0\.lifetimes\.sessionMax must be at most realm\.lifetimes\.ssoSessionMax; lower it/,
    ],
    [
      "guesses without a wait",
      withRealm({ bruteForce: { waitIncrement: "0s" } }),
      /realm\.bruteForce\.waitIncrement must be at least 1s/,
    ],
    [
      "a realm whose name is a path",
      withRealm({ name: "a/b" }),
      /realm\.name has a \/, which the name of a realm must not have; write letters/,
    ],
    [
      "a realm that Keycloak takes for a template",
      withRealm({ name: "a{b}" }),
      /realm\.name has a \{, which the name of a realm must not have/,
    ],
    ["a realm whose name is the way out", withRealm({ name: ".." }), /realm\.name is a part of a path and no name/],
    [
      "a realm that ends in a blank",
      withRealm({ name: "platform " }),
      /realm\.name begins or ends with a blank; remove it/,
    ],
    [
      "a realm of 256 characters",
      withRealm({ name: "r".repeat(256) }),
      /realm\.name is longer than 255 characters; shorten it/,
    ],
    [
      "a role of Keycloak's own",
      { ...valid(), roles: [{ name: "default-roles-platform" }] },
      /roles\.0\.name is default-roles-platform, a role of Keycloak's own; choose another/,
    ],
    [
      "a client of Keycloak's own as Backstage's",
      withBackstage({ clientId: "realm-management" }),
      /backstage\.clientId is realm-management, a client of Keycloak's own; choose another/,
    ],
    [
      "a client of Keycloak's own as the catalog's",
      { ...valid(), catalogSync: { enabled: true, clientId: "broker" } },
      /catalogSync\.clientId is broker, a client of Keycloak's own/,
    ],
    [
      "a client id that leaves no room for the second one",
      { ...withBackstage({ clientId: "b".repeat(252) }), rotation: { strategy: "blue-green" } },
      /backstage\.clientId is too long for the client of 258 characters.*shorten it to 249/,
    ],
    [
      "a description that no column holds",
      { ...valid(), roles: [{ name: "r", description: "d".repeat(256) }] },
      /roles\.0\.description is longer than 255 characters; shorten it/,
    ],
    [
      "a user name that Keycloak finds too short",
      { ...valid(), users: [person({ username: "ab" })] },
      /users\.0\.username must be 3 to 255 characters/,
    ],
    [
      "a user name in capitals",
      { ...valid(), users: [person({ username: "Ada" })] },
      /users\.0\.username must be in small letters, as Keycloak keeps it/,
    ],
    [
      "a user name with an apostrophe",
      { ...valid(), users: [person({ username: "o'neil" })] },
      /users\.0\.username must be letters, digits and/,
    ],
    [
      "a user name that only looks Latin",
      { ...valid(), users: [person({ username: "\u0430da" })] },
      /users\.0\.username has letters that are not Latin/,
    ],
    [
      "a user of a client's own",
      { ...valid(), users: [person({ username: "service-account-backstage" })] },
      /users\.0\.username is a name that Keycloak gives to a client's own user/,
    ],
    [
      "a user name that is another's e-mail address",
      { ...valid(), users: [person({}), person({ username: "a@b.example", email: "c@b.example" })] },
      /users\.1\.username is the e-mail address of users\.0/,
    ],
    [
      "a person with markup in the name",
      { ...valid(), users: [person({ firstName: "A <b>" })] },
      /users\.0\.firstName has a character that Keycloak does not take/,
    ],
    [
      "a group twice, in two spellings",
      { ...valid(), groups: [{ name: "a/b" }, { name: "/a/b" }] },
      /groups\.1\.name is there twice/,
    ],
    [
      "two groups that the claim would make one",
      { ...valid(), groups: [{ name: "/a/team" }, { name: "/b/team" }] },
      /groups\.0\.name a\/team ends as b\/team does, so that the claim groups could not tell them apart; rename one of them/,
    ],
    [
      "a group without a name in its path",
      { ...valid(), groups: [{ name: "/a//b" }] },
      /groups\.0\.name must be a name, or a path such as \/platform\/team-a/,
    ],
    [
      "a group within one of an adopted realm that nobody names",
      { ...withRealm({ adopt: true }), groups: [{ name: "/a/b" }] },
      /groups\.0\.name a\/b is within a, which the adopted realm may have already; name that in groups too/,
    ],
    [
      "a membership twice",
      { ...valid(), groups: [{ name: "g" }], users: [person({ groups: ["g", "/g"] })] },
      /users\.0\.groups\.1 is there twice/,
    ],
    [
      "a policy that generated passwords do not meet",
      { ...withRealm({ login: { passwordPolicy: "length(12) and specialChars(1)" } }), users: [person({})] },
      pattern(
        /realm\.login\.passwordPolicy asks for special characters, which generated initial passwords do not have; /,
        /relax it, or set users\.0\.initialPassword to false/,
      ),
    ],
    [
      "a longer password than is generated",
      { ...withRealm({ login: { passwordPolicy: "length(24)" } }), users: [person({})] },
      /passwordPolicy asks for 24 characters, which generated/,
    ],
    [
      "a pattern that generated passwords do not meet",
      { ...withRealm({ login: { passwordPolicy: "regexPattern(.*[-_].*)" } }), users: [person({})] },
      /passwordPolicy asks for another pattern/,
    ],
    [
      "a policy that does not exist",
      withRealm({ login: { passwordPolicy: "lenght(12)" } }),
      /realm\.login\.passwordPolicy has lenght, which is no policy of Keycloak's; write one of those, such as length\.$/,
    ],
    [
      "a policy without its number",
      withRealm({ login: { passwordPolicy: "length()" } }),
      /passwordPolicy needs a whole number in the parentheses of length/,
    ],
    [
      "a policy twice",
      withRealm({ login: { passwordPolicy: "length(8) and length(12)" } }),
      /passwordPolicy has length twice/,
    ],
    [
      "a type of event that is none",
      withRealm({ events: { types: ["login"] } }),
      /realm\.events\.types\.0 must be a type of event/,
    ],
    [
      "a redirect that ends in a blank",
      { ...valid(), clients: [app({ redirectUris: ["https://argo.example.com/cb "] })] },
      /redirectUris\.0 begins or ends with a blank/,
    ],
    [
      "a redirect that Java cannot read",
      { ...valid(), clients: [app({ redirectUris: ["https://argo.example.com/a|b"] })] },
      /redirectUris\.0 has a character that no URI has; write it percent-encoded/,
    ],
    [
      "a redirect that no column holds",
      { ...valid(), clients: [app({ redirectUris: [`https://argo.example.com/${"a".repeat(231)}`] })] },
      /redirectUris\.0 is longer than 255 characters/,
    ],
    [
      "a redirect twice",
      { ...valid(), clients: [app({ redirectUris: ["https://a.example.com/", "https://a.example.com/"] })] },
      /redirectUris\.1 is there twice/,
    ],
    [
      "a redirect to a script",
      { ...valid(), clients: [app({ redirectUris: ["javascript:alert(1)"] })] },
      /redirectUris\.0 is not an absolute URL/,
    ],
    [
      "a redirect to a scheme of nobody's",
      { ...valid(), clients: [app({ redirectUris: ["myapp:/cb"] })] },
      /redirectUris\.0 is not an absolute URL; .*native app as com\.example\.app:\/path/,
    ],
    [
      "every redirect URI beside another",
      { ...valid(), clients: [app({ postLogoutRedirectUris: ["+", "https://argo.example.com/"] })] },
      /postLogoutRedirectUris has \+ beside others, which Keycloak then does not heed/,
    ],
    [
      "an origin of a native app",
      { ...valid(), clients: [app({ webOrigins: ["com.example.app:/cb"] })] },
      /webOrigins\.0 is not an absolute URL; write it as https:\/\/host\/path\.$/,
    ],
    [
      "mappers of a SAML client",
      {
        ...valid(),
        clients: [
          app({
            kind: "saml",
            secret: undefined,
            saml: { assertionConsumerUrl: "https://g.example.com/acs" },
            mappers: [{ name: "m", audience: "a" }],
          }),
        ],
      },
      /clients\.0\.mappers is for OIDC clients; remove it/,
    ],
    [
      "a certificate that is none",
      {
        ...valid(),
        clients: [
          app({
            kind: "saml",
            secret: undefined,
            saml: { assertionConsumerUrl: "https://g.example.com/acs", signingCertificate: "MIIB" },
          }),
        ],
      },
      /saml\.signingCertificate must be a certificate, as PEM/,
    ],
    [
      "a key that is a path",
      { ...valid(), clients: [app({ secret: { namespace: "argo", name: "oidc", keys: { issuer: ".." } } })] },
      /secret\.keys\.issuer must be 1 to 253 of/,
    ],
    [
      "a host with an underscore",
      withBackstage({ url: "https://back_stage.example.com" }),
      /backstage\.url names a host that is no DNS name/,
    ],
    [
      "a host with a dot at its end",
      withBackstage({ url: "https://backstage.example.com." }),
      /backstage\.url names a host that is no DNS name/,
    ],
    ["a URL with port 0", withBackstage({ url: "https://backstage.example.com:0" }), /backstage\.url names port 0/],
    [
      "a URL with a blank",
      withBackstage({ url: " https://backstage.example.com" }),
      /backstage\.url is not an absolute URL/,
    ],
    [
      "a URL whose path is a wildcard",
      { ...valid(), clients: [app({ rootUrl: "https://argo.example.com/*" })] },
      /clients\.0\.rootUrl has a path with a character that no URL has, or a wildcard/,
    ],
    [
      "a URL whose redirect URI no column holds",
      withBackstage({ url: `https://backstage.example.com/${"a".repeat(220)}` }),
      /backstage\.url makes a redirect URI of more than 255 characters/,
    ],
    [
      "an Ingress for an address",
      withBackstage({ url: "https://10.0.0.5", exposure: { kind: "ingress" } }),
      /backstage\.url names an IP address, for which no ingress can be made/,
    ],
    [
      "an HTTPRoute for an address",
      withBackstage({ url: "https://[fd00::5]", exposure: { kind: "gateway", gateway: "g" } }),
      /backstage\.url names an IP address, for which no gateway can be made/,
    ],
    [
      "an Ingress for a path that none takes",
      withBackstage({ url: "https://b.example.com/a//b", exposure: { kind: "ingress", annotations: { a: "b" } } }),
      /backstage\.url has a path that no ingress takes/,
    ],
    [
      "an Ingress with its class twice",
      withBackstage({
        exposure: { kind: "ingress", className: "nginx", annotations: { "kubernetes.io/ingress.class": "nginx" } },
      }),
      /exposure\.annotations has kubernetes\.io\/ingress\.class, which no Ingress may have beside its class/,
    ],
    ["a NodePort outside the range", withBackstage({ nodePort: 80 }), /backstage\.nodePort must be at least 30000/],
    [
      "more memory than the limit",
      withBackstage({ resources: { requests: { memory: "4Gi" }, limits: { memory: "2G" } } }),
      /resources\.requests\.memory is 4Gi, more than backstage\.resources\.limits\.memory, 2G; lower it, or raise the limit/,
    ],
    [
      "more memory than the limit that goes without saying",
      withBackstage({ resources: { requests: { memory: "2Gi" } } }),
      /resources\.requests\.memory is 2Gi, more than backstage\.resources\.limits\.memory, 1Gi/,
    ],
    [
      "more processor than the limit",
      withBackstage({ resources: { requests: { cpu: "1" }, limits: { cpu: "500m" } } }),
      /resources\.requests\.cpu is 1, more than/,
    ],
    [
      "half a byte of memory",
      withBackstage({ resources: { requests: { memory: "0" }, limits: { memory: "512m" } } }),
      /resources\.limits\.memory is 512m, and with less than 64Mi Node does not start/,
    ],
    [
      "a volume without room",
      withBackstage({ database: { kind: "postgres", storage: "0" } }),
      /database\.storage is 0, and with less than 64Mi PostgreSQL does not start/,
    ],
    [
      "more than Kubernetes counts",
      withBackstage({ database: { kind: "postgres", storage: "99E" } }),
      /database\.storage is more than Kubernetes can count; lower it/,
    ],
    [
      "an autoscaler that has nothing to count",
      withBackstage({ autoscaling: { maxReplicas: 3 }, resources: { requests: { cpu: "0" } } }),
      /resources\.requests\.cpu must be more than 0 with backstage\.autoscaling/,
    ],
    [
      "a toleration of every taint by comparison",
      withBackstage({ tolerations: [{ effect: "NoSchedule" }] }),
      /tolerations\.0\.operator must be Exists where backstage\.tolerations\.0\.key is unset/,
    ],
    [
      "a toleration that compares nothing",
      withBackstage({ tolerations: [{ key: "a", operator: "Exists", value: "b" }] }),
      /tolerations\.0\.value is of no use with the operator Exists/,
    ],
    [
      "a taint that is no label",
      withBackstage({ tolerations: [{ key: "a b" }] }),
      /tolerations\.0\.key is not a label name/,
    ],
    [
      "a taint's value that is no label's",
      withBackstage({ tolerations: [{ key: "a", value: "b c" }] }),
      /tolerations\.0\.value must be at most 63 of/,
    ],
    [
      "a node label's value that is none",
      withBackstage({ nodeSelector: { zone: "a b" } }),
      /nodeSelector\.zone must be at most 63 of/,
    ],
    [
      "a namespace label's value that is none",
      withBackstage({ networkPolicy: { fromNamespaces: [{ team: "-a" }] } }),
      /fromNamespaces\.0\.team must be at most 63 of/,
    ],
    [
      "a label name with two dots in a row",
      withBackstage({ nodeSelector: { "a..b/c": "d" } }),
      /nodeSelector\."a\.\.b\/c" is not a label name/,
    ],
    [
      "a spread over what is no label",
      withBackstage({ topologySpread: [{ topologyKey: "a b" }] }),
      /topologySpread\.0\.topologyKey is not a label name/,
    ],
    [
      "a spread twice",
      withBackstage({ topologySpread: [{ topologyKey: "zone" }, { topologyKey: "zone", maxSkew: 2 }] }),
      /backstage\.topologySpread has zone with ScheduleAnyway twice/,
    ],
    [
      "an address with two lists of names",
      withBackstage({
        hostAliases: [
          { ip: "10.0.0.1", hostnames: ["a"] },
          { ip: "10.0.0.1", hostnames: ["b"] },
        ],
      }),
      /backstage\.hostAliases has 10\.0\.0\.1 twice/,
    ],
    [
      "an address with a zone",
      withBackstage({ hostAliases: [{ ip: "fe80::1%eth0", hostnames: ["a"] }] }),
      /hostAliases\.0\.ip must be an IP address/,
    ],
    ["a pull secret twice", withBackstage({ imagePullSecrets: ["a", "a"] }), /backstage\.imagePullSecrets has a twice/],
    [
      "two volumes in one place",
      withBackstage({
        extraVolumes: [
          { name: "a", mountPath: "/x", claim: "a" },
          { name: "b", mountPath: "/x", claim: "b" },
        ],
      }),
      /backstage\.extraVolumes has the mountPath \/x twice/,
    ],
    [
      "a volume over the gate, by another way",
      withBackstage({ extraVolumes: [{ name: "v", mountPath: "/x/../etc/backstage-gate", claim: "c" }] }),
      /mountPath must be a path without a slash at its end, two in a row, or a part \. or \.\./,
    ],
    [
      "a volume over the kernel's files",
      withBackstage({ extraVolumes: [{ name: "v", mountPath: "/proc/self", claim: "c" }] }),
      /mountPath is a path of the kernel's/,
    ],
    [
      "a Secret to write to",
      withBackstage({ extraVolumes: [{ name: "v", mountPath: "/x", secret: "s", writable: true }] }),
      /extraVolumes\.0\.writable is for a claim and an emptyDir/,
    ],
    [
      "a folder without room",
      withBackstage({ extraVolumes: [{ name: "v", mountPath: "/x", emptyDir: "0" }] }),
      /emptyDir is 0, and with less than 1Ki nothing can be written/,
    ],
    [
      "a variable with a NUL",
      withBackstage({ extraEnv: [{ name: "A", value: "a\0b" }] }),
      /extraEnv\.0\.value has a NUL character/,
    ],
    [
      "a variable that no process starts with",
      withBackstage({ extraEnv: [{ name: "A", value: "a".repeat(140_000) }] }),
      /extraEnv\.0\.value is longer than 130816 bytes/,
    ],
    [
      "an argument that no process starts with",
      withBackstage({ command: ["node", "a\0b"] }),
      /command\.1 has a NUL character/,
    ],
    [
      "an app-config that no ConfigMap holds",
      withBackstage({ appConfig: { app: { title: "t".repeat(1_000_000) } } }),
      /backstage\.appConfig is larger than 900000 bytes/,
    ],
    [
      "an e-mail address that Keycloak finds too long",
      { ...valid(), users: [person({ email: `${"a".repeat(65)}@b.example` })] },
      /users\.0\.email has more than 64 characters before the @/,
    ],
    [
      "rights in no API group",
      withBackstage({
        serviceAccount: { automountToken: true, rules: [{ apiGroups: [], resources: ["pods"], verbs: ["get"] }] },
      }),
      /rules\.0\.apiGroups must name an API group; the core is ""/,
    ],
    [
      "rights that nobody has, as they are spelt otherwise",
      withBackstage({
        serviceAccount: { automountToken: true, rules: [{ apiGroups: [""], resources: ["Pod"], verbs: ["get"] }] },
      }),
      /rules\.0\.resources\.0 must be a resource in the plural and in small letters/,
    ],
    [
      "a verb that nobody knows",
      withBackstage({
        serviceAccount: { automountToken: true, rules: [{ apiGroups: [""], resources: ["pods/log"], verbs: ["GET"] }] },
      }),
      /rules\.0\.verbs\.0 must be a verb in small letters/,
    ],
    [
      "one URL for both",
      withBackstage({ url: "https://ID.example.com/" }),
      /^config: backstage\.url is keycloak\.url, where only one of the two can answer; give one of them another host or path\.$/,
    ],
    [
      "annotations that are too much",
      withBackstage({ serviceAccount: { annotations: { a: "b".repeat(300_000) } } }),
      /serviceAccount\.annotations hold more than 261120 bytes/,
    ],
    [
      "a database host that is no address",
      withBackstage({ database: { kind: "external", host: "10.0.0.300", credentials: { secret: "s" } } }),
      /database\.host must be a host name/,
    ],
    [
      "a database name that PostgreSQL cuts off",
      withBackstage({
        database: { kind: "external", host: "db", database: "d".repeat(64), credentials: { secret: "s" } },
      }),
      /database\.database is longer than 63 bytes/,
    ],
    [
      "a repository with a password",
      hybrid({ argocd: { repoUrl: "https://me:hunter2@git.example.com/a.git" } }),
      /^config: gitops\.argocd\.repoUrl holds a password; remove it, and give Argo CD a repository credential\.$/,
    ],
    [
      "a repository that is none",
      hybrid({ argocd: { repoUrl: "a b" } }),
      /gitops\.argocd\.repoUrl must be the URL of a Git repository/,
    ],
    [
      "gates that outlast the rollout",
      { ...valid(), backstage: { ...valid().backstage, gateSeconds: 300, rolloutSeconds: 300 } },
      /gateSeconds must be less than backstage\.rolloutSeconds/,
    ],
  ];
  for (const [what, values, sentence] of refused) {
    it(`refuses ${what} in one sentence`, () => {
      const message = refusal(values);
      assert.match(message, sentence);
      assert.equal(message.split("\n").length, 1, message);
    });
  }
});
