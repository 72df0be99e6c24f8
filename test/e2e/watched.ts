import * as fs from "node:fs";
import * as path from "node:path";

/** What anybody on the machine could have read meanwhile. */
export interface Watched {
  /** Every command line of every process. */
  readonly commandLines: string;
  /** What stood in those files of the folder that others may read. */
  readonly openFiles: string;
  /** How many files there were in all. */
  readonly files: number;
}

/** A process or a file may be gone before it is read. */
function whatIsThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Looks every 20 ms, until some work is done, at all command lines and at the files below a folder. */
export async function whileWatched(folder: string, work: () => Promise<unknown>): Promise<Watched> {
  const [lines, texts, files] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const look = (): void => {
    for (const pid of fs.readdirSync("/proc")) {
      const line = /^\d+$/.test(pid) ? whatIsThere(() => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8")) : undefined;
      if (line !== undefined) lines.add(line.replaceAll("\0", " "));
    }
    for (const name of whatIsThere(() => fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) ?? []) {
      const file = path.join(folder, name);
      const stat = whatIsThere(() => fs.statSync(file));
      if (stat?.isFile() !== true) continue;
      files.add(file);
      if ((stat.mode & 0o077) !== 0) texts.add(whatIsThere(() => fs.readFileSync(file, "utf8")) ?? "");
    }
  };
  const looking = setInterval(look, 20);
  try {
    await work();
  } finally {
    clearInterval(looking);
  }
  return { commandLines: [...lines].join("\n"), openFiles: [...texts].join("\n"), files: files.size };
}
