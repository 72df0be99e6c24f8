import * as pulumi from "@pulumi/pulumi";
import { closest } from "fastest-levenshtein";
import { z } from "zod";
import { canonicalUrl, publicUrlFault } from "./lib/urls";

/** What a user of the program got wrong, in one sentence a key; Pulumi prints it without a stack trace. */
export class ConfigError extends pulumi.RunError {}

const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be 1 to 63 of a-z, 0-9 and -, with a letter or digit at each end");
const realmName = z.string().regex(/^[A-Za-z0-9._-]{1,36}$/, "must be 1 to 36 of A-Z, a-z, 0-9, '.', '_' and '-'");
const url = z.string().transform((value, context) => {
  // Whether plain http will do depends on the environment: `loadConfig` looks at that afterwards.
  const fault = publicUrlFault(value, true);
  if (fault === undefined) return canonicalUrl(value);
  context.addIssue({ code: "custom", message: fault });
  return z.NEVER;
});
const seconds = (byDefault: number): z.ZodDefault<z.ZodInt> =>
  z.int("must be a whole number of seconds").min(1, "must be at least 1 second").max(3600, "must be at most 3600 seconds").default(byDefault);
const text = z.string().min(1, "must not be empty");

const User = z.strictObject({
  username: z.string().regex(/^[a-z0-9._-]{1,63}$/, "must be 1 to 63 of a-z, 0-9, '.', '_' and '-'"),
  email: z.email("must be an e-mail address"),
  firstName: text,
  lastName: text,
});

/** The configuration as `Pulumi.<stack>.yaml` holds it; `docs/configuration.md` explains each key. */
const Config = z.strictObject({
  environment: name,
  keycloak: z.strictObject({
    url,
    admin: z.strictObject({ realm: realmName.default("master"), username: text.default("admin") }).prefault({}),
    waitSeconds: seconds(120),
  }),
  realm: z.strictObject({
    name: realmName,
    displayName: text.optional(),
    protect: z.boolean("must be true or false").optional(),
  }),
  backstage: z.strictObject({
    url,
    image: text.refine((image) => !/\s/.test(image), "must be an image reference, such as registry/name:tag"),
    imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
    command: z.array(text).min(1, "must name a program").default(["node", "packages/backend"]),
    configFiles: z.array(text).default(["app-config.yaml"]),
    namespace: name.default("backstage"),
    clientId: z.string().regex(/^[A-Za-z0-9._-]{1,255}$/, "must be 1 to 255 of A-Z, a-z, 0-9, '.', '_' and '-'").default("backstage"),
    replicas: z.int("must be a whole number").min(1, "must be at least 1").max(100, "must be at most 100").default(1),
    port: z.int("must be a port").min(1024, "must be 1024 or more").max(65535, "must be at most 65535").default(7007),
    nodePort: z.int("must be a port").min(1, "must be a port").max(65535, "must be at most 65535").optional(),
    authEnvironment: name.optional(),
    resolvers: z
      .array(z.looseObject({ resolver: text }))
      .min(1, "must name at least one resolver")
      .default([{ resolver: "emailMatchingUserEntityProfileEmail" }]),
    gateSeconds: seconds(240),
    rolloutSeconds: seconds(300),
  }),
  users: z.array(User).default([]),
  rotation: z
    .strictObject({ generation: z.int("must be a whole number").min(1, "must be at least 1").default(1) })
    .prefault({}),
  kubeconfig: z.string().default(""),
});

type Parsed = z.output<typeof Config>;

/** The settings of one environment: validated, with every default filled in. */
export interface Settings extends Omit<Parsed, "realm" | "backstage"> {
  /** Test users, plain http and an unprotected realm are possible here only. */
  readonly isDev: boolean;
  readonly keycloakAdminPassword: pulumi.Output<string>;
  readonly realm: { readonly name: string; readonly displayName: string; readonly protect: boolean };
  readonly backstage: Omit<Parsed["backstage"], "authEnvironment"> & { readonly authEnvironment: string };
}

const secretKeys = ["keycloakAdminPassword"];

/** Pulumi hands every value over as a string; these stay one, all others are JSON when they look like it. */
const stringKeys = ["environment", "kubeconfig"];

function configValue(key: string, raw: string): unknown {
  if (stringKeys.includes(key)) return raw;
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return raw;
  }
}

/** The keys that the schema knows in the object at `path`. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = Config;
  for (const part of path) {
    while (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) schema = schema.unwrap();
    schema = schema instanceof z.ZodArray ? schema.element : schema instanceof z.ZodObject ? schema.shape[String(part)] : undefined;
  }
  const own = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return path.length === 0 ? [...own, ...secretKeys] : own;
}

type Issue = z.core.$ZodIssue;

/** The unknown keys of an issue, each with the key that was probably meant, as paths. */
function misspelt(issue: Issue): { wrote: string; meant: string }[] {
  if (issue.code !== "unrecognized_keys") return [];
  const at = (key: string): string => [...issue.path, key].join(".");
  return issue.keys.map((key) => ({ wrote: at(key), meant: at(closest(key, keysAt(issue.path))) }));
}

const isMissing = (issue: Issue): boolean => issue.code === "invalid_type" && issue.input === undefined;

function sentences(issue: Issue): string[] {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") return misspelt(issue).map(({ wrote, meant }) => `${wrote} is not a setting; did you mean ${meant}?`);
  if (isMissing(issue)) return [`${path} is missing; set it in the stack's config.`];
  if (issue.code === "invalid_value") return [`${path} must be one of ${issue.values.map(String).join(", ")}.`];
  // zod's own sentence is there only where the schema has none
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) return [`${path} must be of type ${issue.expected}.`];
  return [`${path} ${issue.message}.`];
}

function fail(lines: readonly string[]): never {
  throw new ConfigError(lines.map((line) => `config: ${line}`).join("\n"));
}

/** Rules that need more than one key. */
function crossFaults(parsed: Parsed): string[] {
  const isDev = parsed.environment === "dev";
  const faults: string[] = [];
  for (const [key, value] of [
    ["keycloak.url", parsed.keycloak.url],
    ["backstage.url", parsed.backstage.url],
  ] as const) {
    const fault = publicUrlFault(value, isDev);
    if (fault !== undefined) faults.push(`${key} ${fault}.`);
  }
  if (parsed.realm.name === parsed.keycloak.admin.realm) {
    faults.push(`realm.name must not be ${parsed.keycloak.admin.realm}, the realm of Keycloak's own administrators; choose another name.`);
  }
  if (parsed.users.length > 0 && !isDev) faults.push("users are test users for the dev environment; remove them here.");
  parsed.users.forEach(({ username }, index) => {
    if (parsed.users.findIndex((other) => other.username === username) < index) {
      faults.push(`users.${index}.username is there twice; remove one of them.`);
    }
  });
  if (parsed.backstage.replicas > 1) {
    faults.push("backstage.replicas must be 1 with the in-memory database, which replicas cannot share; set it to 1.");
  }
  if (parsed.backstage.gateSeconds >= parsed.backstage.rolloutSeconds) {
    faults.push("backstage.gateSeconds must be less than backstage.rolloutSeconds, or a rollout ends before its gates do; lower it.");
  }
  return faults;
}

/** Parses plain config values; throws a ConfigError with one sentence for each fault. */
export function parseConfig(values: Readonly<Record<string, unknown>>): Omit<Settings, "keycloakAdminPassword"> {
  const result = Config.safeParse(values, { reportInput: true });
  if (!result.success) {
    const { issues } = result.error;
    const meant = new Set(issues.flatMap(misspelt).map((pair) => pair.meant));
    // A key that is only misspelt is one mistake, not a missing key and an unknown one.
    fail(issues.filter((issue) => !(isMissing(issue) && meant.has(issue.path.join(".")))).flatMap(sentences));
  }
  const parsed = result.data;
  const faults = crossFaults(parsed);
  if (faults.length > 0) fail(faults);
  const isDev = parsed.environment === "dev";
  return {
    ...parsed,
    isDev,
    realm: {
      name: parsed.realm.name,
      displayName: parsed.realm.displayName ?? parsed.realm.name,
      protect: parsed.realm.protect ?? !isDev,
    },
    backstage: { ...parsed.backstage, authEnvironment: parsed.backstage.authEnvironment ?? parsed.environment },
  };
}

/** Reads the stack's configuration; throws a ConfigError when a key is unknown, missing or wrong. */
export function loadConfig(): Settings {
  const config = new pulumi.Config();
  const prefix = `${config.name}:`;
  const values: Record<string, unknown> = {};
  for (const [key, raw] of Object.entries(pulumi.runtime.allConfig())) {
    const own = key.slice(prefix.length);
    if (key.startsWith(prefix) && !secretKeys.includes(own)) values[own] = configValue(own, raw);
  }
  const keycloakAdminPassword = config.getSecret("keycloakAdminPassword");
  if (keycloakAdminPassword === undefined) {
    fail(["keycloakAdminPassword is missing; set it with `pulumi config set --secret keycloakAdminPassword`."]);
  }
  return { ...parseConfig(values), keycloakAdminPassword };
}
