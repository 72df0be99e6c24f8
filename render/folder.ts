import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../lib/errors";
import { HEAD } from "../lib/gitops/files";

/** The folder of a stack: written and compared as a whole, and nobody else's file is ever touched. */

/** The files in the folder, by path below it; throws when one of them was not rendered. */
function ours(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  if (!fs.existsSync(folder)) return files;
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const text = entry.isFile() ? fs.readFileSync(file, "utf8") : "";
    if (!text.startsWith(HEAD))
      throw new UserError(`${file} was not rendered by this program; move it away, or choose another gitops.folder.`);
    files.set(path.relative(folder, file), text);
  }
  return files;
}

/** What is not as it would be rendered, a line for each file. */
export function differences(folder: string, wanted: ReadonlyMap<string, string>): string[] {
  const there = ours(folder);
  const stale = [...there.keys()].filter((file) => !wanted.has(file)).map((file) => `${file} is no longer rendered`);
  const other = [...wanted].flatMap(([file, text]) =>
    there.get(file) === text ? [] : [`${file} ${there.has(file) ? "differs" : "is missing"}`],
  );
  return [...other, ...stale].sort();
}

/** Writes what differs and removes what is no longer rendered; returns how many files it touched. */
export function write(folder: string, wanted: ReadonlyMap<string, string>): number {
  if (path.resolve(folder).split(path.sep).includes(".git"))
    throw new UserError(`${folder} is inside .git; choose another gitops.folder.`);
  const there = ours(folder);
  const stale = [...there.keys()].filter((file) => !wanted.has(file));
  const changed = [...wanted].filter(([file, text]) => there.get(file) !== text);
  for (const file of stale) fs.rmSync(path.join(folder, file));
  for (const [file, text] of changed) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
  return stale.length + changed.length;
}
