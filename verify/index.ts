import { spawnSync } from "node:child_process";
import * as readline from "node:readline";
import { Writable } from "node:stream";
import { parseArgs } from "node:util";
import { runCommand } from "../lib/runtime/command";
import { UserError } from "../lib/errors";
import { checks, verify } from "./chain";
import { clusterClient } from "./cluster";
import type { Outputs } from "../lib/outputs";
import type { Context } from "./context";
import { ambientKubeconfig } from "../lib/kubeconfig";
import { exitCode, table, type Result } from "./runChecks";

/**
 * `npm run verify -- --stack NAME`: looks at every link of a stack's chain from outside, as whoever is on call would.
 * It reads the stack's outputs and the cluster, and changes nothing. Exit codes: 0 all hold, 1 a link is broken, 2 it
 * could not look. A table on a terminal, else JSON.
 */

const USAGE = "usage: npm run verify -- --stack NAME [--json | --no-json] [--watch] [--login USER] [--only CHECK]";
/** How long `--watch` waits between two looks, in ms. */
const PAUSE_MS = 10_000;

/** The stack's outputs, by the CLI of whoever asks: its login, its passphrase. */
function outputsOf(stack: string): Outputs {
  const args = ["stack", "output", "--json", "--show-secrets", "--non-interactive", "--stack", stack];
  const { status, stdout, stderr, error } = spawnSync("pulumi", args, { encoding: "utf8" });
  if (error !== undefined)
    throw new UserError("pulumi is not on PATH; install it, or on the local platform use make shell.");
  if (status !== 0)
    throw new UserError(`The outputs of stack ${stack} cannot be read: ${stderr.trim().replace(/^error: /, "")}`);
  const outputs = JSON.parse(stdout) as Partial<Outputs>;
  if (outputs.credential === undefined)
    throw new UserError(`Stack ${stack} has no outputs of this program; run pulumi up first.`);
  return outputs as Outputs;
}

/** The password of whoever is to sign in: the stack's where it is a lasting one, else a line of the standard input. */
async function passwordOf(username: string, { userPasswords, userPasswordsTemporary }: Outputs): Promise<string> {
  const lasting = userPasswordsTemporary ? undefined : userPasswords[username];
  if (lasting !== undefined) return lasting;
  process.stderr.write(`password of ${username}: `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = readline.createInterface({ input: process.stdin, output: nowhere, terminal: process.stdin.isTTY });
  const { value } = await lines[Symbol.asyncIterator]().next();
  lines.close();
  process.stderr.write("\n");
  if (value === undefined || value === "")
    throw new UserError(`There is no password for --login ${username}; give it on the standard input.`);
  return value;
}

/** What the results say, without how long it took. */
const gist = (results: readonly Result[]): string =>
  JSON.stringify(results.map(({ name, state, saw }) => [name, state, saw]));

async function main(): Promise<number> {
  const flag = { type: "boolean" } as const;
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { stack: text, json: flag, watch: flag, login: text, only: text },
    allowNegative: true,
  });
  const { stack, json = !process.stdout.isTTY, watch = false, login, only } = values;
  if (stack === undefined) throw new UserError(USAGE);
  const outputs = outputsOf(stack);
  const logins = login === undefined ? [] : [{ username: login, password: await passwordOf(login, outputs) }];
  const context: Context = { outputs, cluster: clusterClient(ambientKubeconfig()), logins };
  const names = [...new Set(checks(context).map(({ name }) => name))];
  if (only !== undefined && !names.includes(only))
    throw new UserError(`There is no check ${only} here; there are ${names.join(", ")}.`);
  for (let seen = ""; ; await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))) {
    const results = await verify(context, only);
    process.exitCode = exitCode(results);
    if (gist(results) !== seen) {
      if (watch && !json) console.log(new Date().toISOString());
      console.log(
        json
          ? JSON.stringify(results, null, watch ? 0 : 2)
          : table(results, process.stdout.isTTY && process.env.NO_COLOR === undefined),
      );
    }
    seen = gist(results);
    if (!watch) return exitCode(results);
  }
}

// The code of the last look, when --watch is interrupted.
process.on("SIGINT", () => process.exit());
runCommand(main);
