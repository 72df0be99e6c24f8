import assert from "node:assert/strict";
import fc from "fast-check";
import { backstageUrls, canonicalUrl, keycloakUrls, publicUrlFault } from "../../../../lib/keycloak/urls";

describe("lib/keycloak/urls", () => {
  const faults: [string, RegExp][] = [
    ["https:///keycloak", /empty host/],
    ["https://", /empty host/],
    ["https://:8443/auth", /empty host/],
    ["id.example.com", /not an absolute URL/],
    ["ftp://id.example.com", /not an absolute URL/],
    ["https://id.example.com:port", /not an absolute URL/],
    ["https://me:pass@id.example.com", /credentials/],
    ["https://id.example.com/?a=b", /query or a fragment/],
    ["https://id.example.com/#a", /query or a fragment/],
    ["https://*.example.com", /wildcard/],
    ["http://id.example.com", /plain http/],
    ["HTTP://id.example.com", /plain http/],
    ["https://id_1.example.com", /no DNS name/],
    ["https://id.example.com.", /no DNS name/],
    ["https://-id.example.com", /no DNS name/],
    [`https://${"a".repeat(64)}.example.com`, /no DNS name/],
    ["https://id.example.com:0", /port 0/],
    ["https://id.example.com/a b", /blank/],
    ["https://id.example.com/\n", /blank/],
    ["https://id.example.com/*", /wildcard/],
    ["https://id.example.com/a|b", /no URL has/],
    [`https://id.example.com/${"a".repeat(255)}`, /longer than 255/],
  ];
  for (const [url, fault] of faults) {
    it(`refuses ${url}`, () => assert.match(publicUrlFault(url, false) ?? "accepted", fault));
  }

  for (const url of [
    "https://id.example.com",
    "https://id.example.com:8443/auth/",
    "HTTPS://ID.Example.com",
    "https://bücher.example.com",
    "https://10.0.0.1",
    "http://localhost:8080",
    "http://127.0.0.1",
    "http://[::1]:80",
  ]) {
    it(`accepts ${url}`, () => assert.equal(publicUrlFault(url, false), undefined));
  }

  it("accepts plain http where it is allowed", () =>
    assert.equal(publicUrlFault("http://10.0.0.1:8080", true), undefined));

  it("gives one form to every spelling of a URL", () => {
    for (const spelling of ["https://ID.example.com", "https://id.example.com/", "https://id.example.com:443//"]) {
      assert.equal(canonicalUrl(spelling), "https://id.example.com");
    }
  });

  it("derives Keycloak's URLs, with and without a base path", () => {
    assert.deepEqual(keycloakUrls("https://id.example.com/auth/", "platform"), {
      origin: "https://id.example.com",
      basePath: "/auth",
      issuer: "https://id.example.com/auth/realms/platform",
      metadata: "https://id.example.com/auth/realms/platform/.well-known/openid-configuration",
      jwks: "https://id.example.com/auth/realms/platform/protocol/openid-connect/certs",
      token: "https://id.example.com/auth/realms/platform/protocol/openid-connect/token",
    });
    assert.equal(keycloakUrls("https://id.example.com", "platform").basePath, "");
  });

  it("writes a realm's name as Keycloak does in its issuer", () => {
    for (const [realm, written] of [
      ["My Realm", "My%20Realm"],
      ["L'équipe", "L'%C3%A9quipe"],
    ] as const) {
      assert.equal(keycloakUrls("https://id.example.com", realm).issuer, `https://id.example.com/realms/${written}`);
    }
  });

  it("derives Backstage's URLs from its sub-path", () => {
    assert.deepEqual(backstageUrls("https://dev.example.com/portal/", "oidc", "prod"), {
      base: "https://dev.example.com/portal",
      origin: "https://dev.example.com",
      redirectUri: "https://dev.example.com/portal/api/auth/oidc/handler/frame",
      startPath: "/api/auth/oidc/start?env=prod",
    });
  });

  it("keeps every derived URL below the one it came from", () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ["https"] }), fc.stringMatching(/^[a-z0-9-]{1,20}$/), (url, realm) => {
        const { origin, basePath, issuer, metadata } = keycloakUrls(url, realm);
        assert.equal(canonicalUrl(origin + basePath), canonicalUrl(url));
        assert.ok(issuer.startsWith(canonicalUrl(url)) && metadata.startsWith(issuer));
        assert.equal(canonicalUrl(canonicalUrl(url)), canonicalUrl(url));
      }),
    );
  });
});
