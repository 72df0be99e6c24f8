import { closest } from "fastest-levenshtein";
import { z } from "zod";
import { Config, secretKeys } from "./schema";

/** What the schema finds wrong, as sentences for a person: the key, the fault and the remedy. */

type Issue = z.core.$ZodIssue;

/** The keys that the schema knows in the object at `path`. */
function keysAt(path: readonly PropertyKey[]): string[] {
  const bare = (schema: unknown): unknown =>
    schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
      ? bare(schema.unwrap())
      : schema;
  let schema: unknown = Config;
  for (const part of path) {
    schema = bare(schema);
    if (schema instanceof z.ZodDiscriminatedUnion)
      schema = schema.options.find((option) => option instanceof z.ZodObject && String(part) in option.shape);
    if (schema instanceof z.ZodArray) schema = schema.element;
    else if (schema instanceof z.ZodRecord) schema = schema.valueType;
    else schema = schema instanceof z.ZodObject ? schema.shape[String(part)] : undefined;
  }
  schema = bare(schema);
  const shapes = schema instanceof z.ZodDiscriminatedUnion ? schema.options : [schema];
  const own = shapes.flatMap((shape) => (shape instanceof z.ZodObject ? Object.keys(shape.shape) : []));
  return path.length === 0 ? [...own, ...Object.keys(secretKeys)] : own;
}

/** A path as it is written; a part that would be misread stands in quotes. */
const written = (path: readonly PropertyKey[]): string =>
  path
    .map(String)
    .map((part) => (/^[^\s."]+$/.test(part) ? part : JSON.stringify(part)))
    .join(".");

/** The unknown keys of an issue, each with the key that was probably meant, as paths. */
function misspelt(issue: Issue): { wrote: string; meant: string }[] {
  if (issue.code !== "unrecognized_keys") return [];
  const at = (key: string): string => written([...issue.path, key]);
  return issue.keys.map((key) => ({ wrote: at(key), meant: at(closest(key, keysAt(issue.path))) }));
}

const isMissing = (issue: Issue): boolean => issue.code === "invalid_type" && issue.input === undefined;

function sentences(issue: Issue): string[] {
  const path = written(issue.path);
  if (issue.code === "unrecognized_keys")
    return misspelt(issue).map(({ wrote, meant }) => `${wrote} is not a setting; did you mean ${meant}?`);
  if (isMissing(issue)) return [`${path} is missing; set it in the stack's config.`];
  if (issue.code === "invalid_value") return [`${path} must be one of ${issue.values.map(String).join(", ")}.`];
  if (issue.code === "invalid_union" && issue.discriminator !== undefined) {
    const { options } = issue as { options?: readonly unknown[] };
    return [`${path} must be one of ${(options ?? []).map(String).join(", ")}.`];
  }
  // Of a map's key that is wrong zod only says that it is.
  if (issue.code === "invalid_key")
    return [`${path} ${issue.issues[0]?.message ?? "is not a name that may stand here"}.`];
  // zod's own sentence is there only where the schema has none
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input"))
    return [`${path} must be of type ${issue.expected}.`];
  return [`${path} ${issue.message}.`];
}

/** One sentence for each fault of a configuration that the schema refused. */
export function schemaFaults({ issues }: z.ZodError): string[] {
  const meant = new Set(issues.flatMap(misspelt).map((pair) => pair.meant));
  // A key that is only misspelt is one mistake, not a missing key and an unknown one.
  return issues.filter((issue) => !(isMissing(issue) && meant.has(written(issue.path)))).flatMap(sentences);
}
