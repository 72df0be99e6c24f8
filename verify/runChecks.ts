import { styleText } from "node:util";

/** A link that is broken: what was seen, the remedy, and lines that show more. */
export class Broken extends Error {
  constructor(
    readonly saw: string,
    readonly remedy: string,
    readonly details: readonly string[] = [],
  ) {
    super(`${saw}; ${remedy}`);
  }
}

/** A link that could not be looked at, which says nothing of the link. */
export class CannotLook extends Broken {}

/** One link of the chain, looked at from outside. */
export interface Check {
  /** What `--only` takes. */
  readonly name: string;
  /** The link as it should be. */
  readonly title: string;
  /** The checks without which this one would say nothing, or the same once more. */
  readonly needs: readonly string[];
  /** Returns what was seen; throws Broken when the link is broken. */
  readonly run: () => Promise<string>;
}

/** `not checked`: it could not be looked at. `not reached`: it depends on one that is neither looked at nor right. */
export type State = "ok" | "failed" | "not checked" | "not reached";

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly state: State;
  /** What was seen. */
  readonly saw: string;
  /** What to do; empty when the link holds. */
  readonly remedy: string;
  /** Lines that show more, such as the end of a log. */
  readonly details: readonly string[];
  readonly seconds: number;
}

const outcomeOf = (error: unknown): Pick<Result, "state" | "saw" | "remedy" | "details"> => {
  if (error instanceof Broken) {
    const { saw, remedy, details } = error;
    return { state: error instanceof CannotLook ? "not checked" : "failed", saw, remedy, details };
  }
  // A connection that broke, or an answer that nobody has thought of: it says nothing of the link.
  return {
    state: "not checked",
    saw: error instanceof Error ? error.message : String(error),
    remedy: "try again, or look at it by hand",
    details: [],
  };
};

/** Runs the checks one after the other; one that needs a link that does not hold is not reached. */
export async function runChecks(list: readonly Check[]): Promise<Result[]> {
  const results: Result[] = [];
  /** By check, the one that is to be mended first. */
  const causes = new Map<string, string>();
  for (const { name, title, needs, run } of list) {
    const cause = needs.map((need) => causes.get(need)).find((found) => found !== undefined);
    if (cause !== undefined) {
      causes.set(name, cause);
      results.push({
        name,
        title,
        state: "not reached",
        saw: "",
        remedy: `mend "${cause}" first`,
        details: [],
        seconds: 0,
      });
      continue;
    }
    const began = performance.now();
    const outcome = await run().then((saw) => ({ state: "ok" as const, saw, remedy: "", details: [] }), outcomeOf);
    if (outcome.state !== "ok") causes.set(name, title);
    results.push({ name, title, ...outcome, seconds: (performance.now() - began) / 1000 });
  }
  return results;
}

/** 0: all hold; 1: a link is broken; 2: one could not be looked at. */
export function exitCode(results: readonly Result[]): 0 | 1 | 2 {
  if (results.some(({ state }) => state === "failed")) return 1;
  return results.every(({ state }) => state === "ok") ? 0 : 2;
}

const marks = {
  ok: ["ok  ", "green"],
  failed: ["FAIL", "red"],
  "not checked": ["??  ", "yellow"],
  "not reached": ["--  ", "gray"],
} as const;

/** The results as lines for a person. */
export function table(results: readonly Result[], colour = false): string {
  const width = Math.max(...results.map(({ title }) => title.length));
  return results
    .flatMap(({ title, state, saw, remedy, details, seconds }) => {
      const [mark, tint] = marks[state];
      const text = [saw, remedy].filter((text) => text !== "").join("; ");
      const line = `${mark}  ${title.padEnd(width)}  ${seconds.toFixed(2).padStart(6)} s  ${text}`;
      return [line, ...details.map((detail) => `        ${detail}`)].map((text) =>
        colour ? styleText(tint, text, { validateStream: false }) : text,
      );
    })
    .join("\n");
}
