import fc from "fast-check";
import assert from "node:assert/strict";
import { adoptionChanges } from "../../../../lib/keycloak/adoption";

const wanted = {
  implicitFlowEnabled: false,
  fullScopeAllowed: false,
  pkceCodeChallengeMethod: "S256",
  standardTokenExchangeEnabled: false,
  validRedirectUris: ["https://b.example.com/frame"],
  webOrigins: [],
  clientSecret: "the program's",
};
const good = {
  redirectUris: wanted.validRedirectUris,
  attributes: { "pkce.code.challenge.method": "S256", "standard.token.exchange.enabled": "false" },
};

describe("what adoption changes", () => {
  it("is nothing where all is well, what Keycloak leaves out being false or empty", () => {
    assert.deepEqual(adoptionChanges(good, wanted), []);
  });

  it("is every setting that differs, one line each", () => {
    assert.deepEqual(adoptionChanges({ implicitFlowEnabled: true, redirectUris: ["*"], webOrigins: ["*"] }, wanted), [
      "implicitFlowEnabled is true and becomes false",
      'pkceCodeChallengeMethod is "" and becomes "S256"',
      'validRedirectUris is ["*"] and becomes ["https://b.example.com/frame"]',
      'webOrigins is ["*"] and becomes []',
    ]);
  });

  it("names each flag exactly when it differs, lists in any order, and never a secret", () => {
    const uris = fc.uniqueArray(fc.webUrl(), { maxLength: 4 });
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), uris, fc.uuid(), (implicit, exchange, list, secret) => {
        const found = {
          implicitFlowEnabled: implicit,
          secret,
          redirectUris: [...list].reverse(),
          attributes: { "pkce.code.challenge.method": "S256", "standard.token.exchange.enabled": String(exchange) },
        };
        const lines = adoptionChanges(found, { ...wanted, validRedirectUris: list });
        assert.equal(lines.length, Number(implicit) + Number(exchange));
        assert.ok(!lines.join().includes(secret) && !lines.join().includes(wanted.clientSecret));
      }),
    );
  });
});
