import { KubeConfig, Watch, type V1ContainerStatus, type V1Pod } from "@kubernetes/client-node";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { gateNames } from "../lib/pod/gates";
import { waitFor } from "../sandbox/process";
import { ensurePulumi, pulumiEnv } from "../sandbox/pulumi";
import { ports } from "../sandbox/settings";
import type { Stack } from "../sandbox/stack";
import { benchStack } from "./stack";
import { clusterClient } from "../verify/cluster";
import { signIn } from "../verify/signIn";
import { median } from "./figures";

/**
 * Where the time goes from `pulumi up` on the empty platform to the first sign-in. The moments are those at which the
 * CLI prints a line, a watch tells a change of the pod, and the kubelet's log has Backstage's own. `npm run
 * bench:first`; BENCH_ROUNDS.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const NAME = "bench-first";

/** What one moment is called; each phase ends with one, and begins with the one before. */
const phases = [
  ["stack", "the CLI, the language host and the program start", false],
  ["keycloakBegins", "settings, and both servers asked before anything is made", false],
  ["keycloakEnds", "Keycloak makes realm, client, scopes and users", true],
  ["deployment", "namespace, Secret and ConfigMaps", true],
  ["pod", "the Deployment is sent, and makes a pod", true],
  [gateNames[0], "the first container is made", true],
  [gateNames[1], "the first gate, and the second one's container", false],
  ["gatesPassed", "the second gate: Keycloak accepts the credential", false],
  ["backstage", "Backstage's container is made", true],
  ["listens", "Backstage starts", true],
  ["ready", "the proof that a sign-in can work, by the readiness probe", false],
  ["deploymentEnds", "Pulumi sees that it is ready", false],
  ["upEnds", "the outputs, and the end of the run", false],
  ["signedIn", "the Service leads to the pod, and the first sign-in", true],
] as const;
type Moment = (typeof phases)[number][0];
type Moments = Partial<Record<Moment, number>>;

async function measure(stack: Stack, kubeconfig: string): Promise<Moments> {
  const seen: Moments = {};
  const began = Date.now();
  const now = (): number => Date.now() - began;
  const first = (moment: Moment): void => void (seen[moment] ??= now());

  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const podSeen = ({ status }: V1Pod): void => {
    first("pod");
    const begun = (name: string, statuses: V1ContainerStatus[] = []): boolean =>
      statuses.some(
        ({ name: own, state }) => own === name && (state?.running !== undefined || state?.terminated !== undefined),
      );
    for (const gate of gateNames) if (begun(gate, status?.initContainerStatuses)) first(gate);
    if (status?.initContainerStatuses?.every(({ state }) => state?.terminated?.exitCode === 0) === true)
      first("gatesPassed");
    if (begun("backstage", status?.containerStatuses)) first("backstage");
    if (status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true) first("ready");
  };
  const watch = await new Watch(config).watch(
    `/api/v1/namespaces/${NAME}/pods`,
    {},
    (_, pod) => podSeen(pod as V1Pod),
    () => undefined,
  );

  const child = spawn(await ensurePulumi(), stack.updating("up"), {
    cwd: stack.folder,
    env: await pulumiEnv(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (/pulumi:pulumi:Stack .* creating/.test(line)) first("stack");
    if (/ keycloak:\S+ .* creating/.test(line)) first("keycloakBegins");
    if (/ keycloak:\S+ .* created/.test(line)) seen.keycloakEnds = now();
    if (/ kubernetes:apps\/v1:Deployment backstage creating/.test(line)) first("deployment");
    if (/ kubernetes:apps\/v1:Deployment backstage created/.test(line)) first("deploymentEnds");
  }
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.on("close", resolve)));
  first("upEnds");
  watch.abort();
  if (code !== 0) throw new Error(lines.join("\n"));

  const { backstageUrl, authProvider, authEnvironment, userPasswords, namespace } = await stack.outputs();
  // Reading the outputs is no part of it.
  const ended = Date.now();
  await waitFor(
    "a good sign-in",
    30,
    async () => {
      const outcome = await signIn({
        backstageUrl,
        authProvider,
        authEnvironment,
        username: "ada",
        password: userPasswords.ada ?? "",
      });
      return outcome.ok ? true : Promise.reject(new Error(JSON.stringify(outcome)));
    },
    50,
  );
  seen.signedIn = (seen.upEnds ?? NaN) + Date.now() - ended;

  const { core, pods } = clusterClient(kubeconfig);
  const [pod] = await pods(namespace, "backstage");
  const log = await core.readNamespacedPodLog({
    namespace,
    name: pod?.metadata?.name ?? "",
    container: "backstage",
    timestamps: true,
  });
  const listening = log.split("\n").find((line) => /Listening on/.test(line));
  seen.listens = Date.parse(listening?.split(" ", 1)[0] ?? "") - began;
  return seen;
}

async function main(): Promise<void> {
  const { stack, running } = await benchStack(NAME, ports.backstage + 19);
  const rounds: Moments[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await measure(stack, running.kubeconfig));
    await stack.mustRun(stack.updating("destroy"));
  }
  await stack.forget();

  const at = (seen: Moments, index: number): number => (index < 0 ? 0 : (seen[phases[index]?.[0] ?? "stack"] ?? NaN));
  const took = phases.map((_, index) => median(rounds.map((seen) => at(seen, index) - at(seen, index - 1))) / 1000);
  const total = took.reduce((sum, seconds) => sum + seconds, 0);
  const floor = took.reduce((sum, seconds, index) => sum + (phases[index]?.[2] === true ? seconds : 0), 0);
  console.log("| phase | seconds | share | unavoidable |\n|---|---|---|---|");
  for (const [index, [, what, unavoidable]] of phases.entries()) {
    const seconds = took[index] ?? NaN;
    console.log(
      `| ${what} | ${seconds.toFixed(1)} | ${((seconds / total) * 100).toFixed(0)} % | ${unavoidable ? "yes" : ""} |`,
    );
  }
  console.log(
    `| all of it | ${total.toFixed(1)} | the floor is ${floor.toFixed(1)} s; the whole takes ${(total / floor).toFixed(2)} times that | |`,
  );
}

void main();
