import * as fs from "node:fs";
import { UserError } from "../lib/errors";
import { nodePids } from "../sandbox/node/host";
import { sleep } from "../sandbox/process";
import { runCommand } from "../lib/runtime/command";

/**
 * What the health of a pod costs at rest: the processor time of the health server's thread, and of all of Backstage, by
 * the kernel's own count. `make demo` must have run. `npm run -w bench health`; BENCH_SECONDS, by default 120.
 */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 120);
/** Ticks of the kernel's clock in a second, as Linux tells them to programs. */
const TICKS = 100;

/** The processor time of a process or thread so far, in seconds. */
function cpuOf(folder: string): number {
  const fields = fs
    .readFileSync(`${folder}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function main(): Promise<number> {
  // A second platform on the machine has a Backstage of its own.
  const isBackstage = (pid: number): boolean =>
    fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("/etc/backstage-gate/preload.mjs");
  const pid = nodePids().find(isBackstage);
  if (pid === undefined) throw new UserError("No Backstage runs on this platform; run make demo first.");
  const threads = `/proc/${pid}/task`;
  const thread = fs
    .readdirSync(threads)
    .find((name) => fs.readFileSync(`${threads}/${name}/comm`, "utf8").trim() === "health");
  if (thread === undefined) throw new UserError("That Backstage has no health server; run make demo again.");
  const folders = { "the health server": `${threads}/${thread}`, "Backstage as a whole": `/proc/${pid}` };
  const before = Object.values(folders).map(cpuOf);
  await sleep(SECONDS * 1000);
  if (!fs.existsSync(`${threads}/${thread}`))
    throw new UserError("That Backstage ended while it was measured; run nothing beside it.");
  Object.entries(folders).forEach(([what, folder], index) => {
    console.log(
      `${what}: ${(((cpuOf(folder) - (before[index] ?? 0)) / SECONDS) * 60).toFixed(2)} CPU seconds a minute`,
    );
  });
  return 0;
}

runCommand(main, [UserError]);
