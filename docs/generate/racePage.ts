import { withPart } from "./part";
import { median } from "../../bench/figures";
import { cases, type Case, type Result } from "../../bench/race/results";
import { grouped, summaries, type Summary } from "../../bench/race/summary";

/** The tables of docs/race.md, made from the results. */

export const titles: Readonly<Record<Case, string>> = {
  fresh: "from nothing",
  reinstall: "installed again, an old secret in the store",
  regenerated: "client secret regenerated and handed over",
  drift: "client secret regenerated, nobody told",
  recreated: "realm deleted and made again",
  domain: "Backstage's URL changed",
};

/** The case, with how late Keycloak is where it is an install. */
export const titleOf = ({ case: which, delay }: Pick<Summary, "case" | "delay">): string =>
  which === "fresh" || which === "reinstall"
    ? `${titles[which]}, Keycloak ${delay === 0 ? "at once" : `${delay} s late`}`
    : titles[which];

/** The median; the whole range too when there is one. */
function spread(values: readonly number[], digits = 0): string {
  const [low, high] = [Math.min(...values).toFixed(digits), Math.max(...values).toFixed(digits)];
  return low === high ? low : `${median(values).toFixed(digits)} (${low} to ${high})`;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

function row(one: Summary): string[] {
  const { contestant, installs, refused, failed, firstGood, bound, fellBack, hands } = one;
  const bad = (values: readonly number[]): string => (Math.max(...values) === 0 ? "0" : `**${spread(values)}**`);
  const byHand =
    hands === undefined ? "" : `${hands.seconds.length === 0 ? "no" : `${spread(hands.seconds)} s`}: ${hands.what}`;
  const back = fellBack === 0 ? "" : `, ${fellBack} fell back`;
  return [
    titleOf(one),
    contestant,
    String(installs),
    bad(refused),
    bad(failed),
    firstGood.length === 0 ? `**not in ${bound} s**` : `${spread(firstGood)} s`,
    `${firstGood.length} of ${installs}${back}`,
    byHand,
  ];
}

/** What differs from try to try. */
const normal = (said: string): string =>
  said
    .replace(/racer-\d+/g, "racer")
    .replace(/"kid":"[^"]*"/, '"kid":"…"')
    .replaceAll("|", "\\|");

/** What was said of sign-ins that were refused or failed, most often first; all that is worth a line. */
function sayings(results: readonly Result[]): string[][] {
  const groups = grouped(results, ({ case: which, contestant }) => `${which} ${contestant}`);
  return [...groups.values()].flatMap((group) => {
    const counts = new Map<string, number>();
    for (const [said, count] of group.flatMap((one) => Object.entries(one.said)))
      counts.set(normal(said), (counts.get(normal(said)) ?? 0) + count);
    const sorted = [...counts].sort(([, a], [, b]) => b - a);
    return sorted.map(([said, count], index) => [
      ...(index === 0 && group[0] !== undefined ? [titles[group[0].case], group[0].contestant] : ["", ""]),
      String(count),
      `\`${said}\``,
    ]);
  });
}

/** What the results are from. */
function about(results: readonly Result[]): string {
  const days = results.map(({ date }) => date.slice(0, 10)).sort();
  const [first, last] = [days[0] ?? "?", days.at(-1) ?? "?"];
  const versions = [...new Set(results.map((one) => one.versions))].join("; ");
  const loads = results.map(({ load }) => load);
  const unrun = cases.filter((which) => !results.some((one) => one.case === which)).map((which) => titles[which]);
  const missing = unrun.length === 0 ? "" : ` Not run yet: ${unrun.join("; ")}.`;
  const time = first === last ? `on ${first}` : `from ${first} to ${last}`;
  return `${results.length} installs, ${time}; ${versions}; the machine's load was ${spread(loads)}.${missing}`;
}

/** The page with its results written anew; the text around them stays. */
export function racePage(page: string, results: readonly Result[]): string {
  const order = summaries(results);
  const sorted = order.flatMap((one) =>
    results.filter(
      (result) => result.case === one.case && result.contestant === one.contestant && result.delay === one.delay,
    ),
  );
  const parts = [
    about(results),
    table(
      [
        "case",
        "contestant",
        "installs",
        "refused sign-ins",
        "other failures",
        "first good sign-in",
        "recovered without hands",
        "with hands",
      ],
      order.map(row),
    ),
    "What was said, and how often in all installs together:",
    table(["case", "contestant", "how often", "the step, and what was said"], sayings(sorted)),
  ];
  return withPart(page, "race.md", "results", parts.join("\n\n"));
}
