import assert from "node:assert/strict";
import { runChecks, table, type Check } from "../../../verify/checks";

const ran: string[] = [];
const check = (name: string, fault?: string): Check => ({
  name,
  run() {
    ran.push(name);
    return fault === undefined ? Promise.resolve(`saw ${name}`) : Promise.reject(new Error(fault));
  },
});

describe("verify/checks", () => {
  it("names the first broken link; what depends on it is not reached, and not run", async () => {
    const results = await runChecks([check("a"), check("b", "b is broken; mend it"), check("c")]);
    assert.deepEqual(ran, ["a", "b"]);
    assert.deepEqual(results.map(({ state }) => state), ["ok", "failed", "not reached"]);
    assert.deepEqual(results.map(({ ok }) => ok), [true, false, false]);
    assert.match(table(results), /^ok {4}a {4}0\.0\d s {2}saw a\nFAIL {2}b {4}0\.0\d s {2}b is broken; mend it\n-- {4}c {4}0\.00 s {2}mend "b" first$/);
  });
});
