import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { componentsPage } from "../../../docs/generate/components";

const docs = path.join(__dirname, "../../../docs");
const components = path.join(docs, "../components");

/** The page of one component, `Thing`, with these members of its Args and of itself. */
function pageOf(inputs: string, outputs: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "components-"));
  const source = `
    interface Base {
      /** Where it is. */
      readonly place: string;
    }
    export interface ThingArgs extends Base {
      ${inputs}
    }
    /** A thing. */
    export class Thing extends pulumi.ComponentResource {
      ${outputs}
      constructor(name: string, args: ThingArgs) { super("package:module:Thing", name, args); }
      private readonly hidden: string;
    }`;
  fs.writeFileSync(path.join(folder, "thing.ts"), source);
  try {
    return componentsPage(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

describe("docs/generate/components", () => {
  it("describes every component as its source does; npm run docs writes it", () => {
    const page = componentsPage(components, path.join(docs, "../lib"));
    assert.equal(fs.readFileSync(path.join(docs, "components.md"), "utf8"), page);
    const classes = fs
      .readdirSync(components)
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => [...fs.readFileSync(path.join(components, file), "utf8").matchAll(/^export class (\w+)/gm)]);
    assert.deepEqual(
      [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name),
      classes.map(([, name]) => name),
    );
    assert.ok(classes.length > 10);
  });

  it("shows type token, sentence, inputs with those they extend, defaults and public outputs", () => {
    const page = pageOf(
      "/** How many. @default 1 */ readonly count?: number;",
      "/** What came\n * of it. */ readonly result: string | undefined;",
    );
    assert.match(page, /^A thing\. Type `package:module:Thing`, in \[components\/thing\.ts\]/m);
    assert.match(
      page,
      /^\| `place` \| `string` \| required \| Where it is\. \|\n\| `count` \| `number` \| 1 \| How many\. \|$/m,
    );
    assert.match(page, /^\| `result` \| `string \\\| undefined` \| What came of it\. \|$/m);
    assert.doesNotMatch(page, /hidden/);
  });

  const faults: [string, string, string, RegExp][] = [
    [
      "an input without a sentence",
      "readonly count: number;",
      "",
      /^Thing: input count has no sentence of documentation$/,
    ],
    [
      "an input of an input without a sentence",
      "/** Both. */ readonly both: {\n readonly one: string };",
      "",
      /^Thing: input both\.one has no sentence/,
    ],
    [
      "an optional input without a default",
      "/** How many. */ readonly count?: number;",
      "",
      /^Thing: input count is optional and has no @default$/,
    ],
    ["an output without a sentence", "", "readonly result: string;", /^Thing: output result has no sentence/],
  ];
  for (const [what, inputs, outputs, message] of faults) {
    it(`refuses ${what}`, () => {
      assert.throws(() => pageOf(inputs, outputs), { message });
    });
  }
});
