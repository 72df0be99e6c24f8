import * as fs from "node:fs";
import * as path from "node:path";
import type { FaultRecord } from "../../docs/generate/reliability";
import { root } from "../../sandbox/settings";

const file = path.join(root, "docs", "reliability.json");

/** Notes what a fault came to; `npm run faults` also writes it to the file that docs/reliability.md is made from. */
export function record(entry: FaultRecord): void {
  console.log(`      ${entry.fault}: ${entry.told} (${entry.heals}, ${entry.seconds} s)`);
  if (process.env.RECORD !== "1") return;
  const all = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as FaultRecord[]) : [];
  const at = all.findIndex(({ fault }) => fault === entry.fault);
  all.splice(at < 0 ? all.length : at, at < 0 ? 0 : 1, entry);
  fs.writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}
