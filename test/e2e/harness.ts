import KcAdminClient from "@keycloak/keycloak-admin-client";
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { adminPassword } from "../../sandbox/keycloak";
import { startPlatform, type Platform } from "../../sandbox/platform";
import { mustEnd, runUnchecked, sleep, waitFor, type RunOptions, type RunResult } from "../../sandbox/process";
import { pulumiEnv } from "../../sandbox/pulumi";
import { ports, root } from "../../sandbox/settings";
import { Stack, type ConfigValues } from "../../sandbox/stack";
import { verify } from "../../verify/chain";
import { clusterClient, type ClusterClient } from "../../verify/cluster";
import type { Outputs } from "../../lib/outputs";
import type { Context } from "../../verify/context";
import { exitCode, table } from "../../verify/runChecks";
import { signIn, type SignIn } from "../../verify/signIn";

/** The running platform, started when the first test asks for it; `make test` starts it before and ends it after. */
let started: Promise<Platform> | undefined;
export function platform(): Promise<Platform> {
  started ??= startPlatform();
  return started;
}

/** Keycloak's administrator, for what happens behind Pulumi's back. */
export async function keycloakAdmin(): Promise<KcAdminClient> {
  const { keycloakUrl } = await platform();
  const admin = new KcAdminClient({ baseUrl: keycloakUrl });
  await admin.auth({ grantType: "password", clientId: "admin-cli", username: "admin", password: adminPassword() });
  return admin;
}

/** Has Keycloak make another secret for Backstage's client, as a person does in its console; returns it. */
export async function regenerateSecret(realm: string): Promise<string> {
  const admin = await keycloakAdmin();
  const [client] = await admin.clients.find({ realm, clientId: "backstage" });
  const { value } = await admin.clients.generateNewClientSecret({ realm, id: client?.id ?? "" });
  return value ?? "";
}

/**
 * Makes a suite one story, told once, on one stack: each step needs the one before it. mocha's `bail` would also skip
 * it for a failure elsewhere, and in silence.
 */
export function story(): void {
  let broken = false;
  beforeEach(() => assert.ok(!broken, "an earlier step of this story failed"));
  afterEach(function () {
    broken ||= this.currentTest?.state === "failed";
  });
}

export interface Meanwhile<T> {
  /** What the work came to. */
  readonly done: T;
  readonly tried: number;
  /** The attempts that failed: after how many seconds, and what was said. */
  readonly failed: readonly { readonly second: number; readonly said: string }[];
}

/** Tries something again and again, at most 1,200 times, until some work is done. */
export async function meanwhile<T>(work: Promise<T>, attempt: () => Promise<unknown>): Promise<Meanwhile<T>> {
  const failed: { second: number; said: string }[] = [];
  const over = new AbortController();
  const end = (): void => over.abort();
  work.then(end, end);
  const began = performance.now();
  let tried = 0;
  for (; tried < 1200 && !over.signal.aborted; tried++) {
    await attempt().catch((error: unknown) =>
      failed.push({ second: (performance.now() - began) / 1000, said: (error as Error).message }),
    );
    await sleep(250);
  }
  return { done: await work, tried, failed };
}

/** How long something is tried again, in seconds. */
const AGAIN_SECONDS = 20;

/**
 * Attempts until one succeeds or the time is over; the last. Right after a rollout a connection may be refused, or led
 * to the pod that has gone.
 */
async function again<T>(attempt: () => Promise<T>, succeeded: (outcome: T) => boolean): Promise<T> {
  const over = performance.now() + AGAIN_SECONDS * 1000;
  for (;;) {
    const outcome = await attempt();
    if (succeeded(outcome) || performance.now() > over) return outcome;
    await sleep(500);
  }
}

/** Who signs in. */
export interface User {
  readonly username: string;
  readonly password: string;
}

/** A stack of its own beside the demo's: another realm, namespace and port. */
export class TestStack {
  private constructor(
    readonly stack: Stack,
    readonly realm: string,
    readonly namespace: string,
    readonly cluster: ClusterClient,
    private readonly values: ConfigValues,
  ) {}

  /** @param portOffset keeps stacks that live at the same time apart; 0 is the demo's. */
  static async create(name: string, portOffset: number): Promise<TestStack> {
    const running = await platform();
    const nodePort = ports.backstage + portOffset;
    const values = {
      realm: { name },
      backstage: { namespace: name, nodePort, url: `http://${running.nodeAddress}:${nodePort}` },
    };
    const own = new TestStack(new Stack(name, running), name, name, clusterClient(running.kubeconfig), values);
    // A test run that was killed left it.
    if (fs.existsSync(own.stack.folder)) {
      await own.stack.mustRun(["stack", "select", "--create", name]);
      await own.remove();
    }
    await own.configure();
    return own;
  }

  /** Sets config values over the stack's own. */
  configure(values: ConfigValues = {}): Promise<void> {
    const backstage = { ...(this.values.backstage as ConfigValues), ...(values.backstage as ConfigValues | undefined) };
    return this.stack.configure({ ...this.values, ...values, backstage });
  }

  /** `pulumi up`; fails with what the CLI printed. */
  async up(...args: string[]): Promise<RunResult> {
    return mustEnd(await this.stack.up(...args));
  }

  /** `pulumi refresh`; fails with what the CLI printed. */
  async refresh(): Promise<RunResult> {
    return mustEnd(await this.stack.refresh());
  }

  outputs(): Promise<Outputs> {
    return this.stack.outputs();
  }

  /** Signs a user in; a pod that has just become ready may have no route for a moment. @default the test user */
  async signIn(user?: User): Promise<SignIn> {
    const { backstageUrl, authProvider, authEnvironment, userPasswords } = await this.outputs();
    await waitFor(`a route to ${backstageUrl}`, 15, () => fetch(backstageUrl, { signal: AbortSignal.timeout(5000) }));
    return signIn({
      backstageUrl,
      authProvider,
      authEnvironment,
      ...(user ?? { username: "ada", password: userPasswords.ada ?? "" }),
    });
  }

  /**
   * Signs every user in, over and over, for as long as `during` takes and `after` more ms; how often, and what failed
   * when.
   * @param environments what the users' pages were loaded with, in turn. @default the one of now
   */
  async signingIn(
    during: () => Promise<unknown>,
    after = 0,
    environments?: readonly string[],
  ): Promise<Omit<Meanwhile<unknown>, "done">> {
    const { backstageUrl, authProvider, userPasswords, ...outputs } = await this.outputs();
    const loaded = environments ?? [outputs.authEnvironment];
    const work = during().then(() => sleep(after));
    const users = Object.entries(userPasswords).map(([username, password], index) =>
      meanwhile(work, async () => {
        const authEnvironment = loaded[index % loaded.length] ?? "";
        const { ok, ...said } = await signIn({ backstageUrl, authProvider, authEnvironment, username, password });
        if (!ok) throw new Error(JSON.stringify(said));
      }),
    );
    const all = await Promise.all(users);
    return { tried: all.reduce((sum, { tried }) => sum + tried, 0), failed: all.flatMap(({ failed }) => failed) };
  }

  /** What verify looks at, with a sign-in of every test user. */
  async context(): Promise<Context> {
    const outputs = await this.outputs();
    const logins = Object.entries(outputs.userPasswords).map(([username, password]) => ({ username, password }));
    return { outputs, cluster: this.cluster, logins };
  }

  /** `npm run verify` for this stack, as it is typed. */
  async verify(args: string[], { env = {}, ...options }: RunOptions = {}): Promise<RunResult> {
    const command = [
      "--import",
      require.resolve("tsx"),
      path.join(root, "verify", "index.ts"),
      "--stack",
      this.stack.name,
      ...args,
    ];
    return runUnchecked(process.execPath, command, {
      ...options,
      cwd: this.stack.folder,
      env: { ...(await pulumiEnv()), ...env },
    });
  }

  /** Every link of the chain holds, and the test users sign in; fails with what verify saw. */
  async mustHold(): Promise<void> {
    const results = await again(
      async () => verify(await this.context()),
      (seen) => exitCode(seen) === 0,
    );
    assert.equal(exitCode(results), 0, table(results));
  }

  /** Destroys whatever a test left, so that the next run starts from nothing. */
  async remove(): Promise<void> {
    await this.stack.cancel();
    await this.stack.run(["state", "unprotect", "--all", "--yes", "--stack", this.stack.name]);
    // With a refresh: a test that failed may have left the state behind the servers.
    // The H2 of a Keycloak for development finds a deadlock between users that go and the client of their sessions.
    mustEnd(
      await again(
        () => this.stack.destroy("--refresh"),
        ({ stdout }) => !/500 Internal Server Error/.test(stdout),
      ),
    );
    await this.stack.forget();
    fs.rmSync(this.stack.folder, { recursive: true });
  }

  /** Signs a user in, and fails with what was said. @default the test user */
  async mustSignIn(user?: User): Promise<SignIn & { ok: true }> {
    const outcome = await again(
      () => this.signIn(user),
      ({ ok }) => ok,
    );
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return outcome;
  }

  /** Waits until a sign-in works; returns the seconds it took and what was seen until then. */
  async untilSignIn(seconds: number): Promise<{ seconds: number; refused: SignIn[] }> {
    const { backstageUrl, authProvider, authEnvironment, userPasswords } = await this.outputs();
    const began = performance.now();
    const refused: SignIn[] = [];
    await waitFor(
      "a sign-in that works",
      seconds,
      async () => {
        const outcome = await signIn({
          backstageUrl,
          authProvider,
          authEnvironment,
          username: "ada",
          password: userPasswords.ada ?? "",
          timeoutMs: 5000,
        });
        if (!outcome.ok) refused.push(outcome);
        return outcome.ok ? true : undefined;
      },
      1000,
    );
    return { seconds: (performance.now() - began) / 1000, refused };
  }

  /** Changes keys of the contract Secret behind Pulumi's back. */
  async editSecret(values: Readonly<Record<string, string>>): Promise<void> {
    const { namespace } = this;
    const name = (await this.outputs()).contractSecret;
    const secret = await this.cluster.core.readNamespacedSecret({ namespace, name });
    const encoded = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")] as const);
    secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
    await this.cluster.core.replaceNamespacedSecret({ namespace, name, body: secret });
  }

  async readyPods(): Promise<number> {
    const { status } = await this.cluster.apps.readNamespacedDeployment({
      namespace: this.namespace,
      name: "backstage",
    });
    return status?.readyReplicas ?? 0;
  }

  /** The last line of a gate, in a pod that is none of `others`. */
  async gateSays(gate: string, others: readonly string[] = []): Promise<string> {
    const pod = (await this.pods()).names.find((name) => !others.includes(name));
    assert.ok(pod !== undefined, "there is no such pod yet");
    return (
      await this.cluster.core.readNamespacedPodLog({
        namespace: this.namespace,
        name: pod,
        container: gate,
        tailLines: 1,
      })
    ).trim();
  }

  /** How often Backstage's containers were restarted in all, and the pods' names. */
  async pods(): Promise<{ names: string[]; restarts: number }> {
    const pods = (await this.cluster.pods(this.namespace, "backstage")).filter(
      ({ metadata }) => metadata?.deletionTimestamp === undefined,
    );
    const statuses = pods.flatMap(({ status }) => status?.containerStatuses ?? []);
    return {
      names: pods.map(({ metadata }) => metadata?.name ?? "").sort(),
      restarts: statuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    };
  }
}
