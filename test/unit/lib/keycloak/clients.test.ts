import assert from "node:assert/strict";
import fc from "fast-check";
import {
  canonicalOrigin,
  postLogoutUriFault,
  redirectUriFault,
  webOriginFault,
} from "../../../../lib/keycloak/clients";

describe("lib/keycloak/clients", () => {
  for (const uri of [
    "https://a.example.com/cb",
    "https://a.example.com/cb?x=y",
    "http://localhost:8085/auth/callback",
    "http://127.0.0.1/cb",
    "http://[::1]:1/cb",
    "com.example.app:/callback",
    "com.example.app://callback",
    "HTTPS://a.example.com/cb",
  ]) {
    it(`accepts ${uri}`, () => assert.equal(redirectUriFault(uri, false), undefined));
  }

  for (const uri of [
    "http://a.example.com/cb",
    "http://localhost.example.com/",
    "ftp://a.example.com",
    "a.example.com/cb",
    "https:///cb",
    "https://me:x@a.example.com/",
    "https://a.example.com/#f",
    "+",
    "",
    "myapp:/cb",
    "com.example.app:cb",
    "javascript:alert(1)",
    "https://a.example.com/cb ",
    "https://a.example.com/\tcb",
    "https://a.example.com/%zz",
    "https://a.example.com/ü",
    "https://a_b.example.com/",
    "https://a.example.com./",
    "https://a.example.com:0/",
    `https://a.example.com/${"a".repeat(255)}`,
  ]) {
    it(`refuses ${JSON.stringify(uri)}`, () => assert.ok(redirectUriFault(uri, false) !== undefined));
  }

  it("accepts plain http of any host in dev only", () =>
    assert.equal(redirectUriFault("http://10.0.0.1/cb", true), undefined));

  it("refuses a wildcard or a fragment wherever it stands", () => {
    fc.assert(
      fc.property(
        fc.webUrl({ validSchemes: ["https"], withQueryParameters: true }),
        fc.constantFrom("*", "#"),
        fc.nat(),
        (url, mark, at) => {
          const position = at % (url.length + 1);
          assert.ok(redirectUriFault(url.slice(0, position) + mark + url.slice(position), true) !== undefined);
        },
      ),
    );
  });

  it("takes the signs for every redirect URI and for none where they mean that", () => {
    assert.deepEqual(
      ["+", "-"].map((sign) => postLogoutUriFault(sign, false)),
      [undefined, undefined],
    );
    assert.equal(webOriginFault("+", false), undefined);
    for (const fault of [
      webOriginFault("-", false),
      webOriginFault("com.example.app:/cb", false),
      postLogoutUriFault("*", false),
    ])
      assert.ok(fault !== undefined);
  });

  it("gives an origin the form that browsers send, and nothing else one", () => {
    for (const written of ["HTTPS://A.example.com", "https://a.example.com:443", "https://a.example.com"])
      assert.equal(canonicalOrigin(written), "https://a.example.com");
    for (const other of [
      "+",
      "https://a.example.com/",
      "https://a.example.com?b",
      "com.example.app:/cb",
      "https://me@a.example.com",
    ])
      assert.equal(canonicalOrigin(other), other);
  });

  it("takes an origin exactly as a browser sends it", () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ["https"] }), (url) => {
        const { origin } = new URL(url);
        assert.equal(webOriginFault(origin, false), undefined);
        assert.match(webOriginFault(`${origin}/`, false) ?? "", /more than an origin/);
      }),
    );
  });
});
