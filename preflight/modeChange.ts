import * as pulumi from "@pulumi/pulumi";
import type { Mode } from "../lib/settings/gitops";

/** What a change of the mode would break, as a sentence, or undefined. */
export function modeFault(wanted: Mode, last: string | undefined): string | undefined {
  if (wanted !== "hybrid" || last !== "direct") return undefined;
  return (
    "config: mode is hybrid, and from direct that would delete Backstage; set it to handover, run pulumi up, " +
    "and then set it to hybrid."
  );
}

/** Throws when a run would delete what Argo CD is to take over. @param last the mode of the last update */
export function handoverIsSafe(wanted: Mode, last: string | undefined): void {
  const fault = modeFault(wanted, last);
  if (fault !== undefined) throw new pulumi.RunError(fault);
}
