import * as fs from "node:fs";
import * as path from "node:path";
import { inLanes } from "./lanes";
import { mochaRun } from "./mochaRun";
import { none, sum, type Outcome } from "./outcome";
import { checkPackaging } from "./packaging";
import { runUnchecked } from "./process";
import { externalCluster, inCache, root, UserError } from "./settings";
import { goTools } from "./tools";

/** A failure on one line, as much of it as a summary bears; the whole is above it, where the test ran. */
function short(failure: string): string {
  const line = failure.replace(/\s+/g, " ");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

const bin = (name: string, file: string): string => path.join(root, "node_modules", name, file);

/** A check that is one pass or one failure. */
async function check(what: string, args: string[], program = process.execPath): Promise<Outcome> {
  const { code, stdout, stderr } = await runUnchecked(program, args, { cwd: root });
  console.log(`\n== ${what}\n${stdout}${stderr}`);
  return code === 0 ? { passed: 1, failures: [] } : { passed: 0, failures: [`${what}: ended with exit code ${code}`] };
}

/** The workflows of .github, without the linters that a machine may have or not. */
const workflows = async (): Promise<Outcome> =>
  check("workflows", ["-shellcheck=", "-pyflakes="], path.join(await goTools("actionlint"), "actionlint"));

async function lint(): Promise<Outcome> {
  const outcomes = await Promise.all([
    check("format", [bin("prettier", "bin/prettier.cjs"), "--check", "."]),
    check("lint", [bin("eslint", "bin/eslint.js"), "--max-warnings", "0", "."]),
    check("imports", [bin("dependency-cruiser", "bin/dependency-cruiser.mjs"), "."]),
    check("duplicates", [bin("jscpd", "bin/jscpd"), "."]),
    workflows(),
  ]);
  return outcomes.reduce(sum);
}

/** The program installed as users do, on the oldest Node that it claims, and made by `pulumi new`. */
async function packaging(): Promise<Outcome> {
  console.log("\n== packaging: no dev dependencies, on the oldest Node");
  const installed = await checkPackaging().then(
    () => ({ passed: 1, failures: [] }),
    (error: unknown) => ({ passed: 0, failures: [`packaging: ${(error as Error).message}`] }),
  );
  // The plugins in a folder of their own: a lane lays its own meanwhile.
  const folder = inCache("platform-packaging");
  const env = { SANDBOX_PLATFORM: folder };
  const consumed = await mochaRun("packaging: the other ways to consume it", ["test/packaging"], env);
  fs.rmSync(folder, { recursive: true, force: true });
  return sum(installed, consumed);
}

/** What needs no servers, in its order; what is wrong in the first two makes all others not worth their time. */
export const checks: Readonly<Record<string, () => Promise<Outcome>>> = {
  typecheck: () => check("typecheck", [bin("typescript", "bin/tsc")]),
  lint,
  unit: () => mochaRun("unit tests", ["test/unit", "test/policy"]),
  packaging,
};

/** The tests of a folder of test/, by their files. */
function filesOf(suite: string): string[] {
  const files = fs.readdirSync(path.join(root, "test", suite), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".test.ts")).map((file) => path.join("test", suite, file));
}

/**
 * The suites on the real servers: every folder of test/ that has tests, and is none of the checks'. Minutes to an hour
 * each, so all but `e2e` run only when named.
 */
export function serverSuites(): string[] {
  const folders = fs.readdirSync(path.join(root, "test"), { withFileTypes: true }).filter((one) => one.isDirectory());
  const names = folders.map(({ name }) => name).filter((name) => !["unit", "policy", "packaging"].includes(name));
  return names.filter((name) => filesOf(name).length > 0);
}

/**
 * Everything but the suites that are only run when named, or one step. Closes with what failed, and one line over all.
 */
export async function runTests(only?: string): Promise<boolean> {
  const suites = serverSuites();
  const steps = [...Object.keys(checks), ...suites, "foreign"];
  if (only !== undefined && !steps.includes(only)) {
    throw new UserError(`${only} is no part of the tests; ONLY is one of ${steps.join(", ")}.`);
  }
  const isWanted = (step: string): boolean => (only === undefined ? true : step === only);
  let total = none;
  for (const name of ["typecheck", "lint"]) if (isWanted(name)) total = sum(total, (await checks[name]?.()) ?? none);
  const beside = ["unit", "packaging"].flatMap((name) => (isWanted(name) ? (checks[name] ?? []) : []));
  const suite = only === undefined ? "e2e" : suites.find((name) => name === only);
  const isForeign = isWanted("foreign");
  if (suite === undefined && !isForeign) for (const one of beside) total = sum(total, await one());
  else {
    // A record of what was seen is one file, which one lane may write; a cluster of the user's is one too.
    const lanes = process.env.RECORD === undefined && externalCluster === undefined ? 2 : 1;
    const files = suite === undefined ? [] : filesOf(suite);
    total = sum(total, await inLanes({ files, foreign: isForeign, beside, lanes }));
  }
  console.log();
  for (const failure of total.failures) console.log(`failed: ${short(failure)}`);
  console.log(`${total.passed} passed, ${total.failures.length} failed`);
  return total.failures.length === 0 && total.passed > 0;
}
