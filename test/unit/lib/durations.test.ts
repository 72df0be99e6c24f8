import assert from "node:assert/strict";
import fc from "fast-check";
import { durationText, seconds } from "../../../lib/durations";

describe("lib/durations", () => {
  const known: [string, number, string][] = [
    ["5m", 300, "5m0s"],
    ["1h30m", 5400, "1h30m0s"],
    ["90m", 5400, "1h30m0s"],
    ["45s", 45, "45s"],
    ["720h", 2592000, "720h0m0s"],
    ["0s", 0, "0s"],
  ];
  for (const [written, total, canonical] of known) {
    it(`reads ${written} and writes it as ${canonical}`, () => {
      assert.equal(seconds(written), total);
      assert.equal(durationText(total), canonical);
    });
  }

  for (const text of ["", "5", "m", "5 m", "1d", "-5m"]) {
    it(`takes ${JSON.stringify(text)} for no duration`, () => assert.equal(seconds(text), undefined));
  }

  it("reads back what it writes", () => {
    fc.assert(fc.property(fc.nat(10_000_000), (total) => seconds(durationText(total)) === total));
  });
});
