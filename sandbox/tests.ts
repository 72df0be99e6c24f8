import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { inCache, root } from "./settings";

interface Counts {
  passed: number;
  failed: number;
}

/** Runs a program with our output; resolves to its exit code. */
function live(args: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

const bin = (name: string, file: string): string => path.join(root, "node_modules", name, file);

/** A check that is one pass or one failure. */
async function check(what: string, args: string[]): Promise<Counts> {
  console.log(`\n== ${what}`);
  return (await live(args)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** A mocha run; a run that ended without writing its counts has failed, whatever it printed. */
async function mocha(what: string, folder: string): Promise<Counts> {
  console.log(`\n== ${what}`);
  const counts = inCache(`mocha-${process.pid}.json`);
  fs.rmSync(counts, { force: true });
  const code = await live(
    [bin("mocha", "bin/mocha.js"), "--config", "test/mocharc.json", "--recursive", "--extension", "ts", folder],
    { MOCHA_COUNTS: counts },
  );
  const { passed, failed } = fs.existsSync(counts) ? (JSON.parse(fs.readFileSync(counts, "utf8")) as Counts) : { passed: 0, failed: 0 };
  fs.rmSync(counts, { force: true });
  return { passed, failed: code !== 0 || passed === 0 ? Math.max(1, failed) : failed };
}

/** Everything, or one of typecheck, lint, unit and e2e. Closes with one line over all of them. */
export async function runTests(only?: string): Promise<boolean> {
  const steps: Record<string, () => Promise<Counts>> = {
    typecheck: () => check("typecheck", [bin("typescript", "bin/tsc")]),
    lint: () => check("lint", [bin("eslint", "bin/eslint.js"), "--max-warnings", "0", "."]),
    unit: () => mocha("unit tests", "test/unit"),
    e2e: () => mocha("end-to-end tests on the real servers", "test/e2e"),
  };
  const total: Counts = { passed: 0, failed: 0 };
  for (const [name, step] of Object.entries(steps)) {
    if (only !== undefined && only !== name) continue;
    const { passed, failed } = await step();
    total.passed += passed;
    total.failed += failed;
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0;
}
