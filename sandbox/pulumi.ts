import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { kubeconfig } from "./cluster";
import { requiredPlugins } from "./plugins/language-nodejs/packages";
import { log, onPath, runUnchecked, type RunResult } from "./process";
import { externalCluster, inCache, inPlatform, root, UserError, versions } from "./settings";
import { builtTools, goTools, olderThan } from "./tools";

/*
 * The real pulumi CLI with a home, a state and a passphrase of its own, and its plugins: the official ones wherever
 * they can be had, else the stand-ins under sandbox/plugins.
 */

/** PULUMI_HOME: what is downloaded stays between platforms. */
const home = inCache("pulumi");
const standInBin = path.join(home, "stand-in");
const passphraseFile = inPlatform("pulumi", "passphrase");

/** How long an official download may take before it counts as not to be had, in ms. */
const DOWNLOAD_MS = 300_000;

const wanted = process.env.SANDBOX_PLUGINS;

/** What the CLI is told; everything else of the user's environment stays as it is. */
function env(cli: string): NodeJS.ProcessEnv {
  const kubernetes = builtTools("kubernetes");
  const folders = [
    path.dirname(process.execPath), // the program's Node is this one
    ...(wanted === "stand-in" ? [standInBin] : []),
    path.dirname(cli),
    process.env.PATH ?? "",
    standInBin,
    ...(kubernetes === undefined ? [] : [kubernetes]),
  ];
  return {
    ...process.env,
    PATH: folders.join(path.delimiter),
    KUBECONFIG: externalCluster ?? kubeconfig,
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${inPlatform("pulumi")}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}

/** The path of the CLI on PATH, when it is new enough for the SDK. */
async function cliOnPath(): Promise<string | undefined> {
  const found = (await runUnchecked("which", ["pulumi"])).stdout.trim();
  if (found === "") return undefined;
  const version = (await runUnchecked(found, ["version"])).stdout.trim().replace(/^v/, "");
  if (!olderThan(version, versions.pulumi)) return found;
  log(`the pulumi on PATH is ${version}; ${versions.pulumi} or newer is needed, so another one is used`);
  return undefined;
}

/** npm's official package `pulumi` downloads the CLI with its language hosts into PULUMI_HOME. */
async function downloadedCli(): Promise<string | undefined> {
  const cli = path.join(home, "versions", versions.pulumi, "bin", "pulumi");
  if (fs.existsSync(cli)) return cli;
  log(`downloading pulumi ${versions.pulumi}`);
  const args = ["exec", "--yes", `--package=pulumi@${versions.pulumiPackage}`, "--", "pulumi", "version"];
  const told = { ...process.env, PULUMI_HOME: home, PULUMI_VERSION: versions.pulumi };
  await runUnchecked("npm", args, { env: told, cwd: inCache(), timeout: DOWNLOAD_MS });
  return fs.existsSync(cli) ? cli : undefined;
}

/** On PATH, else built by an earlier run, else downloaded, else built. */
async function findCli(): Promise<string> {
  const found = await cliOnPath();
  if (found !== undefined) return found;
  const built = builtTools("pulumi");
  const downloaded = built === undefined ? await downloadedCli() : undefined;
  return downloaded ?? path.join(built ?? (await goTools("pulumi")), "pulumi");
}

/** A program that starts one of the stand-ins; its paths are this checkout's, so it is written anew by each run. */
function writeStandIn(file: string, plugin: string): void {
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const args = [process.execPath, "--import", require.resolve("tsx"), path.join(root, "sandbox", "plugins", plugin, "index.ts")];
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.part`, `#!/bin/sh\nexec ${args.map(quote).join(" ")} "$@"\n`, { mode: 0o755 });
  fs.renameSync(`${file}.part`, file);
}

/** Is the official plugin on PATH, in the user's own plugin cache, in ours, or to be downloaded? */
async function hasOfficial(cli: string, name: string, version: string): Promise<boolean> {
  if (onPath(`pulumi-resource-${name}`)) return true;
  const folder = `resource-${name}-${version}`;
  const ours = path.join(home, "plugins", folder);
  const theirs = path.join(process.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi"), "plugins", folder);
  if (fs.existsSync(ours)) return true;
  if (fs.existsSync(theirs)) {
    // A copy: the CLI takes no link for a plugin, and the user's folder stays the user's.
    fs.cpSync(theirs, `${ours}.part`, { recursive: true });
    fs.renameSync(`${ours}.part`, ours);
    return true;
  }
  log(`downloading the plugin ${name} ${version}`);
  const args = ["plugin", "install", "resource", name, version];
  return (await runUnchecked(cli, args, { env: env(cli), timeout: DOWNLOAD_MS })).code === 0;
}

/** Lays whatever plugin the program needs where the engine finds it. */
async function ensurePlugins(cli: string): Promise<void> {
  if (wanted !== undefined && wanted !== "official" && wanted !== "stand-in") {
    throw new UserError(`SANDBOX_PLUGINS is ${wanted}; set it to official or stand-in, or unset it to take what can be had.`);
  }
  const standIns: string[] = [];
  for (const { name, version } of requiredPlugins(root)) {
    const folder = path.join(home, "plugins", `resource-${name}-${version}`);
    const marker = path.join(folder, "stand-in");
    const known = fs.existsSync(marker) && !onPath(`pulumi-resource-${name}`) && wanted !== "official";
    if (fs.existsSync(marker)) fs.rmSync(folder, { recursive: true });
    if (wanted !== "stand-in" && !known && (await hasOfficial(cli, name, version))) continue;
    if (wanted === "official") throw new UserError(`The official plugin ${name} ${version} cannot be had here; unset SANDBOX_PLUGINS to use its stand-in.`);
    fs.rmSync(folder, { recursive: true, force: true });
    writeStandIn(path.join(folder, `pulumi-resource-${name}`), name);
    fs.writeFileSync(marker, "");
    standIns.push(name);
  }
  const host = "pulumi-language-nodejs";
  fs.rmSync(standInBin, { recursive: true, force: true });
  const official = onPath(host) || fs.existsSync(path.join(path.dirname(cli), host));
  if (wanted === "stand-in" || !official) {
    if (wanted === "official") throw new UserError(`${host} cannot be had here; unset SANDBOX_PLUGINS to use its stand-in.`);
    writeStandIn(path.join(standInBin, host), "language-nodejs");
    standIns.push("language-nodejs");
  }
  if (standIns.length > 0) log(`official plugins cannot be had here; stand-ins serve for ${standIns.join(", ")}`);
}

let ready: Promise<string> | undefined;

/** The CLI, its plugins and its home; made once. Returns the CLI's path. */
export function ensurePulumi(): Promise<string> {
  ready ??= (async () => {
    fs.mkdirSync(inPlatform("pulumi"), { recursive: true, mode: 0o700 });
    if (!fs.existsSync(passphraseFile)) fs.writeFileSync(passphraseFile, randomBytes(24).toString("hex"), { mode: 0o600 });
    const cli = await findCli();
    await ensurePlugins(cli);
    return cli;
  })();
  return ready;
}

/** The environment in which plain `pulumi` and `kubectl` work on the platform. */
export async function pulumiEnv(): Promise<NodeJS.ProcessEnv> {
  return env(await ensurePulumi());
}

export interface PulumiOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Given to standard input. */
  readonly input?: string;
}

/** Runs the CLI to its end; never throws for a non-zero exit code. */
export async function pulumi(args: string[], options: PulumiOptions): Promise<RunResult> {
  const cli = await ensurePulumi();
  return runUnchecked(cli, args, { ...options, env: { ...env(cli), ...options.env } });
}
