import { isDeepStrictEqual } from "node:util";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/**
 * The values that cross Pulumi's protocol, as plain JavaScript: a secret arrives unwrapped with its path
 * remembered, a value that is not known yet arrives as `UNKNOWN`.
 */

export type Properties = Record<string, unknown>;
export type Path = readonly (string | number)[];

class UnknownValue {
  /** An unknown value that is sent to a server by mistake must fail, not vanish. */
  toJSON(): never {
    throw new Error("A value that is not known yet cannot be sent to a server.");
  }
}

/** Stands for a value that is known only after another resource was created (previews only). */
export const UNKNOWN = new UnknownValue();

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isObject = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value) && value !== UNKNOWN;

/** A copy without these properties. */
export const without = (values: Properties, ...names: readonly string[]): Properties =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));

/** Is the value, or anything inside it, not known yet? */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}

/** The paths of the values that were secret, to mark them again on the way back. */
export class Secrets {
  readonly #paths = new Set<string>();

  add(path: Path): void {
    this.#paths.add(JSON.stringify(path));
  }

  has(path: Path): boolean {
    return this.#paths.has(JSON.stringify(path));
  }

  /** For outputs: a server may reorder a list, so a secret in a list makes the whole list secret. */
  ofOutputs(names: readonly string[] = []): Secrets {
    const result = new Secrets();
    for (const name of names) result.add([name]);
    for (const text of this.#paths) {
      const path = JSON.parse(text) as Path;
      const list = path.findIndex((step) => typeof step === "number");
      result.add(list < 0 ? path : path.slice(0, list));
    }
    return result;
  }
}

/** From the protocol: unwraps secrets (their paths are added to `secrets`) and unknown values. */
export function decode(struct: Struct | undefined, secrets = new Secrets()): Properties {
  const walk = (value: unknown, path: Path): unknown => {
    if (value === unknownText) return UNKNOWN;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (!isObject(value)) return value;
    const signature = value[signatureKey];
    if (signature === secretSignature) {
      secrets.add(path);
      return walk(value.value, path);
    }
    if (signature !== undefined) {
      throw new Error(`${formatPath(path)}: assets and archives are not supported; use a plain value.`);
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  return walk(struct?.toJavaScript() ?? {}, []) as Properties;
}

/** To the protocol: wraps what is secret, drops what is undefined. */
export function encode(values: Properties, secrets: Secrets): Struct {
  const walk = (value: unknown, path: Path): null | number | string | boolean | [] | object => {
    if (secrets.has(path)) {
      return { [signatureKey]: secretSignature, value: bare(value, path) };
    }
    return bare(value, path);
  };
  const bare = (value: unknown, path: Path): null | number | string | boolean | [] | object => {
    if (value === UNKNOWN) return unknownText;
    if (Array.isArray(value)) return value.map((item, index) => walk(item ?? null, [...path, index]));
    if (!isObject(value)) return value as null | number | string | boolean;
    const known = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(known.map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  return Struct.fromJavaScript(bare(values, []) as Record<string, string>);
}

/** As Pulumi writes a path: `metadata.annotations["a.b/c"]`, `spec.containers[0].image`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!/^[\w$-]+$/.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

export interface Change {
  path: Path;
  kind: "add" | "delete" | "update";
}

/** What differs between two values, leaf by leaf. */
export function changes(before: unknown, after: unknown, path: Path = []): Change[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ path, kind: "add" }];
  if (after === undefined) return [{ path, kind: "delete" }];
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => changes(before[key], after[key], [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      changes(before[index] as unknown, after[index] as unknown, [...path, index]),
    );
  }
  return after === UNKNOWN || !isDeepStrictEqual(before, after) ? [{ path, kind: "update" }] : [];
}
