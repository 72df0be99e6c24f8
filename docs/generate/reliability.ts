import { withPart } from "./part";

/** The table of docs/reliability.md, made from what test/faults measured. */

export interface FaultRecord {
  readonly fault: string;
  /** What the user was told. */
  readonly told: string;
  /** What was looked at, and was there. */
  readonly kept: string;
  /** How it heals. */
  readonly heals: string;
  /** How long that took from the end of the fault on. */
  readonly seconds: number;
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** The page with its table written anew; what is around the table stays. */
export function reliabilityPage(page: string, records: readonly FaultRecord[]): string {
  const head =
    "| fault | what the user is told | checked to be there afterwards | how it heals | seconds |\n|---|---|---|---|---|";
  const rows = records.map(
    ({ fault, told, kept, heals, seconds }) => `| ${[fault, told, kept, heals].map(cell).join(" | ")} | ${seconds} |`,
  );
  return withPart(page, "reliability.md", "faults", `${head}\n${rows.join("\n")}`);
}
