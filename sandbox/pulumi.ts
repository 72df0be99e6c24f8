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

/** PULUMI_HOME of the platform: its stand-ins are those of the checkout that runs it. */
const home = inPlatform("pulumi", "home");
/** PULUMI_HOME of the downloads, which stay between platforms. */
const downloads = inCache("pulumi");
const standInBin = path.join(home, "bin");
/** The folder that Pulumi's backend keeps the stacks in. */
export const stateFolder = inPlatform("pulumi", "state");
const passphraseFile = inPlatform("pulumi", "passphrase");

/** How long an official download may take before it counts as not to be had, in ms. */
const DOWNLOAD_MS = 300_000;

const wanted = process.env.SANDBOX_PLUGINS;

/** What the CLI is told; everything else of the user's environment stays as it is. */
function env(cli: string): NodeJS.ProcessEnv {
  const kubernetes = builtTools("kubernetes");
  const folders = [
    path.dirname(process.execPath), // the program's Node is this one
    path.dirname(cli),
    process.env.PATH ?? "",
    ...(kubernetes === undefined ? [] : [kubernetes]),
  ];
  return {
    ...process.env,
    PATH: folders.join(path.delimiter),
    KUBECONFIG: externalCluster ?? kubeconfig,
    PULUMI_HOME: home,
    // Without a file of metadata beside each file of the state: a kill -9 can leave it empty, and then no state is
    // read.
    PULUMI_BACKEND_URL: `file://${stateFolder}?metadata=skip`,
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
  const cli = path.join(downloads, "versions", versions.pulumi, "bin", "pulumi");
  if (fs.existsSync(cli)) return cli;
  log(`downloading pulumi ${versions.pulumi}`);
  const args = ["exec", "--yes", `--package=pulumi@${versions.pulumiPackage}`, "--", "pulumi", "version"];
  const told = { ...process.env, PULUMI_HOME: downloads, PULUMI_VERSION: versions.pulumi };
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
  const args = [
    process.execPath,
    "--import",
    require.resolve("tsx"),
    path.join(root, "sandbox", "plugins", plugin, "index.ts"),
  ];
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.part`, `#!/bin/sh\nexec ${args.map(quote).join(" ")} "$@"\n`, { mode: 0o755 });
  fs.renameSync(`${file}.part`, file);
}

const pluginFolder = (of: string, name: string, version: string): string =>
  path.join(of, "plugins", `resource-${name}-${version}`);
const isOnPath = (name: string): boolean => onPath(`pulumi-resource-${name}`);

/** The official plugin's folder, in the user's own plugin cache or in ours, where it is downloaded to if it can be. */
async function officialPlugin(cli: string, name: string, version: string): Promise<string | undefined> {
  const theirs = pluginFolder(process.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi"), name, version);
  const ours = pluginFolder(downloads, name, version);
  const found = [theirs, ours].find((folder) => fs.existsSync(folder));
  if (found !== undefined) return found;
  log(`downloading the plugin ${name} ${version}`);
  const args = ["plugin", "install", "resource", name, version];
  await runUnchecked(cli, args, { env: { ...env(cli), PULUMI_HOME: downloads }, timeout: DOWNLOAD_MS });
  return fs.existsSync(ours) ? ours : undefined;
}

/** Lays a plugin where the engine finds it. Returns false when that is a stand-in. */
async function layPlugin(cli: string, name: string, version: string): Promise<boolean> {
  const folder = pluginFolder(home, name, version);
  const marker = path.join(folder, "stand-in");
  const wasStandIn = fs.existsSync(marker);
  if (fs.existsSync(folder) && !wasStandIn && wanted !== "stand-in") return true;
  // A platform that serves itself with stand-ins does not ask for a download at each run.
  const official =
    wanted === "stand-in" || (wasStandIn && wanted === undefined)
      ? undefined
      : await officialPlugin(cli, name, version);
  fs.rmSync(folder, { recursive: true, force: true });
  if (official !== undefined) {
    // A copy: the CLI takes no link for a plugin, and the user's folder stays the user's.
    fs.cpSync(official, `${folder}.part`, { recursive: true });
    fs.renameSync(`${folder}.part`, folder);
    return true;
  }
  if (wanted === "official")
    throw new UserError(
      `The official plugin ${name} ${version} cannot be had here; unset SANDBOX_PLUGINS to use its stand-in.`,
    );
  writeStandIn(path.join(folder, `pulumi-resource-${name}`), name);
  fs.writeFileSync(marker, "");
  return false;
}

const LANGUAGE_HOST = "pulumi-language-nodejs";

/**
 * Makes sure that the engine finds a language host, and returns the CLI to use. Beside the CLI is where it is looked
 * for without a warning, so a stand-in gets a CLI beside it.
 */
function layLanguageHost(cli: string): string {
  const official = onPath(LANGUAGE_HOST) || fs.existsSync(path.join(path.dirname(cli), LANGUAGE_HOST));
  if (official && wanted !== "stand-in") return cli;
  if (wanted === "official")
    throw new UserError(`${LANGUAGE_HOST} cannot be had here; unset SANDBOX_PLUGINS to use its stand-in.`);
  writeStandIn(path.join(standInBin, LANGUAGE_HOST), "language-nodejs");
  const beside = path.join(standInBin, "pulumi");
  fs.rmSync(beside, { force: true });
  try {
    fs.linkSync(fs.realpathSync(cli), beside);
  } catch {
    fs.copyFileSync(cli, beside); // on another disk
  }
  return beside;
}

/** Lays all that the program needs beside the CLI; says in one line where stand-ins serve. */
async function ensurePlugins(cli: string): Promise<string> {
  if (wanted !== undefined && wanted !== "official" && wanted !== "stand-in") {
    throw new UserError(
      `SANDBOX_PLUGINS is ${wanted}; set it to official or stand-in, or unset it to take what can be had.`,
    );
  }
  const standIns: string[] = [];
  for (const { name, version } of requiredPlugins(root)) {
    if (isOnPath(name) && wanted !== "stand-in")
      fs.rmSync(pluginFolder(home, name, version), { recursive: true, force: true });
    else if (!(await layPlugin(cli, name, version))) standIns.push(name);
  }
  const used = layLanguageHost(cli);
  if (used !== cli) standIns.push("language-nodejs");
  if (standIns.length > 0) log(`official plugins cannot be had here; stand-ins serve for ${standIns.join(", ")}`);
  return used;
}

let ready: Promise<string> | undefined;

/** The CLI, its plugins and its home; made once. Returns the CLI's path. */
export function ensurePulumi(): Promise<string> {
  ready ??= (async () => {
    fs.mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    if (!fs.existsSync(passphraseFile))
      fs.writeFileSync(passphraseFile, randomBytes(24).toString("hex"), { mode: 0o600 });
    return ensurePlugins(await findCli());
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
  /** Kills the CLI as `kill -9` does. */
  readonly signal?: AbortSignal;
}

/** Runs the CLI to its end; never throws for a non-zero exit code. */
export async function pulumi(args: string[], options: PulumiOptions): Promise<RunResult> {
  const cli = await ensurePulumi();
  return runUnchecked(cli, args, { killSignal: "SIGKILL", ...options, env: { ...env(cli), ...options.env } });
}
