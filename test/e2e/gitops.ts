import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import type { Manifest } from "../../lib/gitops/objects";
import { run, runUnchecked, type RunResult } from "../../sandbox/process";
import { pulumiEnv } from "../../sandbox/pulumi";
import { root } from "../../sandbox/settings";

/** What Argo CD and the External Secrets Operator do with the rendered files, as far as the tests need it. */

const wave = ({ metadata }: Manifest): number => Number(metadata.annotations?.["argocd.argoproj.io/sync-wave"] ?? 0);

export async function kubectl(...args: string[]): Promise<string> {
  return run("kubectl", args, { env: await pulumiEnv() });
}

const applying = (manager: string, file: string): string[] => [
  "apply",
  "--server-side",
  "--force-conflicts",
  "--field-manager",
  manager,
  "-f",
  file,
];

/** Applies objects as somebody, who wins over whoever set the same field before. */
export async function apply(manager: string, ...objects: object[]): Promise<void> {
  await run("kubectl", applying(manager, "-"), {
    env: await pulumiEnv(),
    input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
  });
}

/** `npm run render` on a stack's own folder. */
export const render = (folder: string, stack: string, ...args: string[]): Promise<RunResult> =>
  runUnchecked(process.execPath, ["--import", "tsx", "render/index.ts", "--cwd", folder, "--stack", stack, ...args], {
    cwd: root,
  });

export class Tree {
  /** @param folder a stack's rendered folder */
  constructor(readonly folder: string) {}

  /** Every object, in the order of waves; the Applications themselves are not among them. */
  private get files(): { file: string; object: Manifest }[] {
    const files = fs
      .readdirSync(this.folder, { recursive: true, encoding: "utf8" })
      .filter((file) => /^(keycloak|clients|backstage)\/.*\.yaml$/.test(file) && !file.endsWith("kustomization.yaml"));
    const read = files.map((name) => ({
      file: path.join(this.folder, name),
      object: parse(fs.readFileSync(path.join(this.folder, name), "utf8")) as Manifest,
    }));
    return read.sort((a, b) => wave(a.object) - wave(b.object));
  }

  /**
   * Applies every object, wave by wave, but those of the External Secrets Operator, whose part the test plays; the Job
   * anew, as its hook says.
   */
  async sync(): Promise<void> {
    for (const { file, object } of this.files) {
      if (object.apiVersion.startsWith("external-secrets.io/")) continue;
      if (object.kind === "Job") await kubectl("delete", "--ignore-not-found", "-f", file);
      await kubectl(...applying("argocd-controller", file));
    }
  }

  /**
   * Makes the Secret of each ExternalSecret, as its spec says. @param over values that the store still holds instead
   */
  async refreshSecrets(over: Readonly<Record<string, string>> = {}): Promise<void> {
    const source = this.files.map(({ object }) => object).find(({ kind }) => kind === "SecretStore");
    const { remoteNamespace } = (source?.spec as { provider: { kubernetes: { remoteNamespace: string } } }).provider
      .kubernetes;
    for (const { object } of this.files) {
      if (object.kind !== "ExternalSecret") continue;
      const { target, data } = object.spec as {
        target: { name: string };
        data: { secretKey: string; remoteRef: { key: string; property: string } }[];
      };
      const values: Record<string, string> = {};
      for (const { secretKey, remoteRef } of data) {
        const held = JSON.parse(await kubectl("get", "secret", remoteRef.key, "-n", remoteNamespace, "-o", "json")) as {
          data: Record<string, string>;
        };
        const value = held.data[remoteRef.property];
        if (value === undefined) throw new Error(`${remoteRef.key} holds no ${remoteRef.property}`);
        values[secretKey] = over[secretKey] === undefined ? value : Buffer.from(over[secretKey]).toString("base64");
      }
      // Without a template the operator copies the annotations too, and so the stack's mark.
      const { namespace, annotations } = object.metadata;
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: target.name, namespace, annotations },
        type: "Opaque",
        data: values,
      };
      await apply("externalsecrets", secret);
    }
  }

  /** The text of every file. */
  get text(): string {
    return this.files.map(({ file }) => fs.readFileSync(file, "utf8")).join("\n");
  }
}
