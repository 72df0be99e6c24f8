import * as fs from "node:fs";
import * as path from "node:path";
import type { Outcome } from "./outcome";
import { log, runUnchecked } from "./process";
import { inCache, root } from "./settings";

let runs = 0;

/**
 * A run of mocha, its output in one piece when it has ended, for another may run beside it. One that ended without
 * writing its outcome has failed, whatever it printed.
 */
export async function mochaRun(what: string, paths: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  log(`${what} begins`);
  const file = inCache(`mocha-${process.pid}-${++runs}.json`);
  const bin = path.join(root, "node_modules", "mocha", "bin", "mocha.js");
  const options = ["--config", "test/mocharc.json", "--recursive", "--extension", "test.ts", ...paths];
  const { code, stdout, stderr } = await runUnchecked(process.execPath, [bin, ...options], {
    cwd: root,
    env: { ...process.env, ...env, MOCHA_OUTCOME: file },
  });
  console.log(`\n== ${what}\n${stdout}${stderr}`);
  const { passed, failures }: Outcome = fs.existsSync(file)
    ? (JSON.parse(fs.readFileSync(file, "utf8")) as Outcome)
    : { passed: 0, failures: [] };
  fs.rmSync(file, { force: true });
  const isUnsaid = failures.length === 0 && (code !== 0 || passed === 0);
  return { passed, failures: isUnsaid ? [`${what}: ended with exit code ${code} and ${passed} passed`] : failures };
}
