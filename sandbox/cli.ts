import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { verify } from "../verify/chain";
import { backstageAnswers } from "../verify/checks/backstage";
import { isRolledOut } from "../verify/checks/pods";
import { clusterClient } from "../verify/cluster";
import type { Context } from "../verify/context";
import { exitCode, table } from "../verify/runChecks";
import { clusterRunning } from "./cluster";
import { nodePids } from "./node/host";
import { daemonPid, log, memoryMiB, waitFor } from "./process";
import { startPlatform, stopPlatform } from "./platform";
import { pulumiEnv } from "./pulumi";
import { cache, inPlatform, platform, UserError } from "./settings";
import { Stack } from "./stack";
import { runTests } from "./tests";

const DEMO_STACK = "dev";

/** How long, in seconds, a Backstage may take to come back that no run has rolled out. */
const RETURN_SECONDS = 120;

/**
 * A machine that was started anew brings its pods back by itself, and a run that changes nothing waits for none of
 * them. Whether they came is for verify to say.
 */
async function awaitBackstage(context: Context): Promise<void> {
  const back = async (): Promise<string> => `${await isRolledOut(context)}; ${await backstageAnswers(context)}`;
  if (await back().catch(() => undefined)) return;
  log("waiting for Backstage");
  await waitFor("Backstage", RETURN_SECONDS, back).catch(() => undefined);
}

/** From whatever there is to a proven sign-in: the platform, the real program, the checks. */
async function demo(): Promise<boolean> {
  const running = await startPlatform();
  const stack = new Stack(DEMO_STACK, running);
  await stack.configure();
  log("pulumi up");
  const up = await stack.up();
  process.stderr.write(up.stdout + up.stderr);
  if (up.code !== 0) throw new UserError("pulumi up failed, see above; mend it and run make demo again.");
  const outputs = await stack.outputs();
  const logins = Object.entries(outputs.userPasswords).map(([username, password]) => ({ username, password }));
  const context = { outputs, cluster: clusterClient(running.kubeconfig), logins };
  await awaitBackstage(context);
  const results = await verify(context);
  console.log(`\n${table(results)}\n
Backstage   ${outputs.backstageUrl}
Keycloak    ${outputs.keycloakUrl}
user        ${logins.map(({ username }) => username).join(", ")}
password    make shell CMD='pulumi stack output userPasswords --show-secrets'\n`);
  const proven = exitCode(results) === 0;
  console.log(proven ? "A sign-in is proven." : "The sign-in is not proven: the line FAIL of the table says why.");
  return proven;
}

/** What runs, and where. */
async function status(): Promise<boolean> {
  const parts = { Kubernetes: clusterRunning(), Keycloak: daemonPid("keycloak") !== undefined };
  for (const [name, runs] of Object.entries(parts)) console.log(`${name.padEnd(12)}${runs ? "runs" : "does not run"}`);
  if (!Object.values(parts).every(Boolean)) {
    console.log("make demo starts what does not run.");
    return false;
  }
  const stacks = fs.existsSync(inPlatform("stacks")) ? fs.readdirSync(inPlatform("stacks")) : [];
  const memory = memoryMiB([...nodePids(), daemonPid("keycloak") ?? 0]);
  console.log(`stacks      ${stacks.join(", ")}\nmemory      ${memory} MiB\nfiles       ${platform}`);
  return Promise.resolve(true);
}

/** The last lines of each log; of one only when it is named. */
function logs(name: string | undefined): boolean {
  const folder = inPlatform("logs");
  const files = fs.existsSync(folder) ? fs.readdirSync(folder).filter((file) => file.endsWith(".log")) : [];
  const wanted = files.filter((file) => name === undefined || file === `${name}.log`);
  if (wanted.length === 0) {
    throw new UserError(
      `There is no log ${name ?? ""}; there are ${files.join(", ") || "none: nothing has been started"}.`,
    );
  }
  for (const file of wanted) {
    const lines = fs.readFileSync(path.join(folder, file), "utf8").trimEnd().split("\n");
    console.log(`==> ${file}\n${lines.slice(name === undefined ? -10 : -200).join("\n")}\n`);
  }
  return true;
}

/** A shell, or one command, in the demo stack's folder, where plain `pulumi` and `kubectl` work. */
async function shell(command: string | undefined): Promise<number> {
  const cwd = inPlatform("stacks", DEMO_STACK);
  if (!fs.existsSync(cwd)) throw new UserError("The platform does not run; run make demo first.");
  const args = command === undefined ? ["-i"] : ["-c", command];
  return spawnSync("bash", args, { cwd, env: await pulumiEnv(), stdio: "inherit" }).status ?? 1;
}

const commands: Record<string, (argument?: string) => Promise<boolean | number> | boolean | number> = {
  demo,
  test: runTests,
  status,
  logs,
  shell,
  down: async () => {
    await stopPlatform();
    log("the platform is gone");
    return true;
  },
  clean: async () => {
    await stopPlatform();
    fs.rmSync(cache, { recursive: true, force: true });
    log(`${cache} is gone`);
    return true;
  },
};

async function main(): Promise<void> {
  const [name = "", argument] = process.argv.slice(2);
  const command = commands[name];
  if (command === undefined)
    throw new UserError(`${name} is not a command; there are ${Object.keys(commands).join(", ")}.`);
  const outcome = await command(argument === "" ? undefined : argument);
  process.exitCode = typeof outcome === "number" ? outcome : outcome ? 0 : 1;
}

main().catch((error: unknown) => {
  // A user's mistake is a sentence; anything else is ours, and then the stack helps whoever reads the report.
  console.error(error instanceof UserError ? error.message : error);
  process.exitCode = 1;
});
