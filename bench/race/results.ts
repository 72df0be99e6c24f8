import * as fs from "node:fs";
import * as path from "node:path";
import type { Counted } from "./watch";

/** What happens to a Backstage, and what the clock starts with. */
export const cases = ["fresh", "reinstall", "regenerated", "drift", "recreated", "domain"] as const;
export type Case = (typeof cases)[number];

export const contestants = ["as it was", "known fix", "direct", "hybrid"] as const;
export type ContestantName = (typeof contestants)[number];

/** One install of one contestant, as a line of results.jsonl. */
export interface Result extends Counted {
  /** When it began. */
  readonly date: string;
  readonly case: Case;
  readonly contestant: ContestantName;
  /** How many seconds Keycloak's configuration came late. */
  readonly delay: number;
  /**
   * What was done by hand where nothing mended itself, and the seconds from then to a sign-in; null when that did not
   * help.
   */
  readonly hands?: { readonly what: string; readonly seconds: number | null };
  /** What a step of the installation failed with. */
  readonly error?: string;
  /** The machine's load over the minute before. */
  readonly load: number;
  readonly versions: string;
}

const file = path.join(__dirname, "results.jsonl");

export const append = (result: Result): void => fs.appendFileSync(file, `${JSON.stringify(result)}\n`);

export function readResults(): Result[] {
  const lines = fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n") : [];
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Result);
}
