import { instance } from "@viz-js/viz";
import type { ICruiseResult } from "dependency-cruiser" with { "resolution-mode": "import" };
import { readFileSync } from "node:fs";
import * as path from "node:path";
import lint from "../../.dependency-cruiser.mjs";

/** The pictures of docs/, as the imports and docs/chain.dot say them; `npm run docs` writes them, a unit test compares. */

/** An import of one room's from another; for its types only where every one of them is. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly typesOnly: boolean;
}

type Rooms = Readonly<Record<string, string>>;

/** The rooms by the phase that they serve, each with what it is for. */
const PHASES: Readonly<Record<string, Rooms>> = {
  "before a run": {
    "config.ts": "the settings,\nchecked and typed",
    preflight: "reach, rights, adoption,\nleftovers, rotation",
  },
  "the run": {
    "index.ts": "the program",
    "backstageWithKeycloak.ts": "the same as a component,\nfor other programs",
    "deploy.ts": "a table of contents",
    program: "wires the components\nfor these settings",
    components: "one Pulumi component\na file",
    render: "the same components\nas YAML for Git",
  },
  "after it": { verify: "reads every link,\nwrites nothing" },
  "beside it": {
    policy: "refuses what brings\nthe failure back",
    docs: "generated pages",
    bench: "what it costs",
    sandbox: "the local platform",
  },
};

/** Decisions without Pulumi, by domain. */
const LIB: Rooms = {
  "lib/settings": "the schema",
  "lib/ownership": "whose is what",
  "lib/gitops": "Argo CD,\nExternal Secrets",
  "lib/backstage": "app-config,\nresolvers, start",
  "lib/pod": "gates, health,\nnetwork",
  "lib/keycloak": "URLs, clients,\nlogin, rotation",
  "lib/runtime": "how Node starts",
  lib: "words of all domains:\ndurations, names, errors",
};

const rooms = new Map([...Object.values(PHASES), LIB].flatMap((phase) => Object.entries(phase)));
const inLib = (room: string): boolean => room in LIB;

/** The room that a file is in. Throws where the picture has no such room. */
export function roomOf(file: string): string {
  const [first = "", second = "", ...deeper] = file.split("/");
  const room = first === "lib" && deeper.length > 0 ? `lib/${second}` : first;
  if (!rooms.has(room)) throw new Error(`${file} is in no room; say in docs/generate/modules.ts what ${room} is for.`);
  return room;
}

/** What is drawn: code of ours, and no test. */
const isDrawn = (file: string): boolean =>
  /\.(ts|mjs|cjs)$/.test(file) && !/^(\.|eslint|test\/|node_modules\/)/.test(file);

/** Which room imports which, by their names. @param root the repository */
export async function arrowsOf(root: string): Promise<Arrow[]> {
  const { cruise } = await import("dependency-cruiser");
  const { output } = await cruise(["."], { ...lint.options, baseDir: root });
  const found = new Map<string, Arrow>();
  for (const { source, dependencies } of (output as ICruiseResult).modules)
    for (const { resolved, dependencyTypes } of dependencies) {
      if (!isDrawn(source) || !isDrawn(resolved)) continue;
      const [from, to] = [roomOf(source), roomOf(resolved)];
      const typesOnly = dependencyTypes.includes("type-only") && found.get(`${from} ${to}`)?.typesOnly !== false;
      if (from !== to) found.set(`${from} ${to}`, { from, to, typesOnly });
    }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, arrow]) => arrow);
}

const FONT = 'fontname="Helvetica,Arial,sans-serif"';

const line = (text: string): string => text.replaceAll("\n", "\\n");

function cluster(id: string, label: string, its: Rooms): string {
  const nodes = Object.entries(its).map(([room, what]) => `    "${room}" [label="${room}\\n${line(what)}"];`);
  const look = `label="${label}"; labeljust=l; ${FONT}; fontsize=13; color="#b8c4d6"; style=rounded; margin=14;`;
  return [`  subgraph "cluster ${id}" {`, `    ${look}`, ...nodes, "  }"].join("\n");
}

/** The rooms and their arrows in Graphviz's language. Who asks lib is said above it, for nearly every room does. */
export function modulesDot(arrows: readonly Arrow[]): string {
  const outside = [...rooms.keys()].filter((room) => !inLib(room));
  const asking = outside.filter((room) => arrows.some(({ from, to }) => from === room && inLib(to)));
  const who = asking.length === outside.length ? "every room" : asking.join(", ");
  const edges = arrows
    .filter(({ from, to }) => inLib(from) === inLib(to))
    .map(({ from, to, typesOnly }) => `  "${from}" -> "${to}"${typesOnly ? ' [style=dashed color="#a9b6c9"]' : ""};`);
  return [
    "digraph modules {",
    '  bgcolor="white"; pad=0.2; nodesep=0.35; ranksep=0.45;',
    `  node [shape=box style="rounded,filled" fillcolor="#eef3fb" color="#35507a" ${FONT} fontsize=12 margin="0.25,0.1"];`,
    '  edge [color="#35507a" arrowsize=0.7];',
    ...Object.entries(PHASES).map(([phase, its]) => cluster(phase, phase, its)),
    cluster("lib", `lib: decisions without Pulumi, for ${who}`, LIB),
    // Below those who ask it.
    '  "config.ts" -> "lib/settings" [style=invis];',
    ...edges,
    "}",
  ].join("\n");
}

const svgOf = async (dot: string): Promise<string> => (await instance()).renderString(dot, { format: "svg" });

/** The whole text of docs/modules.svg. @param root the repository */
export const modulesPicture = async (root: string): Promise<string> => svgOf(modulesDot(await arrowsOf(root)));

/** The whole text of docs/chain.svg. @param docs the folder of chain.dot */
export const chainPicture = async (docs: string): Promise<string> =>
  svgOf(readFileSync(path.join(docs, "chain.dot"), "utf8"));
