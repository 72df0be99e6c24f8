import assert from "node:assert/strict";
import { generateKeyPairSync, verify } from "node:crypto";
import { clientAssertion, loginForm } from "../../../../lib/keycloak/adminLogin";

const issuer = "https://id.example.com/realms/master";

describe("lib/keycloak/adminLogin", () => {
  it("signs in with a password", () => {
    assert.deepEqual(loginForm({ method: "password", clientId: "admin-cli", username: "admin", secret: "s" }, issuer), {
      grant_type: "password",
      client_id: "admin-cli",
      username: "admin",
      password: "s",
    });
  });

  it("signs in with a client's secret", () => {
    assert.deepEqual(loginForm({ method: "client-secret", clientId: "pulumi", secret: "s" }, issuer), {
      grant_type: "client_credentials",
      client_id: "pulumi",
      client_secret: "s",
    });
  });

  for (const [algorithm, pair] of [
    ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ES384", generateKeyPairSync("ec", { namedCurve: "P-384" })],
  ] as const) {
    it(`signs in with a JWT by ${algorithm}, for this issuer and a minute only`, () => {
      const key = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      const form = loginForm({ method: "signed-jwt", clientId: "pulumi", secret: key, algorithm }, issuer);
      const [head = "", body = "", signature = ""] = (form.client_assertion ?? "").split(".");
      const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
      assert.equal((claims.exp as number) - (claims.iat as number), 60);
      assert.deepEqual([claims.iss, claims.sub, claims.aud], ["pulumi", "pulumi", issuer]);
      const signed = Buffer.from(`${head}.${body}`);
      assert.ok(
        verify(
          `sha${algorithm.slice(2)}`,
          signed,
          { key: pair.publicKey, dsaEncoding: "ieee-p1363" },
          Buffer.from(signature, "base64url"),
        ),
      );
      assert.ok(!JSON.stringify(form).includes("PRIVATE"));
    });
  }

  it("refuses what is no key", () => assert.throws(() => clientAssertion("pulumi", issuer, "no key", "RS256")));
});
