import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { sleep, statOf } from "../../sandbox/process";
import { ensurePulumi, pulumiEnv } from "../../sandbox/pulumi";
import type { Stack } from "../../sandbox/stack";

/** A line of the CLI for something that begins or ends: the run's own clock, however fast the machine is. */
const EVENT = /^ (?:[+~-]|\+-|\+\+|--) .* (creating|created|updating|updated|deleting|deleted|replacing|replaced) \(/gm;

/** The pids of a process and of all that descend from it: the engine starts each plugin in a group of its own. */
function family(pid: number): number[] {
  const parents = fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(statOf(Number(name))?.[1])] as const);
  const below = (parent: number): number[] =>
    parents.filter(([, its]) => its === parent).flatMap(([child]) => [child, ...below(child)]);
  return [pid, ...below(pid)];
}

export interface Killed {
  /** False when the run was over before. */
  readonly killed: boolean;
  readonly events: number;
  /** The last thing that was under way. */
  readonly last: string;
}

/** Runs `pulumi`, and ends engine, language host and plugins by SIGKILL, some ms after so many events. */
export async function killAt(
  stack: Stack,
  command: "up" | "destroy",
  events: number,
  afterMs: number,
): Promise<Killed> {
  const child = spawn(await ensurePulumi(), stack.updating(command), {
    cwd: stack.folder,
    env: await pulumiEnv(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const over = (): boolean => child.exitCode !== null;
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const seen = (): string[] => said.match(EVENT) ?? [];
  while (!over() && seen().length < events) await sleep(20);
  await sleep(afterMs);
  const killed = !over();
  if (killed)
    for (const pid of family(child.pid ?? 0)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // the end of another one has ended it
      }
    }
  await ended;
  return { killed, events: seen().length, last: (seen().at(-1) ?? "").trim().replace(/ \($/, "") };
}
