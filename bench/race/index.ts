import * as os from "node:os";
import { parseArgs } from "node:util";
import { log } from "../../sandbox/process";
import { versions } from "../../sandbox/settings";
import { Stack } from "../../sandbox/stack";
import { platform, regenerateSecret } from "../../test/e2e/harness";
import { inTurn } from "../figures";
import { asItWas, Charts, knownFix } from "./charts";
import type { Contestant } from "./contestant";
import { Direct, Hybrid } from "./project";
import { append, cases, contestants, type Case, type ContestantName, type Result } from "./results";
import { Site } from "./site";
import { grouped } from "./summary";
import { watch, type Counted } from "./watch";

/**
 * The race, counted: each round takes one case after the other, with all contestants side by side from the same moment
 * on, so that they share the machine, and appends a line for each to results.jsonl, from which `npm run docs` makes
 * docs/race.md. `npm run -w bench race -- [--case C] [--contestant N] [--delay S]`, each as often as wanted;
 * BENCH_INSTALLS rounds, 20 by default; BENCH_UNTIL=HH:MM begins no further case after that.
 */
const ROUNDS = Number(process.env.BENCH_INSTALLS ?? 20);
const DELAYS = [0, 5, 20];
/** Keycloak's delay where the case is about something else. */
const REINSTALL_DELAY = 5;
/** Without a good sign-in it is given up after so many seconds; the same again once hands have helped. */
const BOUND = 180;

interface Cell {
  readonly case: Case;
  readonly contestant: ContestantName;
  readonly delay: number;
}

const isInstall = ({ case: which }: Cell): boolean => which === "fresh" || which === "reinstall";

function cellsOf(chosen: { case?: string[]; contestant?: string[]; delay?: string[] }): Cell[] {
  const wanted = (list: readonly string[] | undefined, value: string): boolean =>
    list === undefined || list.includes(value);
  return (
    cases
      .flatMap((which) => {
        const delays = which === "fresh" ? DELAYS : [which === "reinstall" ? REINSTALL_DELAY : 0];
        return delays.flatMap((delay) => contestants.map((contestant) => ({ case: which, contestant, delay })));
      })
      // Pulumi alone has no store that could remember.
      .filter((cell) => !(cell.case === "reinstall" && cell.contestant === "direct"))
      .filter(
        (cell) =>
          wanted(chosen.case, cell.case) &&
          wanted(chosen.contestant, cell.contestant) &&
          wanted(chosen.delay, String(cell.delay)),
      )
  );
}

/** What runs side by side: a case and a delay, with all contestants. Keycloak, which is held back, is one for all. */
const heats = (cells: readonly Cell[]): Cell[][] => [
  ...grouped(cells, (cell) => `${cell.case} ${cell.delay}`).values(),
];

const makers: Readonly<Record<ContestantName, (site: Site) => Promise<Contestant>>> = {
  "as it was": (site) => Promise.resolve(new Charts(site, asItWas)),
  "known fix": (site) => Promise.resolve(new Charts(site, knownFix)),
  direct: async (site) => new Direct(site, new Stack(site.name, await platform())),
  hybrid: async (site) => new Hybrid(site, new Stack(site.name, await platform())),
};

/** What happens before the clock starts, and what somebody does from then on. */
async function begin(which: Case, delay: number, site: Site, contestant: Contestant): Promise<() => Promise<void>> {
  if (which === "fresh" || which === "reinstall") return () => contestant.install(delay);
  const errors: string[] = [];
  const { firstGood } = await watchWhile(site, () => contestant.install(0), errors);
  if (errors.length > 0) throw new Error(errors.join("\n"));
  if (firstGood === null) throw new Error("it never came up, so nothing could be changed");
  switch (which) {
    case "regenerated": {
      const secret = await regenerateSecret(site.name);
      return () => contestant.handOver(secret);
    }
    case "drift":
      await regenerateSecret(site.name);
      return () => Promise.resolve();
    case "recreated":
      await site.deleteRealm();
      return () => contestant.configureAgain();
    case "domain":
      site.move();
      return () => contestant.move();
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What was measured counts, whatever becomes of the rest. */
const remove = (site: Site, contestant: Contestant): Promise<void> =>
  contestant.remove().catch((error: unknown) => log(`${site.name} could not be removed: ${messageOf(error)}`));

/** A contestant at the start: what is left of it is to act. */
interface Ready {
  readonly cell: Cell;
  readonly site: Site;
  readonly contestant: Contestant;
  readonly act: () => Promise<void>;
}

async function prepare(cell: Cell): Promise<Ready> {
  const site = await Site.create();
  const contestant = await makers[cell.contestant](site);
  try {
    await contestant.prepare(cell.case === "reinstall");
    return { cell, site, contestant, act: await begin(cell.case, cell.delay, site, contestant) };
  } catch (error) {
    await remove(site, contestant);
    throw error;
  }
}

async function measure({ cell, site, contestant, act }: Ready): Promise<Result> {
  const load = Math.round((os.loadavg()[0] ?? 0) * 10) / 10;
  const date = new Date().toISOString();
  const errors: string[] = [];
  const counted = await watchWhile(site, act, errors);
  const { hands } = contestant;
  const helped =
    counted.firstGood === null && !isInstall(cell) ? (await watchWhile(site, hands.act, errors)).firstGood : undefined;
  const result: Result = {
    date,
    ...cell,
    ...counted,
    ...(helped === undefined ? {} : { hands: { what: hands.what, seconds: helped } }),
    ...(errors.length === 0 ? {} : { error: errors.join("\n").slice(-500) }),
    load,
    versions: `Keycloak ${versions.keycloak}, Kubernetes ${versions.kubernetes}, Pulumi ${versions.pulumi}, Node ${process.version}`,
  };
  append(result);
  return result;
}

/**
 * Watches the sign-ins while somebody acts. Both are waited for, also when one fails: nothing may go on while the rest
 * is removed.
 */
async function watchWhile(site: Site, act: () => Promise<void>, errors: string[]): Promise<Counted> {
  const acting = act().catch((error: unknown) => void errors.push(messageOf(error)));
  const counted = await watch((user) => site.signIn(user), BOUND);
  await acting;
  return counted;
}

async function main(): Promise<void> {
  const several = { type: "string", multiple: true } as const;
  const { values } = parseArgs({ options: { case: several, contestant: several, delay: several } });
  const cells = cellsOf(values);
  if (cells.length === 0)
    throw new Error(
      `nothing to run; cases are ${cases.join(", ")}, contestants ${contestants.join(", ")}, delays ${DELAYS.join(", ")}`,
    );
  const until = process.env.BENCH_UNTIL;
  const isOver = (): boolean => until !== undefined && new Date().toTimeString().slice(0, 5) >= until;
  await platform();
  const all = heats(cells);
  for (let round = 0; round < ROUNDS; round++) {
    for (const heat of inTurn(all, round)) {
      if (isOver()) return;
      await run(heat, `round ${round + 1}`);
    }
  }
}

/**
 * Measures a heat and notes it, or says why one of it cannot be counted: all start when the last is ready, and go when
 * the last has come in.
 */
async function run(heat: readonly Cell[], round: string): Promise<void> {
  const named = ({ case: which, contestant, delay }: Cell): string =>
    `${round}: ${which}, ${contestant}, ${delay} s late`;
  const uncounted = (cell: Cell, error: unknown): void => {
    log(`${named(cell)}: NOT COUNTED: ${messageOf(error)}`);
    process.exitCode = 1;
  };
  const prepared = await Promise.all(
    heat.map((cell) => prepare(cell).catch((error: unknown) => uncounted(cell, error))),
  );
  const ready = prepared.filter((one) => one !== undefined);
  await Promise.all(
    ready.map(async (one) => {
      try {
        const { firstGood, refused, failed, notUp, error } = await measure(one);
        log(
          `${named(one.cell)}: first good ${firstGood ?? "never"}, ${refused} refused, ${failed} ` +
            `failed, ${notUp} not up${error === undefined ? "" : `; ${error}`}`,
        );
      } catch (error) {
        uncounted(one.cell, error);
      }
    }),
  );
  await Promise.all(ready.map(({ site, contestant }) => remove(site, contestant)));
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
