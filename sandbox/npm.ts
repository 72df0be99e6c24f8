import { runUnchecked } from "./process";
import { UserError } from "./settings";

/**
 * Installs the packages that a folder's lock file names, and runs none of their scripts; `what` says whose they are.
 */
export async function installPackages(folder: string, what: string): Promise<void> {
  const args = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = await runUnchecked("npm", args, { cwd: folder });
  if (result.code === 0) return;
  const reason = result.stderr.split("\n").find((line) => /^npm (error|ERR!)/.test(line)) ?? `exit code ${result.code}`;
  throw new UserError(`npm cannot install the packages of ${what} (${reason.trim()}); mend that and run this again.`);
}
