import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { type DecidedSettings, decidedSettings, parseConfig } from "../config";
import { UserError } from "../lib/errors";
import { secretKeys } from "../lib/settings/schema";

/** The project's name: `pulumi new` gives it another one. */
const { name } = parse(fs.readFileSync(path.join(__dirname, "..", "Pulumi.yaml"), "utf8")) as { name: string };

/**
 * A stack's settings, as its file in the folder holds them, without its secrets; throws what is wrong in a sentence
 * each.
 */
export function stackSettings(folder: string, stack: string): DecidedSettings {
  const file = path.join(folder, `Pulumi.${stack}.yaml`);
  if (!fs.existsSync(file))
    throw new UserError(`${file} does not exist; name a stack that has a file, by --stack or STACK=.`);
  const { config } = parse(fs.readFileSync(file, "utf8")) as { config?: Record<string, unknown> };
  const values = Object.entries(config ?? {}).map(
    ([key, value]) => [key.startsWith(`${name}:`) ? key.slice(name.length + 1) : key, value] as const,
  );
  return decidedSettings(
    parseConfig(Object.fromEntries(values.filter(([key]) => !(key in secretKeys) && !key.includes(":")))),
  );
}
