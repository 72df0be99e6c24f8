import * as path from "node:path";
import { ports, root } from "../sandbox/settings";
import { benchStack } from "./stack";
import { inTurn, median } from "./figures";

/**
 * What the policy pack adds to a preview of the default stack without changes, and what a pack without policies adds:
 * in turn on the same machine, so that each round has the same neighbours. `npm run -w bench policy`.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9);
const NAME = "bench-policy";
const pack = path.join(root, "policy");

const arms: Readonly<Record<string, string[]>> = {
  "no pack": [],
  "a pack without policies": ["--policy-pack", path.join(root, "bench", "emptyPack")],
  "the pack": ["--policy-pack", pack, "--policy-pack-config", path.join(pack, "profiles", "dev.json")],
};

async function main(): Promise<void> {
  const { stack } = await benchStack(NAME, ports.backstage + 19);
  const up = await stack.up();
  if (up.code !== 0) throw new Error(up.stdout + up.stderr);
  const rounds: Record<string, number>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const seconds: Record<string, number> = {};
    for (const [name, args] of inTurn(Object.entries(arms), round)) {
      const began = performance.now();
      const { code, stdout, stderr } = await stack.preview("--expect-no-changes", ...args);
      if (code !== 0) throw new Error(stdout + stderr);
      seconds[name] = (performance.now() - began) / 1000;
    }
    rounds.push(seconds);
  }
  await stack.destroy();
  await stack.forget();
  console.log(`${/(\d+) created/.exec(up.stdout)?.[1] ?? "?"} resources, medians of ${ROUNDS} rounds`);
  for (const name of Object.keys(arms)) {
    const added = median(rounds.map((seconds) => (seconds[name] ?? NaN) / (seconds["no pack"] ?? NaN) - 1));
    console.log(
      `${name.padEnd(24)} ${median(rounds.map((seconds) => seconds[name] ?? NaN)).toFixed(2)} s, ${(added * 100).toFixed(0)} % more`,
    );
  }
}

void main();
