import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { outputSources, outputsPage } from "../../../docs/generate/outputs";

const root = path.join(__dirname, "../../..");

/** The page of these interfaces. */
function pageOf(source: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "outputs-"));
  const file = path.join(folder, "outputs.ts");
  fs.writeFileSync(file, source);
  try {
    return outputsPage([file]);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

describe("docs/generate/outputs", () => {
  it("describes every output as its type does; npm run docs writes it", () =>
    assert.equal(fs.readFileSync(path.join(root, "docs", "outputs.md"), "utf8"), outputsPage(outputSources(root))));

  it("shows the fields of an output below it", () => {
    const page = pageOf(`
      export interface Outputs {
        /** A house. */
        readonly house: House;
        /** By name. */
        readonly all: Readonly<Record<string, string>>;
      }
      interface House {
        /** How many. */
        readonly rooms?: number;
      }`);
    assert.match(page, /\n\| `house` \| {2}\| A house\. \|\n\| `house\.rooms` \| `number` \| How many\. \|\n/);
    assert.match(page, /\n\| `all` \| `Record<string, string>` \| By name\. \|\n/);
  });

  it("refuses an output without a sentence, and sources without outputs", () => {
    assert.throws(() => pageOf("interface Outputs { readonly house: string; }"), {
      message: "output house has no sentence of documentation",
    });
    assert.throws(() => pageOf("interface House {}"), { message: "no file spells out the interface Outputs" });
  });
});
