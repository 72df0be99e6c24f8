import assert from "node:assert/strict";
import fc from "fast-check";
import { checksumAnnotation, dataHash, keyedHash } from "../../../../lib/pod/hashes";

const data = fc.dictionary(fc.string(), fc.string(), { maxKeys: 6 });

describe("lib/pod/hashes", () => {
  it("does not depend on the order of the keys", () => {
    fc.assert(
      fc.property(data, (values) =>
        assert.equal(dataHash(values), dataHash(Object.fromEntries(Object.entries(values).reverse()))),
      ),
    );
  });

  it("tells any two different contents apart", () => {
    const canonical = (values: Record<string, string>): string =>
      JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
    fc.assert(
      fc.property(data, data, (a, b) => assert.equal(dataHash(a) === dataHash(b), canonical(a) === canonical(b))),
    );
  });

  it("does not mistake a value for a key, or two keys for one", () => {
    const all = [{ a: "b" }, { b: "a" }, { ab: "" }, { a: "", b: "" }, {}].map((values) =>
      dataHash(values as Record<string, string>),
    );
    assert.equal(new Set(all).size, all.length);
  });

  it("tells nobody without the key what people chose", () => {
    const chosen = { username: "backstage", password: "Sommer2026!" };
    const annotation = keyedHash(chosen, "a key of the state");
    assert.match(annotation, /^[a-f0-9]{64}$/);
    assert.equal(annotation, keyedHash(Object.fromEntries(Object.entries(chosen).reverse()), "a key of the state"));
    assert.notEqual(annotation, keyedHash({ ...chosen, password: "Sommer2027!" }, "a key of the state"));
    for (const guess of [dataHash(chosen), keyedHash(chosen, ""), keyedHash(chosen, "another key")])
      assert.notEqual(guess, annotation);
  });

  it("names the annotation after the object", () => {
    assert.equal(checksumAnnotation("secret", "backstage-env-vars"), "checksum/secret-backstage-env-vars");
  });

  it("is a name that the API server takes, however long the object's is, and another for every object", () => {
    const names = [50, 56, 57, 253].flatMap((length) => ["a", "b"].map((end) => "n".repeat(length) + end));
    const all = names.flatMap((name) => [checksumAnnotation("secret", name), checksumAnnotation("configmap", name)]);
    for (const annotation of all) assert.match(annotation, /^checksum\/[a-z0-9][-a-z0-9.]{0,61}[a-z0-9]$/);
    assert.equal(new Set(all).size, all.length);
  });
});
