import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { clusterRunning } from "./cluster";
import { startPlatform, stopPlatform, type Platform } from "./platform";
import { addresses, inCache, ports, root } from "./settings";
import { goTools } from "./tools";

/** The story of a stack: whose the cluster is shows there, if anywhere, and all other stories take as long again. */
const FOREIGN = ["test/e2e/lifecycle.test.ts"];

interface Counts {
  passed: number;
  failed: number;
}

/** Runs a program, Node when no other is named, with our output; resolves to its exit code. */
function live(args: string[], env: NodeJS.ProcessEnv = {}, program = process.execPath): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

const bin = (name: string, file: string): string => path.join(root, "node_modules", name, file);

/** A check that is one pass or one failure. */
async function check(what: string, args: string[], program?: string): Promise<Counts> {
  console.log(`\n== ${what}`);
  return (await live(args, {}, program)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Runs tests on the platform, and leaves it as it was: running or not. What a killed run left of one is not built upon. */
async function onPlatform(test: (running: Platform) => Promise<Counts>): Promise<Counts> {
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

/** A mocha run; a run that ended without writing its counts has failed, whatever it printed. */
async function mocha(what: string, paths: string[], env: NodeJS.ProcessEnv = {}): Promise<Counts> {
  console.log(`\n== ${what}`);
  const counts = inCache(`mocha-${process.pid}.json`);
  fs.rmSync(counts, { force: true });
  const code = await live(
    [bin("mocha", "bin/mocha.js"), "--config", "test/mocharc.json", "--recursive", "--extension", "test.ts", ...paths],
    { ...env, MOCHA_COUNTS: counts },
  );
  const { passed, failed } = fs.existsSync(counts) ? (JSON.parse(fs.readFileSync(counts, "utf8")) as Counts) : { passed: 0, failed: 0 };
  fs.rmSync(counts, { force: true });
  return { passed, failed: code !== 0 || passed === 0 ? Math.max(1, failed) : failed };
}

const added = (one: Counts, other: Counts): Counts => ({ passed: one.passed + other.passed, failed: one.failed + other.failed });

/** The workflows of .github, without the linters that a machine may have or not. */
const workflows = async (): Promise<Counts> => check("workflows", ["-shellcheck=", "-pyflakes="], path.join(await goTools("actionlint"), "actionlint"));

/** Twenty minutes more: only when named. */
const ONLY_NAMED = "faults";

/** Everything but the faults, or one of typecheck, lint, unit, e2e, faults and foreign. Closes with one line over all of them. */
export async function runTests(only?: string): Promise<boolean> {
  const steps: Record<string, () => Promise<Counts>> = {
    typecheck: () => check("typecheck", [bin("typescript", "bin/tsc")]),
    lint: async () => added(await check("lint", [bin("eslint", "bin/eslint.js"), "--max-warnings", "0", "."]), await workflows()),
    unit: () => mocha("unit tests", ["test/unit", "test/policy"]),
    e2e: () => onPlatform(() => mocha("end-to-end tests on the real servers", ["test/e2e"])),
    faults: () => onPlatform(() => mocha("faults: what is killed, stopped, filled and deleted", ["test/faults"])),
    foreign: () =>
      onPlatform(async (running) => {
        const env = onForeignCluster(running);
        const down = (): Promise<number> => live(["--import", "tsx", path.join("sandbox", "cli.ts"), "down"], env);
        await down();
        const counts = await mocha("the same on a cluster that SANDBOX_KUBECONFIG names", FOREIGN, env);
        await down();
        return counts;
      }),
  };
  let total: Counts = { passed: 0, failed: 0 };
  for (const [name, step] of Object.entries(steps)) {
    if (only === undefined ? name === ONLY_NAMED : name !== only) continue;
    total = added(total, await step());
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0;
}
