import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { startPlatform } from "../sandbox/platform";
import { log, statOf } from "../sandbox/process";
import { ensurePulumi, pulumiEnv } from "../sandbox/pulumi";
import { ports, root } from "../sandbox/settings";
import { Stack } from "../sandbox/stack";
import { Ansible, type BenchClient } from "./ansible";
import { exponent, median, nodeTime } from "./figures";

/**
 * How a run grows with the number of clients, each with a contract Secret: the first `up`, a preview without changes,
 * the same with a refresh and with the policy pack, and an `up` that changes one client; beside it Ansible, which makes
 * the realm and the clients alone and asks Keycloak for each of them in every run. `npm run -w bench scale`; BENCH_SIZES,
 * BENCH_ROUNDS, and up to how many clients the two slowest are measured: BENCH_STEPS_UP_TO, BENCH_ANSIBLE_UP_TO.
 */
const SIZES = (process.env.BENCH_SIZES ?? "1,10,100").split(",").map(Number);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
/** An engine that writes the whole state after every step grows with the square of the clients. */
const STEPS_UP_TO = Number(process.env.BENCH_STEPS_UP_TO ?? 300);
const ANSIBLE_UP_TO = Number(process.env.BENCH_ANSIBLE_UP_TO ?? 300);
/**
 * Makes the engine write the state at the end alone: a run that is killed then leaves nothing that the next one knows
 * of.
 */
const AT_THE_END = { PULUMI_SKIP_CHECKPOINTS: "true" };
const NAME = "bench-scale";
const pack = path.join(root, "policy");
const withPack = ["--policy-pack", pack, "--policy-pack-config", path.join(pack, "profiles", "dev.json")];

interface Cost {
  /** From start to end, in seconds. */
  readonly seconds: number;
  /** The program's processor time, in seconds; NaN where there is none. */
  readonly node: number;
  /** The CLI's own, in which the engine runs, in seconds. */
  readonly engine: number;
  /** The CLI's peak memory, in MiB. */
  readonly memory: number;
}
type Measure = keyof Cost;

const TICKS_PER_SECOND = 100;

/** Processor time and peak memory of a process, as long as it runs. */
function usage(pid: number): Pick<Cost, "engine" | "memory"> | undefined {
  const [user = NaN, system = NaN] = statOf(pid)?.slice(11, 13).map(Number) ?? [];
  try {
    const peak = Number(/^VmHWM:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? NaN);
    return Number.isNaN(peak) ? undefined : { engine: (user + system) / TICKS_PER_SECOND, memory: peak / 1024 };
  } catch {
    return undefined; // it has ended
  }
}

async function cost(stack: Stack, args: string[], more: NodeJS.ProcessEnv = {}): Promise<Cost> {
  const node = nodeTime();
  const env = { ...(await pulumiEnv()), ...node.env, ...more };
  const began = performance.now();
  const child = spawn(await ensurePulumi(), args, { cwd: stack.folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  let last: Pick<Cost, "engine" | "memory"> = { engine: NaN, memory: NaN };
  const watch = setInterval(() => (last = usage(child.pid ?? 0) ?? last), 50);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(said);
  return { ...last, seconds: (performance.now() - began) / 1000, node: node.seconds() };
}

const clientsOf = (size: number, description: string): BenchClient[] =>
  Array.from({ length: size }, (_, index) => ({
    clientId: `app-${index}`,
    description: index === 0 ? description : "no change",
    rootUrl: `https://app-${index}.example.com`,
    redirectUris: [`https://app-${index}.example.com/oauth2/callback`],
  }));

const preview = ["preview", "--expect-no-changes", "--non-interactive", "--stack", NAME];

async function main(): Promise<void> {
  const running = await startPlatform();
  const stack = new Stack(NAME, running);
  const up = stack.updating("up");
  const nodePort = ports.backstage + 18;
  const configure = (size: number, description: string): Promise<void> =>
    stack.configure({
      realm: { name: NAME },
      clients: clientsOf(size, description).map((client) => ({
        ...client,
        secret: { namespace: "bench-scale-apps", name: client.clientId, createNamespace: true },
      })),
      backstage: { namespace: NAME, nodePort, url: `http://${running.nodeAddress}:${nodePort}` },
    });
  const ansible = await Ansible.create(running.keycloakUrl, `${NAME}-ansible`);
  const played = async (changes: number): Promise<Cost> => ({
    seconds: await ansible.play(changes),
    node: NaN,
    engine: NaN,
    memory: NaN,
  });

  const destroy = (): Promise<unknown> => stack.mustRun(stack.updating("destroy"), AT_THE_END);

  const rows: { size: number; what: string; costs: Cost[] }[] = [];
  for (const size of SIZES) {
    const withAnsible = size <= ANSIBLE_UP_TO;
    const arms = new Map<string, Cost[]>();
    const add = (what: string, one: Cost): unknown => arms.set(what, [...(arms.get(what) ?? []), one]);
    await configure(size, "before");
    if (size <= STEPS_UP_TO) {
      add("first up", await cost(stack, up));
      await destroy();
    }
    add("first up, the state written at the end", await cost(stack, up, AT_THE_END));
    ansible.configure(clientsOf(size, "before"));
    if (withAnsible) add("Ansible, first run", await played(size));
    for (let round = 0; round < ROUNDS; round++) {
      add("preview", await cost(stack, preview));
      add("preview with a refresh", await cost(stack, [...preview, "--refresh"]));
      add("preview with the pack", await cost(stack, [...preview, ...withPack]));
      if (withAnsible) add("Ansible, nothing to change", await played(0));
      await configure(size, `round ${round}`);
      add("up that changes one", await cost(stack, up));
      ansible.configure(clientsOf(size, `round ${round}`));
      if (withAnsible) add("Ansible, one to change", await played(1));
    }
    rows.push(...[...arms].map(([what, costs]) => ({ size, what, costs })));
    for (const [what, costs] of arms)
      log(`${size} clients, ${what}: ${costs.map(({ seconds }) => seconds.toFixed(1)).join(", ")} s`);
    if (withAnsible) {
      ansible.configure([], "absent");
      await ansible.play(0);
    }
    await destroy();
  }
  await stack.forget();

  const figure = (value: number, digits: number): string => (Number.isNaN(value) ? "" : value.toFixed(digits));
  const middle = (costs: readonly Cost[], measure: Measure): number => median(costs.map((one) => one[measure]));
  console.log(
    "| clients | what | seconds | Node's processor time, s | engine's, s | engine's peak memory, MiB | " +
      "exponent of growth |\n|---|---|---|---|---|---|---|",
  );
  for (const { size, what, costs } of rows) {
    const before = rows.filter((row) => row.what === what && row.size < size).at(-1);
    const seconds = middle(costs, "seconds");
    const growth =
      before === undefined ? "" : exponent([before.size, middle(before.costs, "seconds")], [size, seconds]).toFixed(2);
    const [node, engine] = (["node", "engine"] as const).map((one) => figure(middle(costs, one), 1));
    const cells = [size, what, figure(seconds, 1), node, engine, figure(middle(costs, "memory"), 0), growth];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

void main();
