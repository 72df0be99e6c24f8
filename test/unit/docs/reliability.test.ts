import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { type FaultRecord, reliabilityPage } from "../../../docs/generate/reliability";

const docs = path.join(__dirname, "../../../docs");
const page = fs.readFileSync(path.join(docs, "reliability.md"), "utf8");

describe("docs/generate/reliability", () => {
  it("shows what the run of the faults came to; npm run docs writes it", () => {
    const records = JSON.parse(fs.readFileSync(path.join(docs, "reliability.json"), "utf8")) as FaultRecord[];
    assert.equal(page, reliabilityPage(page, records));
    assert.ok(records.length > 0);
  });

  it("names only tests that are there", () => {
    const tests = [...page.matchAll(/`(test\/[\w/]+\.test\.ts)`/g)].map(([, name = ""]) => name);
    assert.ok(tests.length > 5);
    for (const name of tests) assert.ok(fs.existsSync(path.join(docs, "..", name)), name);
  });

  it("writes one row a fault, and keeps a cell in its cell", () => {
    const row: FaultRecord = { fault: "a|b", told: "one\ntwo", kept: "all", heals: "by itself", seconds: 3 };
    assert.match(reliabilityPage(page, [row]), /\n\| a\\\|b \| one two \| all \| by itself \| 3 \|\n<!-- end/);
  });

  it("refuses a page without a place for the table", () => {
    assert.throws(() => reliabilityPage("# A page", []), /lacks the lines/);
  });
});
