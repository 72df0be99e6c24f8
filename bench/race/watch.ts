import { sleep } from "../../sandbox/process";
import type { SignIn } from "../../verify/signIn";
import { answerOf } from "./answers";

const EVERY_MS = 250;
/**
 * No more than so many at once, each by a user of its own: Keycloak takes a user who comes twice at a time for an
 * attack.
 */
export const AT_ONCE = 4;
/** Sign-ins go on for so long after the first good one: a Backstage may fall back. */
const AFTER_MS = 5000;

/** What the sign-ins of one install came to. */
export interface Counted {
  /** Without a good sign-in it was given up after so many seconds. */
  readonly bound: number;
  readonly tries: number;
  readonly notUp: number;
  readonly refused: number;
  readonly failed: number;
  /** Those that did not succeed after the first good one. */
  readonly fellBack: number;
  /** Seconds from the start to the end of the first good sign-in; null when there was none. */
  readonly firstGood: number | null;
  /** What was said, and how often, of all but those that came before anybody listened. */
  readonly said: Readonly<Record<string, number>>;
}

/** Begins a sign-in every 250 ms, until a while after the first good one, or `bound` seconds. */
export async function watch(attempt: (user: number) => Promise<SignIn>, bound: number): Promise<Counted> {
  const counts = { good: 0, notUp: 0, refused: 0, failed: 0 };
  const said: Record<string, number> = {};
  // In an object, for it changes while the loop waits.
  const seen: { firstGood: number | null; fellBack: number } = { firstGood: null, fellBack: 0 };
  const began = performance.now();
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  const once = async (user: number): Promise<void> => {
    const beganAt = seconds();
    const outcome = await attempt(user);
    const answer = answerOf(outcome);
    counts[answer]++;
    if (outcome.ok) {
      seen.firstGood ??= seconds();
      return;
    }
    const after = seen.firstGood !== null && beganAt > seen.firstGood;
    if (after) seen.fellBack++;
    if (!after && answer === "notUp") return;
    const line = `${outcome.step}: ${outcome.why}`;
    said[line] = (said[line] ?? 0) + 1;
  };
  const running = new Map<number, Promise<void>>();
  while (seconds() < (seen.firstGood === null ? bound : seen.firstGood + AFTER_MS / 1000)) {
    const free = Array.from({ length: AT_ONCE }, (_, user) => user).find((user) => !running.has(user));
    if (free !== undefined)
      running.set(
        free,
        once(free).finally(() => running.delete(free)),
      );
    await sleep(EVERY_MS);
  }
  await Promise.all(running.values());
  const { good, ...failures } = counts;
  return { bound, tries: good + failures.notUp + failures.refused + failures.failed, ...failures, ...seen, said };
}
