import * as pulumi from "@pulumi/pulumi";
import { databaseOf } from "./lib/settings/backstage";
import type { DatabaseSettings } from "./lib/settings/database";
import { Config, crossFaults, type Parsed, secretKeys } from "./lib/settings/schema";
import { schemaFaults } from "./lib/settings/sentences";

/** What a user of the program got wrong, in one sentence a key; Pulumi prints it without a stack trace. */
export class ConfigError extends pulumi.RunError {}

/** The settings of one environment: validated, with every default filled in. */
export interface Settings extends Omit<Parsed, "realm" | "backstage"> {
  /** Test users, plain http and an unprotected realm are possible here only. */
  readonly isDev: boolean;
  readonly keycloakAdminPassword: pulumi.Output<string>;
  readonly realm: Parsed["realm"] & { readonly displayName: string; readonly protect: boolean };
  readonly backstage: Parsed["backstage"] & { readonly authEnvironment: string; readonly database: DatabaseSettings };
}

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

function fail(lines: readonly string[]): never {
  throw new ConfigError(lines.map((line) => `config: ${line}`).join("\n"));
}

/** Parses plain config values; throws a ConfigError with one sentence for each fault. */
export function parseConfig(values: Readonly<Record<string, unknown>>): Omit<Settings, "keycloakAdminPassword"> {
  const result = Config.safeParse(values, { reportInput: true });
  if (!result.success) return fail(schemaFaults(result.error));
  const parsed = result.data;
  const faults = crossFaults(parsed);
  if (faults.length > 0) return fail(faults);
  const isDev = parsed.environment === "dev";
  const { realm, backstage } = parsed;
  return {
    ...parsed,
    isDev,
    realm: { ...realm, displayName: realm.displayName ?? realm.name, protect: realm.protect ?? !isDev },
    backstage: { ...backstage, authEnvironment: backstage.authEnvironment ?? parsed.environment, database: databaseOf(backstage, isDev) },
  };
}

/** Reads the stack's configuration; throws a ConfigError when a key is unknown, missing or wrong. */
export function loadConfig(): Settings {
  const config = new pulumi.Config();
  const prefix = `${config.name}:`;
  const values: Record<string, unknown> = {};
  for (const [key, raw] of Object.entries(pulumi.runtime.allConfig())) {
    const own = key.slice(prefix.length);
    if (key.startsWith(prefix) && !(own in secretKeys)) values[own] = configValue(own, raw);
  }
  const keycloakAdminPassword = config.getSecret("keycloakAdminPassword");
  if (keycloakAdminPassword === undefined) {
    fail(["keycloakAdminPassword is missing; set it with `pulumi config set --secret keycloakAdminPassword`."]);
  }
  return { ...parseConfig(values), keycloakAdminPassword };
}
