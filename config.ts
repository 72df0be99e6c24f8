import * as pulumi from "@pulumi/pulumi";
import type { Adoption } from "./lib/keycloak/adoption";
import { type Overlap, signInClients, type SignInClients, withStrategy } from "./lib/keycloak/rotation";
import { clearFaults, encryptedFault, kubeconfigFault, kubeconfigText, sealedPaths } from "./lib/settings/clear";
import { adminSecretKeys } from "./lib/settings/admin";
import { completed } from "./lib/settings/backstage";
import { allGroups } from "./lib/settings/people";
import { Config, crossFaults, type Parsed, secretKeys } from "./lib/settings/schema";
import { schemaFaults } from "./lib/settings/sentences";

/** What a user of the program got wrong, in one sentence a key; Pulumi prints it without a stack trace. */
export class ConfigError extends pulumi.RunError {}

/** The settings of one environment: validated, with every default filled in. */
export interface Settings extends Omit<Parsed, "realm" | "backstage" | "namespaces"> {
  /** Lasting initial passwords, plain http and an unprotected realm are possible here only. */
  readonly isDev: boolean;
  /** What `keycloak.admin` signs in with: a password, a client's secret or a private key. */
  readonly adminSecret: pulumi.Output<string>;
  readonly namespaces: { readonly protect: boolean };
  readonly realm: Parsed["realm"] & { readonly displayName: string; readonly protect: boolean };
  readonly backstage: ReturnType<typeof completed>;
}

/** Pulumi hands every value over as a string; these stay one, all others are JSON when they look like it. */
const stringKeys = ["environment", "mode", "kubeconfig"];

function configValue(key: string, raw: string): unknown {
  if (stringKeys.includes(key)) return raw;
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return raw;
  }
}

/** One line that can be read, whatever stands in the keys and values that it repeats. */
function printable(line: string): string {
  const clean = line.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  return clean.length <= 400 ? clean : `${clean.slice(0, 200)}...${clean.slice(-150)}`;
}

function fail(lines: readonly string[]): never {
  throw new ConfigError(lines.map((line) => printable(`config: ${line}`)).join("\n"));
}

/** Deeper than any setting, app-config included; what reads settings, ours and others' code, does so by recursion. */
const DEEPEST = 50;

/** What no code here could handle, wherever it stands below a setting, as a sentence. */
function unfit(value: unknown, path: string, depth = DEEPEST): string[] {
  if (value === "__proto__") return [`${path} is __proto__, a name that JavaScript keeps for itself; choose another.`];
  if (typeof value !== "object" || value === null) return [];
  if (depth === 0) return [`${path.split(".", 1)[0] ?? ""} is nested more than ${DEEPEST} deep; write it flatter.`];
  if (Object.hasOwn(value, "__proto__"))
    return [`${path} has a key __proto__, a name that JavaScript keeps for itself; choose another.`];
  return Object.entries(value).flatMap(([key, inner]) => unfit(inner, `${path}.${key}`, depth - 1));
}

/** Is it a setting or, written with dots, one below it? */
const isSetting = (key: string): boolean => Object.hasOwn(Config.shape, key.split(".", 1)[0] ?? "");

/** Lays the value of a key such as `backstage.url` into `backstage`: `pulumi new` asks for no other kind of key. */
function nested(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isPath = (key: string): boolean => key.includes(".") && isSetting(key);
  const values = Object.fromEntries(Object.entries(given).filter(([key]) => !isPath(key)));
  for (const path of Object.keys(given).filter(isPath)) {
    const [key = "", inner = ""] = path.split(/\.(.*)/s);
    values[key] = { ...(values[key] as object | undefined), [inner]: given[path] };
  }
  return values;
}

/**
 * Parses plain config values; throws a ConfigError with one sentence for each fault.
 * @param encrypted the keys that Pulumi holds encrypted; what a stack's file shows as such is told by itself
 */
export function parseConfig(
  written: Readonly<Record<string, unknown>>,
  encrypted: readonly string[] = [],
): Omit<Settings, "adminSecret"> {
  const given = nested(written);
  const sealed = Object.entries(given).flatMap(([key, value]) =>
    Object.hasOwn(Config.shape, key) ? sealedPaths(value, key) : [],
  );
  const unkept = [...encrypted, ...sealed].filter((path) => path !== "kubeconfig");
  if (unkept.length > 0) return fail(unkept.map(encryptedFault));
  const values: Readonly<Record<string, unknown>> = {
    ...given,
    ...(given.kubeconfig === undefined
      ? {}
      : { kubeconfig: kubeconfigText(sealed.includes("kubeconfig") ? "" : given.kubeconfig) }),
  };
  const result = Config.safeParse(values, { reportInput: true });
  if (!result.success) return fail(schemaFaults(result.error));
  const [wrong] = Object.keys(Config.shape).flatMap((key) =>
    Object.hasOwn(values, key) ? unfit(values[key], key) : [],
  );
  if (wrong !== undefined) return fail([wrong]);
  const parsed = result.data;
  const faults = [
    ...crossFaults(parsed),
    ...clearFaults(parsed),
    ...kubeconfigFault(parsed.kubeconfig, encrypted.includes("kubeconfig")),
  ];
  if (faults.length > 0) return fail(faults);
  const isDev = parsed.environment === "dev";
  const { realm, backstage } = parsed;
  return {
    ...parsed,
    isDev,
    namespaces: { protect: parsed.namespaces.protect ?? !isDev },
    groups: allGroups(parsed.groups),
    realm: { ...realm, displayName: realm.displayName ?? realm.name, protect: realm.protect ?? !isDev },
    backstage: completed(backstage, parsed.environment),
  };
}

/** Reads the stack's configuration; throws a ConfigError when a key is unknown, missing or wrong. */
export function loadConfig(): Settings {
  const config = new pulumi.Config();
  const prefix = `${config.name}:`;
  const values = Object.entries(pulumi.runtime.allConfig()).flatMap(([key, raw]) => {
    const own = key.slice(prefix.length);
    return key.startsWith(prefix) && !Object.hasOwn(secretKeys, own) ? [[own, configValue(own, raw)] as const] : [];
  });
  // The language host tells which keys are encrypted; the SDK has no function that says so.
  const encrypted = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
  const settings = parseConfig(
    Object.fromEntries(values),
    values.map(([own]) => own).filter((own) => isSetting(own) && encrypted.includes(`${prefix}${own}`)),
  );
  const key = adminSecretKeys[settings.keycloak.admin.method];
  const adminSecret = config.getSecret(key);
  if (adminSecret === undefined || config.get(key) === "")
    fail([`${key} is missing; set it with \`pulumi config set --secret ${key}\`.`]);
  const inClear = Object.keys(secretKeys).filter(
    (own) => config.get(own) !== undefined && !encrypted.includes(`${prefix}${own}`),
  );
  if (inClear.length > 0)
    fail(inClear.map((own) => `${own} is in clear; set it anew with \`pulumi config set --secret ${own}\`.`));
  return { ...settings, adminSecret };
}

/** The settings with what only the servers and the last update could tell: what the program is built from. */
export interface DecidedSettings extends Omit<Settings, "adminSecret" | "rotation"> {
  readonly rotation: ReturnType<typeof withStrategy<Settings["rotation"]>>;
  /** Backstage's clients. */
  readonly signIn: SignInClients;
  /** How long Keycloak accepts the secret before too; undefined: it does not. A replaced secret must not come back. */
  readonly overlap: pulumi.Input<Overlap> | undefined;
  /** What Keycloak has already, and the program takes over. */
  readonly adopted: Adoption;
  /** The namespaces that were there before: they are used, and neither made nor changed. */
  readonly foreignNamespaces: ReadonlySet<string>;
}

/**
 * Hands the settings on with a rotation; without one it is as on servers that have nothing yet, as rendering and a test
 * need it.
 */
export function decidedSettings(
  settings: Omit<Settings, "adminSecret">,
  rotation: DecidedSettings["rotation"] = withStrategy(settings.rotation, false),
  overlap?: DecidedSettings["overlap"],
): DecidedSettings {
  const signIn = signInClients(settings.backstage, rotation);
  return { ...settings, rotation, signIn, overlap, adopted: {}, foreignNamespaces: new Set() };
}
