import { isDeepStrictEqual } from "node:util";
import type { CheckFailure } from "../provider";
import { type Change, hasUnknown, isObject, type Properties, UNKNOWN } from "../values";
import { durationText, seconds } from "../../../lib/durations";

/** How an input of a resource looks in Keycloak's representation, and what becomes of it when it is left out. */
export interface Field {
  type: "string" | "boolean" | "number" | "duration" | "strings" | "map" | "object" | "parts";
  /** Its place in the representation; none for what only the resource's own code handles. */
  at?: readonly string[];
  /** Kept as text, like all of Keycloak's attributes: "true", or values joined by ##. */
  quoted?: boolean;
  required?: boolean;
  default?: string | boolean | number;
  oneOf?: readonly string[];
  /** A change replaces the resource. */
  replace?: boolean;
  /** Left out, it stays what it is in Keycloak; otherwise it is reset. */
  keep?: boolean;
  /** Empty text is not sent. */
  omitEmpty?: boolean;
  /** Used when the resource is made, and never looked at again. */
  createOnly?: boolean;
  /** Sent, but Keycloak does not tell it. */
  unread?: boolean;
  /** Inside an object. */
  fields?: Fields;
}
export type Fields = Readonly<Record<string, Field>>;

const jsTypes = { string: "string", boolean: "boolean", number: "number", duration: "string" } as const;

function rightType(field: Field, value: unknown): boolean {
  if (field.type === "strings") return Array.isArray(value) && value.every((item) => typeof item === "string");
  if (field.type === "parts") return Array.isArray(value) && value.every(isObject);
  if (field.type === "map" || field.type === "object") return isObject(value);
  return typeof value === jsTypes[field.type];
}

/** What is wrong with the inputs. A value that is not known yet is not judged. */
export function faults(fields: Fields, inputs: Properties, prefix = ""): CheckFailure[] {
  return Object.entries(fields).flatMap(([name, field]): CheckFailure[] => {
    const value = inputs[name];
    const property = prefix + name;
    if (value === undefined)
      return field.required ? [{ property, reason: `Missing required property '${property}'` }] : [];
    if (hasUnknown(value)) return [];
    if (!rightType(field, value)) return [{ property, reason: `${property} must be of type ${field.type}` }];
    if (field.oneOf !== undefined && !field.oneOf.includes(value as string)) {
      const allowed = field.oneOf.map((one) => JSON.stringify(one)).join(", ");
      return [{ property, reason: `expected ${property} to be one of ${allowed}` }];
    }
    if (field.type === "duration" && seconds(value as string) === undefined) {
      return [{ property, reason: `${property} is not a duration; write it like 30m or 1h30m` }];
    }
    if (field.fields === undefined) return [];
    const inner = value as Properties;
    const unknown = Object.keys(inner).filter((key) => field.fields?.[key] === undefined);
    const reason = "the stand-in for the keycloak provider does not know this input; remove it.";
    const refused = unknown.map((key) => ({ property: `${property}.${key}`, reason }));
    return [...refused, ...faults(field.fields, inner, `${property}.`)];
  });
}

/** The inputs with their defaults. */
export function withDefaults(fields: Fields, inputs: Properties): Properties {
  const result = { ...inputs };
  for (const [name, field] of Object.entries(fields)) {
    const value = result[name] ?? field.default;
    if (value === undefined) continue;
    result[name] = field.fields !== undefined && isObject(value) ? withDefaults(field.fields, value) : value;
  }
  return result;
}

/** What "not set" means to Keycloak. */
export function zero(field: Field): unknown {
  const zeros = {
    string: "",
    boolean: false,
    number: 0,
    duration: undefined,
    strings: [],
    parts: [],
    map: {},
    object: undefined,
  };
  return field.default ?? zeros[field.type];
}

const sorted = (list: unknown): unknown => (Array.isArray(list) ? [...(list as string[])].sort() : list);

const complete = (parts: unknown): unknown => (parts as Properties[]).map((part) => ({ configuration: {}, ...part }));

/** Do both values mean the same to Keycloak? */
export function same(field: Field, a: unknown, b: unknown): boolean {
  const [left, right] = [a ?? zero(field), b ?? zero(field)];
  if (hasUnknown(left) || hasUnknown(right)) return false;
  if (field.type === "strings") return isDeepStrictEqual(sorted(left), sorted(right));
  if (field.type === "parts") return isDeepStrictEqual(complete(left), complete(right));
  if (field.type === "duration") return seconds(left as string) === seconds(right as string);
  if (field.fields !== undefined && isObject(left) && isObject(right)) {
    return Object.entries(field.fields).every(([name, inner]) => same(inner, left[name], right[name]));
  }
  return isDeepStrictEqual(left, right);
}

/** What has to change so that what Keycloak has (`outputs`) becomes what the program wants (`news`). */
export function differences(fields: Fields, outputs: Properties, news: Properties): (Change & { replace: boolean })[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const [before, after] = [outputs[name], news[name]];
    const settled = field.createOnly === true || (field.keep === true && after === undefined);
    if (settled || same(field, before, after)) return [];
    const kind = before === undefined ? "add" : after === undefined ? "delete" : "update";
    return [{ path: [name], kind, replace: field.replace ?? false } as const];
  });
}

/** The value that Keycloak shall have. */
export function desired(field: Field, news: unknown, output: unknown): unknown {
  if (field.keep !== true) return news ?? zero(field);
  // A text that is left out is not sent: "" would clear it.
  return news ?? output ?? (field.type === "string" ? undefined : zero(field));
}

function encode(field: Field, value: unknown): unknown {
  if (field.type === "duration") return seconds(value as string);
  if (field.quoted !== true) return value;
  return Array.isArray(value) ? value.join("##") : String(value);
}

function decode(field: Field, value: unknown): unknown {
  if (value === undefined || value === null) return zero(field);
  if (field.type === "duration") return durationText(value as number);
  if (field.quoted !== true) return value;
  if (field.type === "boolean") return value === "true";
  if (field.type === "strings") return value === "" ? [] : (value as string).split("##");
  return value;
}

/** Keycloak's representation of the values. */
export function toRepresentation(fields: Fields, values: Properties): Properties {
  const result: Properties = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name];
    const skipped = value === undefined || (value === "" && field.omitEmpty) || (value === 0 && field.omitEmpty);
    if (field.at === undefined || skipped) continue;
    const folder = field.at.slice(0, -1).reduce((at, step) => (at[step] ??= {}) as Properties, result);
    folder[field.at.at(-1) ?? ""] = encode(field, value);
  }
  return result;
}

/** The values of Keycloak's representation; those it does not tell come from `before`. */
export function fromRepresentation(fields: Fields, found: Properties, before: Properties): Properties {
  const result: Properties = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.at === undefined || field.unread === true) {
      result[name] = before[name] ?? field.default;
      continue;
    }
    const raw = field.at.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), found);
    const value = decode(field, raw);
    // A set or a duration that only looks different is not a change that anybody should see.
    result[name] =
      before[name] !== undefined && before[name] !== UNKNOWN && same(field, before[name], value) ? before[name] : value;
  }
  return result;
}
