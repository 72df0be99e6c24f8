import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";

const root = path.resolve(__dirname, "../../../..");

/** Loads the SDK in a process of its own and runs code that has `loaded()`, the number of the installer's files. */
function withSdk(code: string): string {
  const script = `
    require(${JSON.stringify(path.join(root, "lib", "runtime", "lazyInstaller.ts"))});
    const { runtime } = require("@pulumi/pulumi");
    const loaded = () => Object.keys(require.cache).filter((file) => file.includes("/@npmcli/arborist/lib/")).length;
    ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "-e", script], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return stdout.trim();
}

describe("lib/runtime/lazyInstaller", () => {
  it("keeps npm's installer out until it is used", () => {
    // One file: the module that stands in its place.
    assert.equal(withSdk("console.log(loaded())"), "1");
  }).timeout(20_000);

  it("loads it where the SDK looks for the packages of a function", () => {
    const said = withSdk(`
      const isYaml = (file) => file.includes("node_modules/yaml");
      runtime.computeCodePaths().then((paths) => console.log(loaded() > 1, [...paths.keys()].some(isYaml)));`);
    assert.equal(said, "true true");
  }).timeout(60_000);
});
