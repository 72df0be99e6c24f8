import assert from "node:assert/strict";
import fc from "fast-check";
import { redirectUriFault, webOriginFault } from "../../../lib/clients";

describe("lib/clients", () => {
  for (const uri of ["https://a.example.com/cb", "https://a.example.com/cb?x=y", "http://localhost:8085/auth/callback", "http://127.0.0.1/cb", "http://[::1]:1/cb"]) {
    it(`accepts ${uri}`, () => assert.equal(redirectUriFault(uri, false), undefined));
  }

  for (const uri of ["http://a.example.com/cb", "http://localhost.example.com/", "ftp://a.example.com", "a.example.com/cb", "https:///cb", "https://me:x@a.example.com/", "https://a.example.com/#f", "+", ""]) {
    it(`refuses ${JSON.stringify(uri)}`, () => assert.ok(redirectUriFault(uri, false) !== undefined));
  }

  it("accepts plain http of any host in dev only", () => assert.equal(redirectUriFault("http://10.0.0.1/cb", true), undefined));

  it("refuses a wildcard or a fragment wherever it stands", () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ["https"], withQueryParameters: true }), fc.constantFrom("*", "#"), fc.nat(), (url, mark, at) => {
        const position = at % (url.length + 1);
        assert.ok(redirectUriFault(url.slice(0, position) + mark + url.slice(position), true) !== undefined);
      }),
    );
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
