import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { UserError } from "../lib/errors";
import { checks, runChecks, table, type Outputs } from "./checks";
import { clusterClient } from "./cluster";
import { ambientKubeconfig } from "./kubeconfig";

/**
 * `npm run verify -- --stack NAME [--json]`: looks at every link of a stack's chain from outside, as whoever is on call
 * would. It reads the stack's outputs and the cluster, and changes nothing. Exit codes: 0 all hold, 1 a check fails, 2 it
 * could not check.
 */

const USAGE = "usage: npm run verify -- --stack NAME [--json]";

/** The stack's outputs, by the CLI of whoever asks: its login, its passphrase. */
function outputsOf(stack: string): Outputs {
  const args = ["stack", "output", "--json", "--show-secrets", "--non-interactive", "--stack", stack];
  const { status, stdout, stderr, error } = spawnSync("pulumi", args, { encoding: "utf8" });
  if (error !== undefined) throw new UserError("pulumi is not on PATH; install it, or on the local platform use make shell.");
  if (status !== 0) throw new UserError(`The outputs of stack ${stack} cannot be read: ${stderr.trim().replace(/^error: /, "")}`);
  const outputs = JSON.parse(stdout) as Partial<Outputs>;
  if (outputs.credential === undefined) throw new UserError(`Stack ${stack} has no outputs of this program; run pulumi up first.`);
  return outputs as Outputs;
}

async function main(): Promise<number> {
  const options = { stack: { type: "string" }, json: { type: "boolean" } } as const;
  const { values } = parseArgs({ options });
  if (values.stack === undefined) throw new UserError(USAGE);
  const outputs = outputsOf(values.stack);
  const cluster = clusterClient(ambientKubeconfig());
  await cluster.answers();
  const results = await runChecks(checks(outputs, cluster));
  console.log(values.json === true ? JSON.stringify(results, null, 2) : table(results));
  return results.every(({ ok }) => ok) ? 0 : 1;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const { code, message } = error as Error & { code?: string };
    const mistake = error instanceof UserError || code?.startsWith("ERR_PARSE_ARGS") === true;
    console.error(mistake ? message : error);
    process.exitCode = 2;
  },
);
