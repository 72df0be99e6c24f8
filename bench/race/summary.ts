import { cases, contestants, type Case, type ContestantName, type Result } from "./results";

/** The installs of one contestant in one case. */
export interface Summary {
  readonly case: Case;
  readonly contestant: ContestantName;
  readonly delay: number;
  readonly installs: number;
  /** A number for each install. */
  readonly refused: readonly number[];
  readonly failed: readonly number[];
  /** Of those that came to a sign-in without hands, in seconds. */
  readonly firstGood: readonly number[];
  /** After how many seconds the others were given up, at the soonest. */
  readonly bound: number;
  /** How many fell back after the first good sign-in. */
  readonly fellBack: number;
  /** What hands did, where they were needed, and the seconds of those that it helped. */
  readonly hands?: { readonly what: string; readonly needed: number; readonly seconds: readonly number[] };
}

/** Values by a key, in the order in which each key came first. */
export function grouped<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(key(value), [...(groups.get(key(value)) ?? []), value]);
  return groups;
}

/** One summary for each case, delay and contestant that was run, in that order. */
export function summaries(results: readonly Result[]): Summary[] {
  const groups = grouped(results, ({ case: which, contestant, delay }) => JSON.stringify([which, contestant, delay]));
  const all = [...groups.values()].flatMap((group): Summary[] => {
    const [first] = group;
    if (first === undefined) return [];
    const byHand = group.flatMap(({ hands }) => (hands === undefined ? [] : [hands]));
    const present = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
    return [
      {
        case: first.case,
        contestant: first.contestant,
        delay: first.delay,
        installs: group.length,
        refused: group.map(({ refused }) => refused),
        failed: group.map(({ failed }) => failed),
        firstGood: present(group.map(({ firstGood }) => firstGood)),
        bound: Math.min(...group.filter(({ firstGood }) => firstGood === null).map(({ bound }) => bound)),
        fellBack: group.filter(({ fellBack }) => fellBack > 0).length,
        ...(byHand[0] === undefined
          ? {}
          : {
              hands: {
                what: byHand[0].what,
                needed: byHand.length,
                seconds: present(byHand.map(({ seconds }) => seconds)),
              },
            }),
      },
    ];
  });
  const rank = (one: Summary): number =>
    cases.indexOf(one.case) * 1e6 + one.delay * 1e3 + contestants.indexOf(one.contestant);
  return all.sort((a, b) => rank(a) - rank(b));
}
