import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { pulumi } from "../sandbox/pulumi";
import { inPlatform, ports, root } from "../sandbox/settings";
import type { Stack } from "../sandbox/stack";
import { benchStack } from "./stack";
import { median, nodeTime } from "./figures";
import { flatState, straightLine, type Exported } from "./straightLine";

/**
 * What a preview without changes costs, with the ten clients of Pulumi.prod.yaml's platform: the program as it is, and
 * what it is compared with, in turn on the same machine. `npm run -w bench preview`.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const NAME = "bench";
const STRAIGHT = "bench-straight";

const applications = [
  "argo-workflows",
  "jupyterhub",
  "kubeflow",
  "mlflow",
  "spark",
  "airflow",
  "grafana",
  "argocd",
  "kargo",
  "portal",
];
const clients = applications.map((clientId) => ({
  clientId,
  rootUrl: `https://${clientId}.example.com`,
  redirectUris: [`https://${clientId}.example.com/oauth2/callback`],
  secret: { namespace: "bench-apps", name: clientId, createNamespace: true },
}));

/** The SDK's own formatting of stack traces stays. */
const byDefault = { BENCH_START: "default" };

/** The stack as the SDK starts it when nothing tells it otherwise: it checks the types. */
function defaultStartIn(folder: string, stack: Stack): void {
  fs.cpSync(stack.folder, folder, { recursive: true });
  fs.writeFileSync(
    path.join(folder, "Pulumi.yaml"),
    stringify({ name: "backstage-keycloak", runtime: "nodejs", main: path.join(root, "index.ts") }),
  );
}

/** The straight-line program and its state, in a folder of their own; nothing is made on the servers. */
async function straightLineIn(folder: string, stack: Stack): Promise<void> {
  const exported = JSON.parse(await stack.mustRun(["stack", "export", "--show-secrets", "--stack", NAME])) as Exported;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  fs.writeFileSync(path.join(folder, "Pulumi.yaml"), stringify({ name: "backstage-keycloak", runtime: "nodejs" }));
  fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: STRAIGHT }));
  fs.writeFileSync(path.join(folder, "index.ts"), straightLine(exported), { mode: 0o600 });
  const mustRun = async (args: string[], options: { input?: string } = {}): Promise<void> => {
    const { code, stderr } = await pulumi(args, { cwd: folder, ...options });
    if (code !== 0) throw new Error(stderr);
  };
  await mustRun(["stack", "select", "--create", STRAIGHT]);
  await mustRun(["stack", "import", "--stack", STRAIGHT], { input: JSON.stringify(flatState(exported, STRAIGHT)) });
}

interface Figures {
  readonly cpu: number[];
  readonly wall: number[];
}

async function main(): Promise<void> {
  const { stack } = await benchStack(NAME, ports.backstage + 9, { clients });
  const up = await stack.up();
  if (up.code !== 0) throw new Error(up.stdout + up.stderr);
  const folder = inPlatform(STRAIGHT);
  await straightLineIn(folder, stack);
  const ordinary = inPlatform("bench-default");
  defaultStartIn(ordinary, stack);

  const starts = {
    program: { what: "the program", cwd: stack.folder, name: NAME, env: {} },
    default: { what: "the program, as the SDK starts one", cwd: ordinary, name: NAME, env: byDefault },
    traced: { what: "the program, every stack trace formatted", cwd: stack.folder, name: NAME, env: byDefault },
    straight: { what: "a straight line, as the SDK starts one", cwd: folder, name: STRAIGHT, env: byDefault },
  };
  const none = (): Figures => ({ cpu: [], wall: [] });
  const figures: Record<keyof typeof starts, Figures> = {
    program: none(),
    traced: none(),
    default: none(),
    straight: none(),
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const start of Object.keys(starts) as (keyof typeof starts)[]) {
      const { cwd, name, env } = starts[start];
      const node = nodeTime();
      const began = performance.now();
      const { code, stdout } = await pulumi(["preview", "--non-interactive", "--expect-no-changes", "--stack", name], {
        cwd,
        env: { ...node.env, ...env },
      });
      if (code !== 0) throw new Error(stdout);
      figures[start].wall.push((performance.now() - began) / 1000);
      figures[start].cpu.push(node.seconds());
    }
  }
  await pulumi(["stack", "rm", "--yes", "--force", STRAIGHT], { cwd: folder });
  await stack.destroy();

  const resources = /(\d+) unchanged/.exec(up.stdout)?.[1] ?? /(\d+) created/.exec(up.stdout)?.[1] ?? "?";
  console.log(
    `${resources} resources, medians of ${ROUNDS} previews each, and of the program's share of the same round`,
  );
  for (const [start, { what }] of Object.entries(starts)) {
    const { cpu, wall } = figures[start as keyof typeof starts];
    const share = (own: readonly number[], of: readonly number[]): string =>
      `${(median(own.map((value, round) => value / (of[round] ?? NaN))) * 100).toFixed(0)} %`;
    const shares =
      start === "program"
        ? ""
        : `; the program takes ${share(figures.program.cpu, cpu)} and ${share(figures.program.wall, wall)}`;
    console.log(
      `${what.padEnd(40)} ${median(cpu).toFixed(2)} s of Node's processor time, ${median(wall).toFixed(2)} s in all${shares}`,
    );
  }
}

void main();
