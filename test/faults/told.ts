import assert from "node:assert/strict";
import type { RunResult } from "../../sandbox/process";
import { verify } from "../../verify/chain";
import type { TestStack } from "../e2e/harness";

/** Whole seconds since a moment of `performance.now()`. */
export const secondsSince = (began: number): number => Math.ceil((performance.now() - began) / 1000);

/** The first link that is broken or cannot be looked at, as verify tells it. */
export async function firstBroken(own: TestStack): Promise<string> {
  const broken = (await verify(await own.context())).find(({ state }) => state === "failed" || state === "not checked");
  assert.ok(broken !== undefined, "verify sees nothing");
  return `${broken.title}: ${broken.saw}; ${broken.remedy}`.replace(
    /\bbackstage-[a-z0-9]{8,10}-[a-z0-9]{5}\b/,
    "backstage-…",
  );
}

/** The line of a failed run that holds this; never a stack trace. */
export function lineOf({ code, stdout, stderr }: RunResult, holds: RegExp): string {
  const output = stdout + stderr;
  assert.notEqual(code, 0, output);
  assert.doesNotMatch(output, /^\s+at .*:\d+:\d+/m, "a stack trace");
  const line = output.split("\n").find((one) => holds.test(one) && !one.includes("waiting up to"));
  assert.ok(line !== undefined, output);
  return line.trim().replace(/^.*?error: /, "");
}
