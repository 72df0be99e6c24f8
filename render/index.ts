import * as path from "node:path";
import { parseArgs } from "node:util";
import { ConfigError } from "../config";
import { runCommand } from "../lib/runtime/command";
import { UserError } from "../lib/errors";
import { renderedFiles } from "./files";
import { differences, write } from "./folder";
import { stackSettings } from "./settings";

/**
 * `npm run render -- --stack NAME [--check] [--cwd FOLDER]`: writes what Argo CD applies for a stack, from its settings
 * alone: no server, no state and no secret is read. With --check it writes nothing. Exit codes: 0 written, or as it
 * should be; 1 --check found a difference; 2 it could not render.
 */

const USAGE = "usage: npm run render -- --stack NAME [--check] [--cwd FOLDER]";

async function main(): Promise<number> {
  const options = {
    stack: { type: "string" },
    check: { type: "boolean" },
    cwd: { type: "string", default: "." },
  } as const;
  const { stack, check, cwd } = parseArgs({ options }).values;
  if (stack === undefined || stack === "") throw new UserError(USAGE);
  const settings = stackSettings(cwd, stack);
  if (settings.mode === "direct")
    throw new UserError(`mode of stack ${stack} is direct, so nothing is rendered; set it to handover or hybrid.`);
  const folder = path.join(cwd, settings.gitops.folder, stack);
  const files = await renderedFiles(settings, stack);
  if (check === true) {
    const found = differences(folder, files);
    for (const line of found) console.log(`${folder}/${line}`);
    console.log(
      found.length === 0
        ? `${folder} is as the settings say.`
        : `Run make render STACK=${stack} and commit what it writes.`,
    );
    return found.length === 0 ? 0 : 1;
  }
  console.log(`${write(folder, files)} of ${files.size} files written to ${folder}`);
  return 0;
}

runCommand(main, [UserError, ConfigError]);
