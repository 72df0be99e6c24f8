import assert from "node:assert/strict";
import fc from "fast-check";
import { durationText, seconds, wholeSeconds } from "../../../lib/durations";

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

  for (const [text, total] of [
    ["30d", 2_592_000],
    ["1d12h", 129_600],
    ["1.5h", 5400],
    ["0", 0],
    ["0s", 0],
    ["3650d", 315_360_000],
    ["1m0.5s500ms", 61],
  ] as const) {
    it(`takes the setting ${text} for ${total} s`, () => assert.equal(wholeSeconds(text), total));
  }

  for (const [text, fault] of [
    ["500ms", /whole seconds/],
    ["1.5s", /whole seconds/],
    ["3651d", /at most 3650d/],
    ["9999999h", /at most 3650d/],
    ["1h30d", /must be a duration/],
    ["d", /must be a duration/],
    ["", /must be a duration/],
    ["1.5d", /must be a duration/],
  ] as const) {
    it(`refuses the setting ${JSON.stringify(text)}`, () => assert.match(String(wholeSeconds(text)), fault));
  }

  it("reads back what it writes", () => {
    fc.assert(fc.property(fc.nat(10_000_000), (total) => seconds(durationText(total)) === total));
  });
});
