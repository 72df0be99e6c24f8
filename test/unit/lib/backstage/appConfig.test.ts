import assert from "node:assert/strict";
import { parse } from "yaml";
import { appConfig } from "../../../../lib/backstage/appConfig";
import { contractKeys } from "../../../../lib/pod/contract";

const settings = {
  url: "https://dev.example.com/portal",
  port: 7007,
  authProvider: "oidc",
  authEnvironment: "staging",
  resolvers: [{ resolver: "emailMatchingUserEntityProfileEmail" }],
  additionalScopes: ["groups"],
  sessionDuration: 3600,
};

interface AppConfig {
  backend: { baseUrl: string; trustProxy?: boolean; cors: { origin: string } };
  auth: { environment: string; session: { secret: string }; providers: { oidc: { staging: Record<string, unknown> } } };
}

describe("lib/backstage/appConfig", () => {
  const parsed = (over: Partial<typeof settings> = {}): AppConfig =>
    parse(appConfig({ ...settings, ...over })) as AppConfig;

  it("registers the provider under the auth environment, which must be equal", () => {
    const { auth } = parsed();
    assert.equal(auth.environment, "staging");
    assert.deepEqual(Object.keys(auth.providers.oidc), ["staging"]);
  });

  it("registers it under the id that the image gives it", () => {
    assert.deepEqual(Object.keys(parsed({ authProvider: "keycloak" }).auth.providers), ["keycloak"]);
  });

  it("takes every credential from the environment", () => {
    const { auth } = parsed();
    const provider = auth.providers.oidc.staging;
    assert.equal(auth.session.secret, `\${${contractKeys.sessionSecret}}`);
    assert.equal(provider.clientSecret, `\${${contractKeys.clientSecret}}`);
    assert.equal(provider.clientId, `\${${contractKeys.clientId}}`);
    assert.equal(provider.metadataUrl, `\${${contractKeys.metadataUrl}}`);
  });

  it("writes what the OIDC module needs and no longer allows", () => {
    const provider = parsed().auth.providers.oidc.staging;
    assert.equal(provider.prompt, "auto");
    assert.deepEqual(provider.timeout, { seconds: 30 });
    assert.deepEqual(provider.signIn, { resolvers: settings.resolvers });
    assert.ok(!("scope" in provider));
    assert.deepEqual(provider.additionalScopes, ["groups"]);
    assert.deepEqual(provider.sessionDuration, { seconds: 3600 });
    assert.ok(!("additionalScopes" in parsed({ additionalScopes: [] }).auth.providers.oidc.staging));
  });

  it("trusts a proxy exactly where TLS ends before Backstage", () => {
    assert.equal(parsed().backend.trustProxy, true);
    assert.equal(parsed({ url: "http://localhost:7007" }).backend.trustProxy, undefined);
  });

  it("gives browsers' cross-origin rule the origin, without the sub-path", () => {
    assert.equal(parsed().backend.cors.origin, "https://dev.example.com");
    assert.equal(parsed().backend.baseUrl, "https://dev.example.com/portal");
  });
});
