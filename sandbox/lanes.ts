import * as fs from "node:fs";
import * as path from "node:path";
import { clusterRunning } from "./cluster";
import { mochaRun } from "./mochaRun";
import { none, sum, type Outcome } from "./outcome";
import { startPlatform, stopPlatform, type Platform } from "./platform";
import { log, runUnchecked } from "./process";
import { addresses, inCache, ports, root } from "./settings";

/**
 * The files of tests on the real servers, in lanes: each lane has a platform of its own, so that a file which stops
 * Keycloak or fills a namespace disturbs none in another lane.
 */
export interface Plan {
  /** The files, as paths from the repository's root. */
  readonly files: readonly string[];
  /** Is the program's story also told on a cluster that SANDBOX_KUBECONFIG names? */
  readonly foreign: boolean;
  /** What needs no servers: the second lane does it while the first one's platform starts. */
  readonly beside: readonly (() => Promise<Outcome>)[];
  /** @default 2; 1 where one platform has to do */
  readonly lanes?: 1 | 2;
}

/** The story of a stack: whose the cluster is shows there, if anywhere, and all others take as long again. */
const FOREIGN = "test/e2e/lifecycle.test.ts";

const cli = (command: string, env: NodeJS.ProcessEnv): Promise<unknown> =>
  runUnchecked(process.execPath, ["--import", "tsx", path.join("sandbox", "cli.ts"), command], {
    cwd: root,
    env: { ...process.env, ...env },
  });

/** What makes a second platform out of a cluster that is there already: here the first lane's. */
async function foreign({ kubeconfig }: Platform): Promise<Outcome> {
  const env = {
    SANDBOX_KUBECONFIG: kubeconfig,
    SANDBOX_KEYCLOAK_HOST: addresses.host,
    SANDBOX_KEYCLOAK_PORT: String(ports.keycloak + 1),
    SANDBOX_BACKSTAGE_PORT: String(ports.backstage + 20),
    SANDBOX_PLATFORM: inCache("platform-foreign"),
  };
  await cli("down", env);
  const outcome = await mochaRun("the same on a cluster that SANDBOX_KUBECONFIG names", [FOREIGN], env);
  await cli("down", env);
  return outcome;
}

/** The second lane's platform: its networks are far from the first one's, whatever SANDBOX_NETWORK says. */
function secondLane(): NodeJS.ProcessEnv {
  const [first = 10, second = 97] = addresses.host.split(".").map(Number);
  return { SANDBOX_NETWORK: `${first}.${(second + 100) % 256}`, SANDBOX_PLATFORM: inCache("platform-lane-2") };
}

/** How long each file took when it last ran, in seconds: the longest goes first, so that no lane waits for it. */
const durations = inCache("durations.json");
const readDurations = (): Record<string, number> =>
  fs.existsSync(durations) ? (JSON.parse(fs.readFileSync(durations, "utf8")) as Record<string, number>) : {};

function queueOf(files: readonly string[]): string[] {
  const took = readDurations();
  return [...files].sort((a, b) => (took[b] ?? Infinity) - (took[a] ?? Infinity) || a.localeCompare(b));
}

async function work(queue: string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  let total = none;
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const began = performance.now();
    total = sum(total, await mochaRun(file, [file], env));
    fs.writeFileSync(durations, JSON.stringify({ ...readDurations(), [file]: (performance.now() - began) / 1000 }));
  }
  return total;
}

/** Runs the plan, and leaves the first lane's platform as it was: running or not. */
export async function inLanes({ files, foreign: alsoForeign, beside, lanes = 2 }: Plan): Promise<Outcome> {
  const queue = queueOf(files);
  const isRunning = clusterRunning();
  const second = secondLane();
  // What a killed run left of a platform is not built upon.
  if (!isRunning) await stopPlatform();
  const platform = startPlatform();
  const first = async (): Promise<Outcome> => {
    const running = await platform;
    const onForeign = alsoForeign ? await foreign(running) : none;
    return sum(onForeign, await work(queue, {}));
  };
  const other = async (): Promise<Outcome> => {
    let total = none;
    for (const one of beside) total = sum(total, await one());
    // Both would build what the cache lacks.
    await platform;
    if (lanes === 1 || queue.length === 0) return total;
    await cli("down", second);
    log("the second lane begins");
    return sum(total, await work(queue, second));
  };
  try {
    const outcomes = await Promise.allSettled([first(), other()]);
    return outcomes.map((one) => (one.status === "fulfilled" ? one.value : failed(one.reason))).reduce(sum);
  } finally {
    if (lanes === 2) await cli("down", second);
    if (!isRunning) await stopPlatform();
  }
}

const failed = (reason: unknown): Outcome => ({ passed: 0, failures: [`the lane: ${(reason as Error).message}`] });
