import { z } from "zod";
import { Config, secretKeys } from "../../lib/settings/schema";

/** docs/configuration.md, as the schema says it; `npm run docs` writes it and a unit test compares. */

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

interface Row {
  readonly key: string;
  readonly kind: string;
  readonly byDefault: string;
  readonly what: string;
}

const code = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

function kindOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.items !== undefined)
    return `list of ${schema.items.properties === undefined ? kindOf(schema.items) : "objects"}`;
  if (schema.title !== undefined) return schema.title;
  return typeof schema.additionalProperties === "object"
    ? `map to ${kindOf(schema.additionalProperties)}`
    : (schema.type ?? "any");
}

function byDefault(schema: Schema, required: boolean): string {
  if (required) return "required";
  return schema.default === undefined || schema.default === "" ? "none" : code(schema.default);
}

function sentence(key: string, { description, example }: Schema): string {
  if (description === undefined) throw new Error(`${key} has no description`);
  return example === undefined ? description : `${description} Example: ${code(example)}`;
}

/** The rows of a group whose keys depend on its `kind`. */
function choiceRows(schema: Schema, key: string, byDefault: string): Row[] {
  const options = (schema.oneOf ?? []).map((option) => ({
    kind: option.properties?.kind,
    own: rows(option, key).slice(1),
  }));
  const explained = options.map(({ kind }) => `${code(kind?.const)}: ${kind?.description ?? ""}`);
  const choice = {
    key: `${key}.kind`,
    kind: options.map(({ kind }) => code(kind?.const)).join(", "),
    byDefault,
    what: [schema.description, ...explained].join(" "),
  };
  return [
    choice,
    ...options.flatMap(({ kind, own }) =>
      own.map((row) => ({ ...row, kind: `${row.kind}; only with ${code(kind?.const)}` })),
    ),
  ];
}

/** A row for each key that holds a value; a group of keys has none of its own. */
function rows(schema: Schema, path: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const key = path === "" ? name : `${path}.${name}`;
    if (inner.oneOf !== undefined)
      return choiceRows(inner, key, byDefault(inner, schema.required?.includes(name) === true));
    if (inner.properties !== undefined) return rows(inner, key);
    const required = schema.required?.includes(name) === true;
    const own = { key, kind: kindOf(inner), byDefault: byDefault(inner, required), what: sentence(key, inner) };
    return [own, ...(inner.items === undefined ? [] : rows(inner.items, `${key}[]`))];
  });
}

const HEAD = `# Configuration

Everything is set per stack, in \`Pulumi.<stack>.yaml\` or with \`pulumi config set\`; \`Pulumi.dev.yaml\` is a complete
example. An unknown key, a missing one or a wrong value ends the run with one sentence before anything is created.
This page is written by \`npm run docs\` from the schema in \`lib/settings/\`, and a test compares the two.

| key | kind, unit | default | what it is |
|---|---|---|---|
`;

/** The page's whole text. */
export function configurationPage(): string {
  const schema = z.toJSONSchema(Config, { io: "input", unrepresentable: "any" }) as Schema;
  const secrets = Object.entries(secretKeys).map(([key, what]) => ({
    key,
    kind: "secret",
    byDefault: "none",
    what: `${what} Set it with \`pulumi config set --secret ${key}\`.`,
  }));
  const lines = [...rows(schema, ""), ...secrets].map(
    ({ key, kind, byDefault, what }) => `| \`${key}\` | ${kind} | ${byDefault} | ${what} |`,
  );
  return `${HEAD}${lines.join("\n")}\n`;
}
