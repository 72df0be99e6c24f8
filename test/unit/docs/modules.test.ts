import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { arrowsOf, chainPicture, modulesDot, modulesPicture, roomOf } from "../../../docs/generate/modules";

const root = path.join(__dirname, "../../..");
const docs = path.join(root, "docs");
const text = (name: string): string => readFileSync(path.join(docs, name), "utf8");

describe("docs/generate/modules", function () {
  this.timeout(60_000); // every import of the repository is read

  it("draws the rooms as the imports are; npm run docs writes it", async () =>
    assert.equal(text("modules.svg"), await modulesPicture(root)));

  it("draws the chain as chain.dot says it", async () => assert.equal(text("chain.svg"), await chainPicture(docs)));

  it("tells an import by value from one for its types", async () => {
    const arrows = await arrowsOf(root);
    const typesOnly = (from: string, to: string): boolean | undefined =>
      arrows.find((arrow) => arrow.from === from && arrow.to === to)?.typesOnly;
    assert.equal(typesOnly("deploy.ts", "preflight"), false);
    assert.equal(typesOnly("render", "components"), true);
    assert.equal(typesOnly("verify", "preflight"), undefined);
    const dot = modulesDot(arrows);
    assert.match(dot, /"deploy\.ts" -> "preflight";/);
    assert.match(dot, /"render" -> "components" \[style=dashed/);
  });

  it("names who asks lib where not every room does", () =>
    assert.match(modulesDot([{ from: "verify", to: "lib/pod", typesOnly: false }]), /lib: [^"]*, for verify"/));

  it("knows a domain of lib, and refuses a folder that nobody described", () => {
    assert.equal(roomOf("lib/pod/gates.ts"), "lib/pod");
    assert.equal(roomOf("lib/errors.ts"), "lib");
    assert.equal(roomOf("verify/checks/pods.ts"), "verify");
    assert.throws(() => roomOf("cellar/a.ts"), /^Error: cellar\/a\.ts is in no room/);
  });
});
