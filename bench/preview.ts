import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { startPlatform } from "../sandbox/platform";
import { inPlatform, ports, root } from "../sandbox/settings";
import { Stack } from "../sandbox/stack";

/**
 * What a preview without changes costs, with the ten clients of Pulumi.prod.yaml's platform: the program as it is, and
 * as the SDK starts one by default (types checked, every stack trace formatted), in turn on the same machine. `npm run bench`.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const NAME = "bench";

const applications = ["argo-workflows", "jupyterhub", "kubeflow", "mlflow", "spark", "airflow", "grafana", "argocd", "kargo", "portal"];
const clients = applications.map((clientId) => ({
  clientId,
  rootUrl: `https://${clientId}.example.com`,
  redirectUris: [`https://${clientId}.example.com/oauth2/callback`],
  secret: { namespace: "bench-apps", name: clientId, createNamespace: true },
}));

/** What the SDK does without the project's option `tsconfig`. */
const checkTypes = { PULUMI_NODEJS_TRANSPILE_ONLY: "false" };

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

async function main(): Promise<void> {
  const running = await startPlatform();
  const stack = new Stack(NAME, running);
  const nodePort = ports.backstage + 9;
  await stack.configure({ realm: { name: NAME }, clients, backstage: { namespace: NAME, nodePort, url: `http://${running.nodeAddress}:${nodePort}` } });
  const up = await stack.up();
  if (up.code !== 0) throw new Error(up.stdout + up.stderr);
  const file = inPlatform("bench-cpu");
  const figures: Record<string, { cpu: number[]; wall: number[] }> = { program: { cpu: [], wall: [] }, default: { cpu: [], wall: [] } };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [start, { cpu, wall }] of Object.entries(figures)) {
      fs.rmSync(file, { force: true });
      const began = performance.now();
      const env = { NODE_OPTIONS: `--import ${path.join(root, "bench", "cpu.mjs")}`, BENCH_START: start, BENCH_FILE: file, ...(start === "default" ? checkTypes : {}) };
      const { code, stdout } = await stack.run(["preview", "--non-interactive", "--expect-no-changes", "--stack", NAME], env);
      if (code !== 0) throw new Error(stdout);
      wall.push((performance.now() - began) / 1000);
      cpu.push(Number(parse(fs.readFileSync(file, "utf8"))));
    }
  }
  await stack.destroy();
  const resources = /(\d+) unchanged/.exec(up.stdout)?.[1] ?? /(\d+) created/.exec(up.stdout)?.[1] ?? "?";
  console.log(`${resources} resources, medians of ${ROUNDS} previews each`);
  for (const [start, { cpu, wall }] of Object.entries(figures)) {
    console.log(`${start.padEnd(8)} ${median(cpu).toFixed(2)} s of Node's processor time, ${median(wall).toFixed(2)} s in all`);
  }
  console.log(`saved    ${((1 - median(figures.program?.cpu ?? []) / median(figures.default?.cpu ?? [])) * 100).toFixed(0)} % of Node's processor time`);
}

void main();
