/**
 * Properties as a policy may read them: what is not known before the update is a value of its own and never an error.
 */

export const unknown = Symbol("unknown at preview");

export type Value = string | number | boolean | null | undefined | typeof unknown | readonly Value[] | ValueMap;
export interface ValueMap {
  readonly [key: string]: Value;
}

/** A property of what @pulumi/policy hands out, where reading an unknown one throws. */
function readProperty(from: object, key: string | number): Value {
  let value: unknown;
  try {
    value = Reflect.get(from, key);
  } catch {
    return unknown;
  }
  return readValue(value);
}

/** Everything in `value`, read once. */
export function readValue(value: unknown): Value {
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => readProperty(value, index));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.keys(value).map((key) => [key, readProperty(value, key)]));
  return value as Value;
}

const isMap = (value: Value): value is ValueMap => typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at a path such as `spec.template`; undefined when there is none, `unknown` when nobody knows yet. */
export function valueAt(value: Value, path: string): Value {
  if (path === "") return value;
  let current = value;
  for (const part of path.split(".")) {
    if (current === unknown) return unknown;
    if (!isMap(current)) return undefined;
    current = Object.hasOwn(current, part) ? current[part] : undefined;
  }
  return current ?? undefined;
}

/** The entries of a map; none when it is absent, unknown or no map. */
export const entries = (value: Value): [string, Value][] => (isMap(value) ? Object.entries(value) : []);

/** The items of a list, each with its path; none when it is absent, unknown or no list. */
export function items(value: Value, path: string): { path: string; item: Value }[] {
  return Array.isArray(value)
    ? (value as readonly Value[]).map((item, index) => ({ path: `${path}[${index}]`, item }))
    : [];
}

/** Is the value known, and not `expected`? An absent one differs from everything. */
export const differs = (value: Value, expected: Value): boolean => value !== unknown && value !== expected;

export const isAbsent = (value: Value): boolean => value === undefined || value === null || value === "";

/** A text, or undefined when it is none or unknown. */
export const text = (value: Value): string | undefined => (typeof value === "string" ? value : undefined);
