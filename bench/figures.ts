import * as fs from "node:fs";
import * as path from "node:path";
import { inPlatform, root } from "../sandbox/settings";

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? NaN : (low + high) / 2;
}

/** The exponent by which y grows with x, between two points. */
export const exponent = (from: readonly [x: number, y: number], to: readonly [x: number, y: number]): number =>
  Math.log(to[1] / from[1]) / Math.log(to[0] / from[0]);

/** Values in their order, from another one on in each round: whoever begins a round has it a little harder. */
export const inTurn = <T>(values: readonly T[], round: number): T[] => [
  ...values.slice(round % values.length),
  ...values.slice(0, round % values.length),
];

/** The processor time of the Node process of one run: what makes it note that, and what it noted, in seconds. */
export function nodeTime(): { readonly env: Readonly<Record<string, string>>; readonly seconds: () => number } {
  const file = inPlatform("bench-cpu");
  fs.rmSync(file, { force: true });
  return {
    env: { NODE_OPTIONS: `--import ${path.join(root, "bench", "cpu.mjs")}`, BENCH_FILE: file },
    seconds: () => Number(fs.readFileSync(file, "utf8")),
  };
}
