import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ModuleKind, transpileModule } from "typescript";

const root = path.resolve(__dirname, "../../../..");

/** Runs code in a process of its own, where the SDK's source-map support is installed first, as in a run. */
function inRun(code: string, patched = true): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "traces-"));
  fs.mkdirSync(path.join(folder, "runtime"));
  fs.writeFileSync(path.join(folder, "runtime", "debuggable.js"), "module.exports = () => new Error('tracked').stack;");
  const source =
    "type Line = 1;\n\n\nexport const fail = (): never => {\n  throw new Error('broken' satisfies string);\n};\n";
  const compilerOptions = { inlineSourceMap: true, module: ModuleKind.CommonJS };
  fs.writeFileSync(
    path.join(folder, "failing.js"),
    transpileModule(source, { compilerOptions, fileName: "failing.ts" }).outputText,
  );
  const script = `
    require("source-map-support").install();
    let formatted = 0;
    const mapped = Error.prepareStackTrace;
    Error.prepareStackTrace = (error, frames) => { formatted++; return mapped(error, frames); };
    ${patched ? `require(${JSON.stringify(path.join(root, "lib", "runtime", "stackTraces.ts"))});` : ""}
    const folder = ${JSON.stringify(folder)};
    ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "-e", script], {
    cwd: root,
    encoding: "utf8",
  });
  fs.rmSync(folder, { recursive: true });
  assert.equal(stderr, "");
  return stdout.trim();
}

describe("lib/runtime/stackTraces", () => {
  for (const [patched, expected, change] of [
    [false, true, "formats no trace for a tracked promise any more: delete lib/runtime/stackTraces.ts"],
    [true, false, "takes its traces elsewhere: mend TRACKER in lib/runtime/stackTraces.ts"],
  ] as const)
    it(`${patched ? "spares" : "would otherwise see"} the formatting where this SDK tracks a promise`, () => {
      const said = inRun(
        `const { debuggablePromise } = require("@pulumi/pulumi/runtime/debuggable");
        const before = formatted;
        void debuggablePromise(Promise.resolve(), "tracked");
        console.log(formatted > before);`,
        patched,
      );
      assert.equal(said, String(expected), `@pulumi/pulumi ${change}`);
    }).timeout(20_000);

  it("finds source-map-support where this SDK starts a program", () =>
    assert.match(
      fs.readFileSync(require.resolve("@pulumi/pulumi/cmd/run"), "utf8"),
      /require\("source-map-support\/register"\)/,
      "@pulumi/pulumi maps traces in another way: measure lib/runtime/stackTraces.ts again, or delete it",
    ));

  it("spares the formatting where the SDK tracks a promise, and keeps the frames for whoever asks", () => {
    const said = inRun(`
      const before = formatted;
      const trace = require(folder + "/runtime/debuggable.js")();
      console.log(formatted - before, String(trace).includes("runtime/debuggable.js:1"));`);
    assert.equal(said, "0 true");
  }).timeout(20_000);

  it("leaves the traces of errors as they are, with the lines of the TypeScript source", () => {
    const said = inRun(`
      const before = formatted;
      try { require(folder + "/failing.js").fail(); } catch (error) { console.log(error.stack.split("\\n")[1], formatted - before > 0); }`);
    assert.match(said, /failing\.ts:5:9\) true$/);
  }).timeout(20_000);
});
