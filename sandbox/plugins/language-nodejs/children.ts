import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { createRequire } from "node:module";
import * as path from "node:path";

/** Where the SDK that a program has installed keeps one of its entry points. */
export function locate(entryPoint: string, programFolder: string): string {
  try {
    return createRequire(path.join(programFolder, "package.json")).resolve(entryPoint);
  } catch {
    throw new Error(`It looks like the Pulumi SDK has not been installed. Run npm ci in ${programFolder}.`);
  }
}

const running = new Set<ChildProcess>();

/** Starts a program; `onStop` is given a function that ends it early: interrupted first, killed five seconds later. */
export function start(
  program: string,
  args: string[],
  options: SpawnOptions,
  onStop: (stop: () => void) => void,
): ChildProcess {
  const child = spawn(program, args, options);
  running.add(child);
  child.once("close", () => running.delete(child));
  onStop(() => {
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGKILL"), 5000).unref();
  });
  return child;
}

/** The exit code, when all output has been read. */
export function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve(code ?? 1);
    });
  });
}

// A program that outlives the engine would wait for answers that nobody sends.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
