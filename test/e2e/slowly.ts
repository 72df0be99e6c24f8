import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../../sandbox/settings";

/**
 * The command of the sandbox's Backstage, with an auth plugin that needs so long to initialise, as one with migrations
 * does.
 */
export function slowly(seconds: number): string[] {
  const source = fs.readFileSync(path.join(root, "sandbox", "backstage", "index.js"), "utf8");
  const slow = `
    const { createBackendModule } = require("@backstage/backend-plugin-api");
    const init = () => new Promise((resolve) => setTimeout(resolve, ${seconds * 1000}));
    backend.add(createBackendModule({ pluginId: "auth", moduleId: "slow", register: (env) => env.registerInit({ deps: {}, init }) }));
    backend.start()`;
  assert.ok(source.includes("backend.start()"));
  // Its name comes first among the arguments, as a file's would.
  return ["node", "-e", source.replace("backend.start()", slow), "--", "backstage"];
}
