import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { clusterRunning } from "./cluster";
import { checkPackaging } from "./packaging";
import { startPlatform, stopPlatform, type Platform } from "./platform";
import { addresses, inCache, ports, root } from "./settings";
import { goTools } from "./tools";

/** The story of a stack: whose the cluster is shows there, if anywhere, and all other stories take as long again. */
const FOREIGN = ["test/e2e/lifecycle.test.ts"];

interface Outcome {
  readonly passed: number;
  /** What failed and why, one string each. */
  readonly failures: readonly string[];
}

/** A failure on one line, as much of it as a summary bears; the whole is above it, where the test ran. */
function short(failure: string): string {
  const line = failure.replace(/\s+/g, " ");
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** Runs a program, Node when no other is named, with our output; resolves to its exit code. */
function live(args: string[], env: NodeJS.ProcessEnv = {}, program = process.execPath): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

const bin = (name: string, file: string): string => path.join(root, "node_modules", name, file);

/** A check that is one pass or one failure. */
async function check(what: string, args: string[], program?: string): Promise<Outcome> {
  console.log(`\n== ${what}`);
  const code = await live(args, {}, program);
  return code === 0 ? { passed: 1, failures: [] } : { passed: 0, failures: [`${what}: ended with exit code ${code}`] };
}

/**
 * Runs tests on the platform, and leaves it as it was: running or not. What a killed run left of one is not built upon.
 */
async function onPlatform(test: (running: Platform) => Promise<Outcome>): Promise<Outcome> {
  const ranBefore = clusterRunning();
  try {
    if (!ranBefore) await stopPlatform();
    return await test(await startPlatform());
  } finally {
    if (!ranBefore) await stopPlatform();
  }
}

/** What makes a second platform out of a cluster that is there already: here the first one's. */
const onForeignCluster = ({ kubeconfig }: Platform): NodeJS.ProcessEnv => ({
  SANDBOX_KUBECONFIG: kubeconfig,
  SANDBOX_KEYCLOAK_HOST: addresses.host,
  SANDBOX_KEYCLOAK_PORT: String(ports.keycloak + 1),
  SANDBOX_BACKSTAGE_PORT: String(ports.backstage + 20),
  SANDBOX_PLATFORM: inCache("platform-foreign"),
});

/** A mocha run; a run that ended without writing its outcome has failed, whatever it printed. */
async function mocha(what: string, paths: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  console.log(`\n== ${what}`);
  const file = inCache(`mocha-${process.pid}.json`);
  fs.rmSync(file, { force: true });
  const code = await live(
    [bin("mocha", "bin/mocha.js"), "--config", "test/mocharc.json", "--recursive", "--extension", "test.ts", ...paths],
    { ...env, MOCHA_OUTCOME: file },
  );
  const { passed, failures } = fs.existsSync(file)
    ? (JSON.parse(fs.readFileSync(file, "utf8")) as Outcome)
    : { passed: 0, failures: [] };
  fs.rmSync(file, { force: true });
  const unsaid = failures.length === 0 && (code !== 0 || passed === 0);
  return { passed, failures: unsaid ? [`${what}: ended with exit code ${code} and ${passed} passed`] : failures };
}

const added = (one: Outcome, other: Outcome): Outcome => ({
  passed: one.passed + other.passed,
  failures: [...one.failures, ...other.failures],
});

/** The workflows of .github, without the linters that a machine may have or not. */
const workflows = async (): Promise<Outcome> =>
  check("workflows", ["-shellcheck=", "-pyflakes="], path.join(await goTools("actionlint"), "actionlint"));

/** Minutes to half an hour more each: only when named. */
const ONLY_NAMED = ["faults", "rotation", "settings"];

/** The program installed as users do, on the oldest Node that it claims: one pass or one failure. */
async function packaging(): Promise<Outcome> {
  console.log("\n== packaging: no dev dependencies, on the oldest Node");
  return checkPackaging().then(
    () => ({ passed: 1, failures: [] }),
    (error: unknown) => ({ passed: 0, failures: [`packaging: ${(error as Error).message}`] }),
  );
}

/**
 * Everything but what is only run when named, or one of the steps. Closes with what failed, and one line over all of
 * them.
 */
export async function runTests(only?: string): Promise<boolean> {
  const steps: Record<string, () => Promise<Outcome>> = {
    typecheck: () => check("typecheck", [bin("typescript", "bin/tsc")]),
    lint: async () =>
      (
        await Promise.all([
          check("format", [bin("prettier", "bin/prettier.cjs"), "--check", "."]),
          check("lint", [bin("eslint", "bin/eslint.js"), "--max-warnings", "0", "."]),
          workflows(),
        ])
      ).reduce(added),
    unit: () => mocha("unit tests", ["test/unit", "test/policy"]),
    packaging,
    e2e: () => onPlatform(() => mocha("end-to-end tests on the real servers", ["test/e2e"])),
    faults: () => onPlatform(() => mocha("faults: what is killed, stopped, filled and deleted", ["test/faults"])),
    rotation: () =>
      onPlatform(() => mocha("rotations in every order and under the operators' hands", ["test/rotation"])),
    settings: () =>
      onPlatform(() => mocha("the objects of any accepted settings, as the API server judges them", ["test/settings"])),
    foreign: () =>
      onPlatform(async (running) => {
        const env = onForeignCluster(running);
        const down = (): Promise<number> => live(["--import", "tsx", path.join("sandbox", "cli.ts"), "down"], env);
        await down();
        const outcome = await mocha("the same on a cluster that SANDBOX_KUBECONFIG names", FOREIGN, env);
        await down();
        return outcome;
      }),
  };
  let total: Outcome = { passed: 0, failures: [] };
  for (const [name, step] of Object.entries(steps)) {
    if (only === undefined ? ONLY_NAMED.includes(name) : name !== only) continue;
    total = added(total, await step());
  }
  console.log();
  for (const failure of total.failures) console.log(`failed: ${short(failure)}`);
  console.log(`${total.passed} passed, ${total.failures.length} failed`);
  return total.failures.length === 0 && total.passed > 0;
}
