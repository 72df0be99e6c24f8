/**
 * Properties as a policy may read them: what is not known before the update is a value of its own and never an error.
 */

export const unknown = Symbol("unknown at preview");

export type Known = string | number | boolean | null | undefined | typeof unknown | readonly Known[] | KnownMap;
export interface KnownMap {
  readonly [key: string]: Known;
}

/** A property of what @pulumi/policy hands out, where reading an unknown one throws. */
function read(from: object, key: string | number): Known {
  let value: unknown;
  try {
    value = Reflect.get(from, key);
  } catch {
    return unknown;
  }
  return known(value);
}

/** Everything in `value`, read once. */
export function known(value: unknown): Known {
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(value, index));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.keys(value).map((key) => [key, read(value, key)]));
  return value as Known;
}

const isMap = (value: Known): value is KnownMap => typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at a path such as `spec.template`; undefined when there is none, `unknown` when nobody knows yet. */
export function at(value: Known, path: string): Known {
  if (path === "") return value;
  let here = value;
  for (const part of path.split(".")) {
    if (here === unknown) return unknown;
    if (!isMap(here)) return undefined;
    here = Object.hasOwn(here, part) ? here[part] : undefined;
  }
  return here ?? undefined;
}

/** The entries of a map; none when it is absent, unknown or no map. */
export const entries = (value: Known): [string, Known][] => (isMap(value) ? Object.entries(value) : []);

/** The items of a list, each with its path; none when it is absent, unknown or no list. */
export function items(value: Known, path: string): { path: string; item: Known }[] {
  return Array.isArray(value)
    ? (value as readonly Known[]).map((item, index) => ({ path: `${path}[${index}]`, item }))
    : [];
}

/** Is the value known, and not `expected`? An absent one differs from everything. */
export const differs = (value: Known, expected: Known): boolean => value !== unknown && value !== expected;

export const isAbsent = (value: Known): boolean => value === undefined || value === null || value === "";

/** A text, or undefined when it is none or unknown. */
export const text = (value: Known): string | undefined => (typeof value === "string" ? value : undefined);
