import type { V1Pod } from "@kubernetes/client-node";
import type { LastRotation } from "../lib/rotation";
import { contractKeys } from "../lib/contract";
import { prove, request, type Credential } from "../lib/gate/keycloak.mjs";
import { gateNames } from "../lib/gates";
import { checksumAnnotation, dataHash } from "../lib/hashes";
import { backstageUrls } from "../lib/urls";
import type { ClusterClient } from "./cluster";
import { signIn } from "./signIn";

/** What index.ts exports. */
export interface Outputs {
  readonly backstageUrl: string;
  readonly authProvider: string;
  readonly authEnvironment: string;
  readonly keycloakUrl: string;
  readonly issuer: string;
  readonly rotation: LastRotation;
  readonly namespace: string;
  readonly deployment: string;
  readonly contractSecret: string;
  readonly credential: Readonly<Record<string, string>>;
  /** Where the other clients' contract Secrets are, as namespace/name. */
  readonly clientSecrets: Readonly<Record<string, string>>;
  readonly userPasswords: Readonly<Record<string, string>>;
  /** The first sign-in asks for another password, so none of these goes on working. */
  readonly userPasswordsTemporary: boolean;
}

/** One link of the chain, looked at from outside. */
export interface Check {
  readonly name: string;
  /** Returns what was seen; throws with the fact and the remedy when the link is broken. */
  readonly run: () => Promise<string>;
}

export interface Result {
  readonly name: string;
  /** `not reached`: an earlier check failed, and this one depends on it. */
  readonly state: "ok" | "failed" | "not reached";
  /** Whether the check holds. */
  readonly ok: boolean;
  /** What was seen, or the fault with its remedy. */
  readonly saw: string;
  readonly seconds: number;
}

function credentialOf(outputs: Outputs): Credential {
  const read = (key: keyof typeof contractKeys): string => outputs.credential[contractKeys[key]] ?? "";
  return { metadataUrl: read("metadataUrl"), issuer: read("issuer"), clientId: read("clientId"), clientSecret: read("clientSecret") };
}

const isReady = (pod: V1Pod): boolean => (pod.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");

/** How long a pod may be ready before every node and proxy leads to it, in ms. */
const ROUTE_MS = 15_000;

/** The answer of Backstage's public URL; a connection that fails right after a rollout is tried again. */
async function answerOf(url: string): Promise<Response> {
  const end = performance.now() + ROUTE_MS;
  for (;;) {
    try {
      return await request(url, {}, ROUTE_MS);
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Where a sign-in starts, does Backstage send the browser to this client with this redirect URI? */
async function startRedirect(outputs: Outputs): Promise<string> {
  const urls = backstageUrls(outputs.backstageUrl, outputs.authProvider, outputs.authEnvironment);
  const response = await answerOf(`${urls.base}${urls.startPath}`);
  const location = response.headers.get("location");
  if (response.status !== 302 || location === null) throw new Error(`Backstage answers ${response.status}; look at its log`);
  const query = new URL(location).searchParams;
  const expected = { client_id: credentialOf(outputs).clientId, redirect_uri: urls.redirectUri, code_challenge_method: "S256" };
  for (const [key, value] of Object.entries(expected)) {
    if (query.get(key) !== value) throw new Error(`${key} is ${query.get(key) ?? "missing"}, not ${value}; run pulumi up`);
  }
  return `to ${new URL(location).origin} for client ${expected.client_id}, PKCE S256`;
}

/** The checks in the chain's order. */
export function checks(outputs: Outputs, cluster: ClusterClient): Check[] {
  const { namespace, contractSecret: name } = outputs;
  return [
    {
      name: "Keycloak accepts the credential",
      async run() {
        const { answer, why } = await prove(credentialOf(outputs));
        if (answer !== "accepted") throw new Error(`${why}; run pulumi up`);
        return `${outputs.issuer}: ${why}`;
      },
    },
    {
      name: "the Secret holds that credential",
      async run() {
        const { data = {} } = await cluster.core.readNamespacedSecret({ namespace, name });
        const values = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
        if (dataHash(values) !== dataHash(outputs.credential)) throw new Error(`Secret ${namespace}/${name} is not what the state says; run pulumi up --refresh`);
        return `${namespace}/${name}, ${Object.keys(values).length} keys`;
      },
    },
    {
      name: "every pod runs with that Secret, behind its gates",
      async run() {
        const pods = (await cluster.pods(namespace, outputs.deployment)).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
        const ready = pods.filter(isReady);
        if (ready.length === 0 || ready.length < pods.length) throw new Error(`${ready.length} of ${pods.length} pods are ready; look at their events and gate logs`);
        const stale = pods.find(({ metadata }) => metadata?.annotations?.[checksumAnnotation("secret", name)] !== dataHash(outputs.credential));
        if (stale !== undefined) throw new Error(`pod ${stale.metadata?.name ?? "?"} was made for another Secret; run pulumi up`);
        const passed = (pod: V1Pod): boolean =>
          gateNames.every((gate) => pod.status?.initContainerStatuses?.some((status) => status.name === gate && status.state?.terminated?.exitCode === 0));
        if (!pods.every(passed)) throw new Error(`a pod has no passed gates ${gateNames.join(", ")}; run pulumi up`);
        const restarts = pods.flatMap(({ status }) => status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
        return `${ready.length} ready, ${restarts} restarts`;
      },
    },
    { name: "Backstage starts a sign-in", run: () => startRedirect(outputs) },
    // A temporary password is worth one sign-in, and that is its owner's.
    ...Object.entries(outputs.userPasswordsTemporary ? {} : outputs.userPasswords).map(([username, password]) => ({
      name: `${username} signs in`,
      async run() {
        const { backstageUrl, authProvider, authEnvironment } = outputs;
        const outcome = await signIn({ backstageUrl, authProvider, authEnvironment, username, password });
        if (!outcome.ok) throw new Error(`ended at ${outcome.step}: ${outcome.why}`);
        return `as ${outcome.userEntityRef}`;
      },
    })),
  ];
}

/** Runs the checks one after the other; what comes after one that fails depends on it, and is not reached. */
export async function runChecks(list: readonly Check[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name, run } of list) {
    const broken = results.find(({ state }) => state === "failed");
    if (broken !== undefined) {
      results.push({ name, state: "not reached", ok: false, saw: `mend "${broken.name}" first`, seconds: 0 });
      continue;
    }
    const began = performance.now();
    const outcome = await run().then(
      (saw) => ({ state: "ok" as const, ok: true, saw }),
      (error: unknown) => ({ state: "failed" as const, ok: false, saw: error instanceof Error ? error.message : String(error) }),
    );
    results.push({ name, ...outcome, seconds: (performance.now() - began) / 1000 });
  }
  return results;
}

const marks = { ok: "ok  ", failed: "FAIL", "not reached": "--  " } as const;

/** The results as lines for a person. */
export function table(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  return results
    .map(({ name, state, saw, seconds }) => `${marks[state]}  ${name.padEnd(width)}  ${seconds.toFixed(2).padStart(6)} s  ${saw}`)
    .join("\n");
}
