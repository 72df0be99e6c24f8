import * as path from "node:path";
import { startPlatform } from "../sandbox/platform";
import { ports, root } from "../sandbox/settings";
import { Stack } from "../sandbox/stack";

/**
 * What the policy pack adds to a preview without changes of the default stack: with it and without it, in turn on the
 * same machine, so that each pair has the same neighbours. `npm run bench:policy`.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9);
const NAME = "bench-policy";
const pack = path.join(root, "policy");
const withPack = ["--policy-pack", pack, "--policy-pack-config", path.join(pack, "profiles", "dev.json")];

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

async function main(): Promise<void> {
  const running = await startPlatform();
  const stack = new Stack(NAME, running);
  const nodePort = ports.backstage + 19;
  await stack.configure({ realm: { name: NAME }, backstage: { namespace: NAME, nodePort, url: `http://${running.nodeAddress}:${nodePort}` } });
  const up = await stack.up();
  if (up.code !== 0) throw new Error(up.stdout + up.stderr);
  const seconds = async (args: readonly string[]): Promise<number> => {
    const began = performance.now();
    const { code, stdout, stderr } = await stack.preview("--expect-no-changes", ...args);
    if (code !== 0) throw new Error(stdout + stderr);
    return (performance.now() - began) / 1000;
  };
  const pairs: { without: number; with: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // The first of a pair is now the one and now the other.
    if (round % 2 === 0) pairs.push({ without: await seconds([]), with: await seconds(withPack) });
    else {
      const judged = await seconds(withPack);
      pairs.push({ with: judged, without: await seconds([]) });
    }
  }
  await stack.destroy();
  await stack.run(["stack", "rm", "--yes", "--force", NAME]);
  const resources = /(\d+) created/.exec(up.stdout)?.[1] ?? "?";
  console.log(`${resources} resources, medians of ${ROUNDS} pairs of previews`);
  console.log(`without the pack ${median(pairs.map((pair) => pair.without)).toFixed(2)} s`);
  console.log(`with the pack    ${median(pairs.map((pair) => pair.with)).toFixed(2)} s`);
  console.log(`added            ${(median(pairs.map((pair) => pair.with / pair.without - 1)) * 100).toFixed(0)} %`);
}

void main();
