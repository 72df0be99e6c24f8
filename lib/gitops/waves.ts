import { waveAnnotation } from "./annotations";

/** Argo CD sync waves, derived from the chain, so that they cannot contradict it. */

/** A link of the chain and the links it needs. */
export type Graph<Link extends string> = Readonly<Record<Link, readonly Link[]>>;

/** The chain of `docs/chain.svg`, as far as Kubernetes objects stand for its links. */
export const chain = {
  namespace: [],
  identity: ["namespace"],
  store: ["namespace"],
  credential: ["identity", "store"],
  database: ["credential"],
  configuration: ["credential"],
  workload: ["credential", "database", "configuration"],
} as const satisfies Graph<string>;

export type Link = keyof typeof chain;

/**
 * Where waves start and how far apart they are. @default {base: 5, step: 5}: identity 10, credential 15, workload 25
 */
export interface WaveScale {
  readonly base: number;
  readonly step: number;
}

export const defaultScale: WaveScale = { base: 5, step: 5 };

/**
 * The wave of each link: `base` plus `step` for each link on the longest way to it.
 * Throws when links need each other in a circle.
 */
export function wavesOf<L extends string>(graph: Graph<L>, scale: WaveScale = defaultScale): Record<L, number> {
  const depths = new Map<L, number>();
  const depthOf = (link: L, above: readonly L[]): number => {
    if (above.includes(link)) throw new Error(`the links ${[...above, link].join(" -> ")} need each other in a circle`);
    const known = depths.get(link);
    if (known !== undefined) return known;
    const depth = Math.max(-1, ...graph[link].map((needed) => depthOf(needed, [...above, link]))) + 1;
    depths.set(link, depth);
    return depth;
  };
  const links = Object.keys(graph) as L[];
  return Object.fromEntries(links.map((link) => [link, scale.base + scale.step * depthOf(link, [])])) as Record<
    L,
    number
  >;
}

/** The annotations that keep the chain's order in an Argo CD that adopts the objects. */
export function waveAnnotations(link: Link, scale: WaveScale = defaultScale): Record<string, string> {
  return { [waveAnnotation]: String(wavesOf<Link>(chain, scale)[link]) };
}
