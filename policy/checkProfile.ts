import { readFileSync } from "node:fs";
import { UserError } from "../lib/errors";
import { runCommand } from "../lib/runtime/command";
import { profileFaults } from "./profileFaults";
import { rules } from "./rules";

/**
 * `npm run profile -- FILE...`: refuses a profile with a name that no policy has, which the engine ignores. Exit codes:
 * 0 there is none; 2 there is one.
 */
async function main(): Promise<number> {
  const faults = process.argv.slice(2).flatMap((file) => {
    const profile = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    return profileFaults(rules, profile).map((fault) => `${file}: ${fault}`);
  });
  if (faults.length > 0) throw new UserError(faults.join("\n"));
  return Promise.resolve(0);
}

runCommand(main);
