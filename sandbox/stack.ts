import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { adminPassword } from "./keycloak";
import type { Outputs } from "../lib/outputs";
import type { Platform } from "./platform";
import { KILLED, type RunResult } from "./process";
import { pulumi, type PulumiOptions } from "./pulumi";
import { inPlatform, ports, root, UserError } from "./settings";

/** Values of the program's config, by key; merged into those of Pulumi.dev.yaml, object by object. */
export type ConfigValues = Record<string, unknown>;

interface StackFile {
  encryptionsalt?: string;
  config: ConfigValues;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Lays `over` on `under`; undefined removes a key. */
function merged(under: unknown, over: unknown): unknown {
  if (!isObject(under) || !isObject(over)) return over;
  return Object.fromEntries(
    [...new Set([...Object.keys(under), ...Object.keys(over)])]
      .map((key): [string, unknown] => [key, key in over ? merged(under[key], over[key]) : under[key]])
      .filter(([, value]) => value !== undefined),
  );
}

/**
 * A stack of the real program on the platform. It has a folder of its own, whose Pulumi.yaml points at the
 * repository: the CLI writes a salt and secrets beside Pulumi.yaml, and those have no place in Git.
 */
export class Stack {
  readonly folder: string;

  constructor(
    readonly name: string,
    private readonly platform: Platform,
  ) {
    this.folder = inPlatform("stacks", name);
  }

  private get file(): string {
    return path.join(this.folder, `Pulumi.${this.name}.yaml`);
  }

  /** Runs the CLI in the stack's folder, for this stack. */
  run(args: string[], options: Omit<PulumiOptions, "cwd"> = {}): Promise<RunResult> {
    return pulumi(args, { ...options, cwd: this.folder });
  }

  /** The same, and throws with what the CLI said when it fails. */
  async mustRun(args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const result = await this.run(args, { env });
    if (result.code !== 0) throw new UserError(`pulumi ${args[0] ?? ""} failed:\n${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** Writes the stack's config: Pulumi.dev.yaml, what this platform fills in, and `values` on top. */
  async configure(values: ConfigValues = {}): Promise<void> {
    fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const project = parse(fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as Record<string, unknown>;
    fs.writeFileSync(
      path.join(this.folder, "Pulumi.yaml"),
      stringify({ ...project, main: path.join(root, "index.ts") }),
    );

    const prefix = "backstage-keycloak:";
    const dev = parse(fs.readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8")) as StackFile;
    const before = fs.existsSync(this.file) ? (parse(fs.readFileSync(this.file, "utf8")) as StackFile) : undefined;
    const { keycloakUrl, nodeAddress, image } = this.platform;
    const nodePort = ports.backstage;
    const ours = {
      keycloak: { url: keycloakUrl },
      backstage: { image, nodePort, url: `http://${nodeAddress}:${nodePort}` },
    };
    const base = Object.fromEntries(Object.entries(dev.config).map(([key, value]) => [key.replace(prefix, ""), value]));
    const plain = merged(merged(base, ours), values) as ConfigValues;
    const secretKey = `${prefix}keycloakAdminPassword`;
    const kept = Object.entries(before?.config ?? {}).filter(([, value]) => isObject(value) && "secure" in value);
    const file: StackFile = {
      ...(before?.encryptionsalt === undefined ? {} : { encryptionsalt: before.encryptionsalt }),
      config: {
        ...Object.fromEntries(Object.entries(plain).map(([key, value]) => [`${prefix}${key}`, value])),
        ...Object.fromEntries(kept),
      },
    };
    fs.writeFileSync(this.file, stringify(file), { mode: 0o600 });
    if (before?.encryptionsalt === undefined) await this.mustRun(["stack", "select", "--create", this.name]);
    if (!kept.some(([key]) => key === secretKey)) await this.setAdminPassword(adminPassword());
  }

  setAdminPassword(password: string): Promise<void> {
    return this.setSecret("keycloakAdminPassword", password);
  }

  /** By standard input: an argument would show in the list of processes. */
  async setSecret(key: string, value: string): Promise<void> {
    const args = ["config", "set", "--secret", key, "--stack", this.name];
    const result = await pulumi(args, { cwd: this.folder, input: value });
    if (result.code !== 0) throw new UserError(`pulumi config set failed: ${result.stderr}`);
  }

  up(...args: string[]): Promise<RunResult> {
    return this.run(this.updating("up", ...args));
  }

  /** `pulumi up`, `refresh` or `destroy` killed as by `kill -9` once `when` holds; was it still at work then? */
  async killed(command: "up" | "refresh" | "destroy", when: () => Promise<unknown>): Promise<boolean> {
    const kill = new AbortController();
    const running = this.run(this.updating(command), { signal: kill.signal });
    await when();
    kill.abort();
    return (await running).code === KILLED;
  }

  /** Releases the lock that a killed run left. */
  cancel(): Promise<RunResult> {
    return this.run(["cancel", "--yes", "--stack", this.name]);
  }

  /** Takes the stack off the backend, whatever its state still holds. */
  forget(): Promise<RunResult> {
    return this.run(["stack", "rm", "--yes", "--force", this.name]);
  }

  /** The arguments of a command that changes the stack, without a question. */
  updating(command: string, ...args: string[]): string[] {
    return [command, "--yes", "--skip-preview", "--non-interactive", "--stack", this.name, ...args];
  }

  preview(...args: string[]): Promise<RunResult> {
    return this.run(["preview", "--non-interactive", "--stack", this.name, ...args]);
  }

  refresh(): Promise<RunResult> {
    return this.run(this.updating("refresh"));
  }

  destroy(...args: string[]): Promise<RunResult> {
    return this.run(this.updating("destroy", ...args));
  }

  /** The stack's outputs, its secrets in clear: keep them out of every log. */
  async outputs(): Promise<Outputs> {
    return JSON.parse(
      await this.mustRun(["stack", "output", "--json", "--show-secrets", "--stack", this.name]),
    ) as Outputs;
  }
}
