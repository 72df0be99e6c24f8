import { median } from "../../bench/figures";
import { titleOf } from "./racePage";
import type { ContestantName, Result } from "../../bench/race/results";
import { grouped, summaries, type Summary } from "../../bench/race/summary";

/** docs/race.svg: a dot for each install, where its first good sign-in was. */

const WIDTH = 980;
const LABELS = 24;
const PLOT = { left: 150, right: 730 };
const NEVER = 790;
const REFUSED = 905;
const SECONDS = 180;
const ROW = 20;
const HEAD = 34;
const TOP = 78;

const colours: Readonly<Record<ContestantName, string>> = {
  "as it was": "#b42318",
  "known fix": "#b54708",
  direct: "#175cd3",
  hybrid: "#067647",
};

const x = (seconds: number): number => PLOT.left + (Math.min(seconds, SECONDS) / SECONDS) * (PLOT.right - PLOT.left);
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const round = (value: number): string => String(Math.round(value * 10) / 10);

function text(at: number, y: number, content: string, look = ""): string {
  return `<text x="${round(at)}" y="${round(y)}" ${look}>${escaped(content)}</text>`;
}

/** A contestant's row: the band, a dot for each install, the median, how many never came, and what was refused. */
function row({ contestant, installs, refused, firstGood, bound }: Summary, y: number, banded: boolean): string[] {
  const colour = colours[contestant];
  const middle = y + ROW / 2;
  const never = installs - firstGood.length;
  const count = median(refused);
  return [
    ...(banded
      ? [`<rect x="${LABELS - 8}" y="${y}" width="${WIDTH - 2 * (LABELS - 8)}" height="${ROW}" fill="#f5f7fa"/>`]
      : []),
    text(LABELS + 8, middle + 4, contestant, `fill="${colour}" font-weight="600"`),
    ...firstGood.map(
      (seconds) => `<circle cx="${round(x(seconds))}" cy="${middle}" r="4.5" fill="${colour}" fill-opacity="0.55"/>`,
    ),
    ...(firstGood.length < 2
      ? []
      : [
          `<line x1="${round(x(median(firstGood)))}" x2="${round(x(median(firstGood)))}" y1="${y + 2}" ` +
            `y2="${y + ROW - 2}" stroke="${colour}" stroke-width="2"/>`,
        ]),
    ...(never === 0
      ? []
      : [
          `<circle cx="${NEVER - 12}" cy="${middle}" r="4.5" fill="none" stroke="${colour}" stroke-width="1.8"/>`,
          text(NEVER, middle + 4, `${never} of ${installs} (${bound} s)`, `fill="${colour}"`),
        ]),
    text(
      REFUSED,
      middle + 4,
      count === 0 && Math.max(...refused) === 0 ? "0" : String(Math.round(count)),
      `text-anchor="middle" ${Math.max(...refused) > 0 ? 'fill="#b42318" font-weight="700"' : 'fill="#667085"'}`,
    ),
  ];
}

/** The whole picture. */
export function racePlot(results: readonly Result[]): string {
  const groups = [...grouped(summaries(results), titleOf)];
  const parts: string[] = [];
  let y = TOP;
  for (const [title, rows] of groups) {
    parts.push(
      text(LABELS, y + HEAD - 10, title.charAt(0).toUpperCase() + title.slice(1), 'font-weight="600" font-size="13"'),
    );
    y += HEAD;
    for (const [index, one] of rows.entries()) {
      parts.push(...row(one, y, index % 2 === 0));
      y += ROW;
    }
  }
  const grid = [0, 30, 60, 90, 120, 150, 180].flatMap((seconds) => [
    `<line x1="${round(x(seconds))}" x2="${round(x(seconds))}" y1="${TOP}" y2="${y + 4}" stroke="#e4e7ec"/>`,
    text(
      x(seconds),
      TOP - 6,
      seconds === SECONDS ? `${seconds} s` : String(seconds),
      'text-anchor="middle" fill="#667085"',
    ),
  ]);
  const heads = [
    text(LABELS, 30, "The first good sign-in", 'font-size="17" font-weight="700"'),
    text(
      LABELS,
      49,
      "seconds from the start, or from the change; a dot is one install, a line the median",
      'fill="#667085"',
    ),
    text(NEVER - 16, TOP - 6, "never came", 'fill="#667085"'),
    text(REFUSED, TOP - 20, "sign-ins refused,", 'text-anchor="middle" fill="#667085"'),
    text(REFUSED, TOP - 6, "median", 'text-anchor="middle" fill="#667085"'),
  ];
  const height = y + 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" ` +
      `height="${height}" font-family="Helvetica,Arial,sans-serif" font-size="12" fill="#1d2939" ` +
      `role="img" aria-label="The first good sign-in of each install">`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    ...grid,
    ...heads,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}
