import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { Broken, CannotLook, exitCode, runChecks, table, type Check } from "../../../verify/runChecks";
import { pattern } from "../../pattern";

const ran: string[] = [];
const check = (name: string, needs: string[], fault?: Error): Check => ({
  name,
  title: `the ${name}`,
  needs,
  run() {
    ran.push(name);
    return fault === undefined ? Promise.resolve(`saw ${name}`) : Promise.reject(fault);
  },
});

describe("verify/runChecks", () => {
  const broken = new Broken("b is broken", "mend it", ["the end of its log"]);
  const list = [
    check("a", []),
    check("b", ["a"], broken),
    check("c", ["b"]),
    check("d", ["c"]),
    check("e", ["a", "gone"]),
  ];

  it("names the broken link and its remedy; what needs it is neither run nor called broken, all else is run", async () => {
    const results = await runChecks(list);
    assert.deepEqual(ran.splice(0), ["a", "b", "e"]);
    assert.deepEqual(
      results.map(({ state }) => state),
      ["ok", "failed", "not reached", "not reached", "ok"],
    );
    assert.equal(results[3]?.remedy, 'mend "the b" first');
    assert.deepEqual(
      { ...results[1], seconds: 0 },
      {
        name: "b",
        title: "the b",
        state: "failed",
        saw: "b is broken",
        remedy: "mend it",
        details: ["the end of its log"],
        seconds: 0,
      },
    );
  });

  it("shows the results as lines, in colour when asked", async () => {
    const results = (await runChecks(list)).slice(0, 3);
    const lines = table(results);
    assert.match(
      lines,
      pattern(
        /^ok {4}the a {4}0\.0\d s {2}saw a\n/,
        /FAIL {2}the b {4}0\.0\d s {2}b is broken; mend it\n {8}the end of its log\n/,
        /-- {4}the c {4}0\.00 s {2}mend "the b" first$/,
      ),
    );
    const coloured = table(results, true);
    assert.notEqual(coloured, lines);
    assert.equal(stripVTControlCharacters(coloured), lines);
  });

  it("ends with 1 when a link is broken, with 2 when one could only not be looked at, else with 0", async () => {
    const unseen = check("u", [], new CannotLook("no right", "ask for it"));
    const codes = [[check("a", [])], [unseen, check("v", ["u"])], [unseen, check("b", [], broken)]];
    assert.deepEqual(await Promise.all(codes.map(async (checks) => exitCode(await runChecks(checks)))), [0, 2, 1]);
    assert.equal((await runChecks([unseen]))[0]?.state, "not checked");
  });
});
