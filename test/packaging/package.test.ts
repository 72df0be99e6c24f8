import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { runUnchecked, type RunResult } from "../../sandbox/process";
import { pulumi } from "../../sandbox/pulumi";
import { root } from "../../sandbox/settings";
import { makeConsumer, shown } from "./consumer";

describe("the package", function () {
  this.timeout(600_000);

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "package-"));
  const installed = path.join(folder, "node_modules", "backstage-keycloak");
  before(() => makeConsumer(folder));
  after(() => fs.rmSync(folder, { recursive: true }));

  const check = (): Promise<RunResult> =>
    runUnchecked(process.execPath, [path.join("node_modules", "typescript", "bin", "tsc"), "-p", "."], { cwd: folder });

  it("has what runs and its declarations, and neither sources nor tests", () => {
    const files = fs.readdirSync(installed, { recursive: true, encoding: "utf8" });
    const [kept, others] = [true, false].map((wanted) =>
      files.filter((file) => fs.statSync(path.join(installed, file)).isFile() && /^dist\//.test(file) === wanted),
    );
    assert.deepEqual(others?.sort(), ["LICENSE", "README.md", "package.json"]);
    assert.deepEqual(
      kept?.filter((file) => !/\.(js|mjs|d\.ts|d\.mts)$/.test(file) || /test|sandbox|verify/.test(file)),
      [],
    );
    for (const script of fs.readdirSync(path.join(root, "lib", "pod", "scripts")))
      assert.equal(
        fs.readFileSync(path.join(installed, "dist", "lib", "pod", "scripts", script), "utf8"),
        fs.readFileSync(path.join(root, "lib", "pod", "scripts", script), "utf8"),
        script,
      );
  });

  it("gives the program of the docs its types, and refuses one that is wrong", async () => {
    assert.ok(shown().includes("new BackstageWithKeycloak"));
    const { code, stdout } = await check();
    assert.equal(code, 0, stdout);
    fs.writeFileSync(path.join(folder, "index.ts"), shown().replace(/ {2}adminSecret: .*\n/, ""));
    assert.match((await check()).stdout, /Property 'adminSecret' is missing/);
    fs.writeFileSync(path.join(folder, "index.ts"), shown());
  });

  it("says what is wrong in the settings in one sentence", async () => {
    const program = `
      const pulumi = require("@pulumi/pulumi");
      pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) });
      const { BackstageWithKeycloak } = require("backstage-keycloak");
      process.on("unhandledRejection", ({ message }) => { console.log(message); process.exit(); });
      new BackstageWithKeycloak("portal", { settings: { environment: "prod", realm: { name: "a" } }, adminSecret: "x" });`;
    const { stdout } = await runUnchecked(process.execPath, ["-e", program], { cwd: folder });
    assert.match(stdout, /^config: keycloak is missing; set it in the stack's config\.\nconfig: backstage is missing;/);
  });

  it("gives Pulumi a schema, as a plugin", async () => {
    const plugin = path.join(folder, "plugin");
    const filter = (file: string): boolean => ![".git", "node_modules"].includes(path.basename(file));
    fs.cpSync(root, plugin, { recursive: true, filter });
    fs.symlinkSync(path.join(root, "node_modules"), path.join(plugin, "node_modules"));
    const { code, stdout, stderr } = await pulumi(["package", "get-schema", plugin], {
      cwd: folder,
      // The packages are there, and what `prepare` makes of the sources.
      env: { npm_config_dry_run: "true" },
    });
    assert.equal(code, 0, stderr);
    const { resources } = JSON.parse(stdout) as {
      resources: Record<string, { isComponent: boolean; requiredInputs: string[]; required: string[] }>;
    };
    assert.deepEqual(Object.keys(resources), ["backstage-keycloak:index:BackstageWithKeycloak"]);
    const [component] = Object.values(resources);
    assert.equal(component?.isComponent, true);
    assert.deepEqual(component.requiredInputs, ["adminSecret", "settings"]);
    assert.ok(component.required.includes("backstageUrl"));
  });
});
