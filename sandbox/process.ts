import { spawn, spawnSync, type SpawnOptions } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { inPlatform, UserError } from "./settings";

/** One line of progress for the person who waits, with the seconds since the command began. */
export function log(line: string): void {
  process.stderr.write(`[${(performance.now() / 1000).toFixed(0).padStart(4)} s] ${line}\n`);
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until `ready` returns a value that is not undefined; an error it throws counts as "not yet".
 * Fails after `seconds` with a sentence that says what was waited for and the last answer.
 */
export async function waitFor<T>(
  what: string,
  seconds: number,
  ready: () => Promise<T | undefined> | T | undefined,
  everyMs = 250,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  let last = "no answer";
  for (;;) {
    try {
      const value = await ready();
      if (value !== undefined) return value;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > end) throw new UserError(`${what}: not there after ${seconds} s (${last}).`);
    await sleep(everyMs);
  }
}

export interface RunOptions extends SpawnOptions {
  /** Given to the command's standard input. */
  input?: string;
  /** Send the command's output to this file instead of into the result. */
  logFile?: string;
}

/** Passes on what a command came to, and throws with what it printed when it failed. */
export function mustEnd(result: RunResult): RunResult {
  if (result.code !== 0) throw new Error(result.stdout + result.stderr);
  return result;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The exit code of a command that a signal ended. */
export const KILLED = 128;

/** Runs a command to its end; never throws for a non-zero exit code. */
export function runUnchecked(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const { input, logFile, ...spawnOptions } = options;
  const out = logFile === undefined ? "pipe" : fs.openSync(logFile, "a", 0o600);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...spawnOptions, stdio: [input === undefined ? "ignore" : "pipe", out, out] });
    const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    child.stdout?.on("data", (chunk: Buffer) => chunks.stdout.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => chunks.stderr.push(chunk));
    // With `signal` a command is ended on purpose, and then its result says so.
    child.on("error", (error) => {
      if (error.name !== "AbortError") reject(error);
    });
    child.on("close", (code, signal) => {
      if (typeof out === "number") fs.closeSync(out);
      resolve({
        code: code ?? (signal === null ? 1 : KILLED),
        stdout: Buffer.concat(chunks.stdout).toString(),
        stderr: Buffer.concat(chunks.stderr).toString(),
      });
    });
    if (input !== undefined) child.stdin?.end(input);
  });
}

/** Runs a command to its end and returns its standard output; throws with the last lines it printed. */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const result = await runUnchecked(command, args, options);
  if (result.code !== 0) {
    const said =
      options.logFile === undefined ? result.stderr || result.stdout : fs.readFileSync(options.logFile, "utf8");
    throw new Error(
      `${command} ${args.slice(0, 3).join(" ")} failed (${result.code}):\n${said.split("\n").slice(-15).join("\n")}`,
    );
  }
  return result.stdout;
}

/** Is the program on PATH? */
export const onPath = (program: string): boolean => spawnSync("which", [program], { stdio: "ignore" }).status === 0;

/**
 * The fields of /proc/PID/stat from the third on, the state; those before it may hold spaces. Undefined when it has
 * ended.
 */
export function statOf(pid: number): string[] | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/*
 * Daemons. A pid alone may be another process by now, so the file holds the pid and the process's start time
 * (field 22 of /proc/PID/stat, in clock ticks since boot): we only ever signal what we started.
 */
const pidFile = (name: string): string => inPlatform("run", `${name}.pid`);

function startTime(pid: number): string | undefined {
  const stat = statOf(pid);
  return stat === undefined || stat[0] === "Z" ? undefined : stat[19];
}

/** The pid of a daemon that this sandbox started and that still runs. */
export function daemonPid(name: string): number | undefined {
  let recorded: string[];
  try {
    recorded = fs.readFileSync(pidFile(name), "utf8").trim().split(" ");
  } catch {
    return undefined;
  }
  const pid = Number(recorded[0]);
  return startTime(pid) === recorded[1] && recorded[1] !== undefined ? pid : undefined;
}

/** The memory that processes take in MiB, what they share counted once. */
export function memoryMiB(pids: readonly number[]): number {
  const kib = pids.map((pid) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      return 0; // it has ended meanwhile
    }
  });
  return Math.round(kib.reduce((sum, one) => sum + one, 0) / 1024);
}

/** The file that a daemon's output goes to. */
export const daemonLog = (name: string): string => inPlatform("logs", `${name}.log`);

/** Starts a process that outlives this one, all its streams redirected to its log. */
export function startDaemon(name: string, command: string, args: string[], options: SpawnOptions = {}): number {
  for (const file of [pidFile(name), daemonLog(name)])
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const out = fs.openSync(daemonLog(name), "a", 0o600);
  const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", out, out] });
  fs.closeSync(out);
  if (child.pid === undefined) throw new UserError(`${command} cannot be started; is it installed?`);
  fs.writeFileSync(pidFile(name), `${child.pid} ${startTime(child.pid) ?? ""}`);
  child.unref();
  return child.pid;
}

/** Signals a process that may end at any moment. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Stops a daemon: TERM, and KILL after `graceSeconds`. Does nothing when it does not run. */
export async function stopDaemon(name: string, graceSeconds = 10): Promise<void> {
  const pid = daemonPid(name);
  if (pid !== undefined) {
    signal(pid, graceSeconds > 0 ? "SIGTERM" : "SIGKILL");
    try {
      await waitFor(`end of ${name}`, graceSeconds, () => (daemonPid(name) === undefined ? true : undefined), 50);
    } catch {
      signal(pid, "SIGKILL");
      await waitFor(`end of ${name}`, 10, () => (daemonPid(name) === undefined ? true : undefined), 50);
    }
  }
  fs.rmSync(pidFile(name), { force: true });
}
