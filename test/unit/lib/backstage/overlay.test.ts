import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { appConfig } from "../../../../lib/backstage/appConfig";
import { overlaid, overlayFaults, reservedKeys } from "../../../../lib/backstage/overlay";

type Values = Record<string, unknown>;

const context = { authProvider: "oidc", catalogSync: true };
const reserved = Object.keys(reservedKeys(context));
const settings = {
  url: "https://dev.example.com/portal",
  port: 7007,
  authProvider: "oidc",
  authEnvironment: "staging",
  resolvers: [{ resolver: "emailMatchingUserEntityProfileEmail" }],
  additionalScopes: ["groups"],
  sessionDuration: 3600,
  catalogSync: { keycloakUrl: "https://id.example.com", realm: "platform", frequency: 60, timeout: 30 },
};

const at = (path: readonly string[], value: unknown): Values =>
  path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as Values;

/** The paths of all values of a config that are no objects. */
function leaves(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, own]) => leaves(own, [...path, key]));
}

const own = parse(appConfig(settings)) as Values;
const valueAt = (config: unknown, path: readonly string[]): unknown =>
  path.reduce((inner, part) => (inner as Values)[part], config);

// Words of the app-config among others, so that overlays meet the chain's keys.
const word = fc.constantFrom(
  "app",
  "backend",
  "auth",
  "catalog",
  "providers",
  "oidc",
  "guest",
  "baseUrl",
  "listen",
  "cors",
  "origin",
  "session",
  "rules",
  "token",
  "title",
  "$include",
  "__proto__",
);
const overlays = fc.letrec<{ node: unknown; map: Values }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("x", 1, null, true),
    fc.array(fc.constant("x"), { maxLength: 2 }),
    tie("map"),
  ),
  map: fc.array(fc.tuple(word, tie("node")), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
})).map;

describe("lib/backstage/overlay", () => {
  it("refuses every value that the program writes itself", () => {
    for (const path of leaves(own))
      assert.match(
        overlayFaults(at(path, "x"), context).join("\n"),
        /^backstage\.appConfig\.[\w.]+ is a key of the program's own; .*\.$/,
        path.join("."),
      );
  });

  it("refuses whatever stands at, below or in place of a key of the program's own", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...reserved),
        fc.array(word, { maxLength: 2 }),
        fc.nat(),
        fc.constantFrom("x", 1, null, [], { $include: "x.yaml" }),
        (key, below, cut, value) => {
          const parts = key.split(".");
          const place = cut % 2 === 0 ? [...parts, ...below] : parts.slice(0, 1 + (cut % parts.length));
          const faults = overlayFaults(at(place, value), context);
          assert.ok(faults.length > 0, place.join("."));
          assert.ok(
            faults.every((fault) => fault.startsWith("backstage.appConfig.") && fault.split("\n").length === 1),
          );
        },
      ),
    );
    assert.match(
      overlayFaults({ $include: "x.yaml" }, context)[0] ?? "",
      /^backstage\.appConfig would replace app\.baseUrl/,
    );
  });

  it("leaves every value of the program's own as it is, whatever overlay is accepted", () => {
    fc.assert(
      fc.property(overlays, (overlay) => {
        fc.pre(overlayFaults(overlay, context).length === 0);
        const config = parse(appConfig({ ...settings, appConfig: overlay })) as Values;
        for (const path of leaves(own)) assert.deepEqual(valueAt(config, path), valueAt(own, path));
        assert.deepEqual(Object.keys(valueAt(config, ["auth", "providers", "oidc"]) as Values), ["staging"]);
      }),
      { numRuns: 100 },
    );
  });

  it("lays the overlay into the app-config, beside the program's own keys", () => {
    const overlay = {
      organization: { name: "Example" },
      catalog: { rules: [{ allow: ["Component"] }] },
      backend: { cors: { methods: ["GET"] } },
    };
    assert.deepEqual(overlayFaults(overlay, context), []);
    assert.deepEqual(parse(appConfig({ ...settings, appConfig: overlay })), overlaid(overlay, own));
    assert.deepEqual(overlaid(overlay, own).organization, overlay.organization);
    assert.deepEqual(valueAt(overlaid(overlay, own), ["catalog", "rules"]), overlay.catalog.rules);
  });

  it("gives the catalog's provider free where the program has none", () => {
    const overlay = at(["catalog", "providers", "keycloakOrg", "default", "realm"], "other");
    assert.equal(overlayFaults(overlay, { ...context, catalogSync: false }).length, 0);
    assert.equal(overlayFaults(overlay, context).length, 1);
  });

  for (const key of [
    "secret",
    "clientSecret",
    "client_secret",
    "PASSWORD",
    "dbPassword",
    "token",
    "personalAccessTokens",
    "secretAccessKey",
    "apiKey",
    "X-Api-Key",
    "Authorization",
  ]) {
    it(`refuses a secret in clear under ${key}, and does not repeat it`, () => {
      fc.assert(
        fc.property(fc.stringMatching(/^[a-z0-9]{12,20}$/), fc.boolean(), (secret, listed) => {
          for (const value of [secret, `Bearer ${secret}`, `\${X:-${secret}}`, `$\${${secret}}`]) {
            const [fault = "", ...others] = overlayFaults({ proxy: [{ [key]: listed ? [value] : value }] }, context);
            assert.match(
              fault,
              /^backstage\.appConfig\.proxy\.0\..* holds a secret in clear; write \$\{VARIABLE\} there/,
            );
            assert.ok(!fault.includes(secret));
            assert.deepEqual(others, []);
          }
        }),
        { numRuns: 20 },
      );
      for (const value of ["${X}", "Bearer ${X}", { $file: "/var/x" }, { $env: "X" }, ""])
        assert.deepEqual(overlayFaults({ proxy: { [key]: value } }, context), []);
    });
  }

  it("finds a secret by its form, whatever its key", () => {
    for (const value of ["https://me:hunter2@git.example.com", "-----BEGIN PRIVATE KEY-----\nabc"])
      assert.equal(overlayFaults({ a: { url: value } }, context).length, 1);
    for (const value of ["https://me:${PASS}@git.example.com", "https://git.example.com/a:b@c"])
      assert.deepEqual(overlayFaults({ a: { url: value } }, context), []);
  });

  it("refuses another way in than by Keycloak, and takes a provider that only connects accounts", () => {
    const github = (provider: Values): Values => at(["auth", "providers", "github", "prod"], provider);
    assert.match(
      overlayFaults(github({ clientId: "x", signIn: { resolvers: [] } }), context).join(),
      /^backstage\.appConfig\.auth\.providers\.github\.prod\.signIn lets people in past Keycloak; remove it\.$/,
    );
    assert.deepEqual(overlayFaults(github({ clientId: "x", clientSecret: "${GITHUB_SECRET}" }), context), []);
    const origins = (list: unknown): Values => at(["auth", "experimentalExtraAllowedOrigins"], list);
    for (const list of [["*"], ["https://*.example.com"], "https://{a,b}.example.com"])
      assert.match(
        overlayFaults(origins(list), context).join(),
        /experimentalExtraAllowedOrigins has a pattern, .*; write each origin out\.$/,
      );
    assert.deepEqual(overlayFaults(origins(["https://other.example.com"]), context), []);
  });

  it("takes no other key for a secret", () => {
    assert.deepEqual(
      overlayFaults(
        {
          a: {
            tokenEndpoint: "x",
            secretName: "x",
            passwordPolicy: { length: 12 },
            tokenTtlSeconds: 60,
            showToken: true,
            credentials: "require",
          },
        },
        context,
      ),
      [],
    );
  });
});
