import * as pulumi from "@pulumi/pulumi";
import type { Mode } from "../lib/settings/gitops";

/** The mode of the stack's last update, from its own outputs; undefined before the first. */
async function lastMode(): Promise<string | undefined> {
  const name = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  // A StackReference asks the same, but as a resource that every preview would list.
  const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as { outputs?: { mode?: string } };
  return outputs?.mode;
}

/** What a change of the mode would break, as a sentence, or undefined. */
export function modeFault(wanted: Mode, last: string | undefined): string | undefined {
  if (wanted !== "hybrid" || last !== "direct") return undefined;
  return "config: mode is hybrid, and from direct that would delete Backstage; set it to handover, run pulumi up, and then set it to hybrid.";
}

/** Throws when a run would delete what Argo CD is to take over. */
export async function handoverIsSafe(wanted: Mode): Promise<void> {
  if (wanted !== "hybrid") return;
  const fault = modeFault(wanted, await lastMode());
  if (fault !== undefined) throw new pulumi.RunError(fault);
}
