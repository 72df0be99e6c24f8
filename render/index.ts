import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { ConfigError, parseConfig } from "../config";
import { UserError } from "../lib/errors";
import { secretKeys } from "../lib/settings/schema";
import { renderedFiles } from "./files";
import { differences, write } from "./folder";

/**
 * `npm run render -- --stack NAME [--check] [--cwd FOLDER]`: writes what Argo CD applies for a stack, from its settings
 * alone: no server, no state and no secret is read. With --check it writes nothing. Exit codes: 0 written, or as it
 * should be; 1 --check found a difference; 2 it could not render.
 */

const USAGE = "usage: npm run render -- --stack NAME [--check] [--cwd FOLDER]";

/** A stack's settings, as its file holds them, without its secrets. */
function settingsOf(folder: string, stack: string): ReturnType<typeof parseConfig> {
  const file = path.join(folder, `Pulumi.${stack}.yaml`);
  if (!fs.existsSync(file)) throw new UserError(`${file} does not exist; name a stack that has a file, by --stack or STACK=.`);
  const { config } = parse(fs.readFileSync(file, "utf8")) as { config?: Record<string, unknown> };
  const values = Object.entries(config ?? {}).map(([key, value]) => [key.replace(/^backstage-keycloak:/, ""), value] as const);
  return parseConfig(Object.fromEntries(values.filter(([key]) => !(key in secretKeys) && !key.includes(":"))));
}

async function main(): Promise<number> {
  const options = { stack: { type: "string" }, check: { type: "boolean" }, cwd: { type: "string", default: "." } } as const;
  const { stack, check, cwd } = parseArgs({ options }).values;
  if (stack === undefined || stack === "") throw new UserError(USAGE);
  const settings = settingsOf(cwd, stack);
  if (settings.mode === "direct") throw new UserError(`mode of stack ${stack} is direct, so nothing is rendered; set it to handover or hybrid.`);
  const folder = path.join(cwd, settings.gitops.folder, stack);
  const files = await renderedFiles(settings, stack);
  if (check === true) {
    const found = differences(folder, files);
    for (const line of found) console.log(`${folder}/${line}`);
    console.log(found.length === 0 ? `${folder} is as the settings say.` : `Run make render STACK=${stack} and commit what it writes.`);
    return found.length === 0 ? 0 : 1;
  }
  console.log(`${write(folder, files)} of ${files.size} files written to ${folder}`);
  return 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const { code, message } = error as Error & { code?: string };
    const mistake = error instanceof UserError || error instanceof ConfigError || code?.startsWith("ERR_PARSE_ARGS") === true;
    console.error(mistake ? message : error);
    process.exitCode = 2;
  },
);
