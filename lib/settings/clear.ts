import { existsSync } from "node:fs";
import { parse } from "yaml";
import { isConfig } from "../backstage/appConfigFaults";
import { isSecretByForm, secretsInClear } from "../secretNames";
import type { Parsed } from "./schema";

/** What is encrypted where nothing keeps it so, and what is in clear where it should not be. */

/** A stack's file shows an encrypted value as an object of this one key. */
const isSealed = (value: unknown): boolean =>
  isConfig(value) && Object.keys(value).length === 1 && typeof value.secure === "string";

/** Deeper than any setting: what is deeper is refused for that. */
const DEEPEST = 60;

/** The paths of the encrypted values of a stack's file. */
export function sealedPaths(value: unknown, path: string, depth = DEEPEST): string[] {
  if (isSealed(value)) return [path];
  return typeof value === "object" && value !== null && depth > 0
    ? Object.entries(value).flatMap(([key, inner]) => sealedPaths(inner, `${path}.${key}`, depth - 1))
    : [];
}

/** Pulumi tells of a whole top-level key that it is encrypted, and every input that comes of it would have to be. */
export function encryptedFault(path: string): string {
  const remedy = /^backstage\b/.test(path)
    ? "put that value into a Secret in Backstage's namespace, name the Secret by backstage.extraEnv, and set"
    : "only kubeconfig and the keys for keycloak.admin are kept encrypted; set";
  return `${path} holds an encrypted value, which would be in clear in the state and in what is made of it; ${remedy} it without --secret.`;
}

/**
 * A kubeconfig as YAML, however Pulumi's file or another stack's output has it: as an object, or as JSON in one line.
 */
export function kubeconfigText(value: unknown): unknown {
  if (!isConfig(value) && (typeof value !== "string" || !/^\s*\{/.test(value))) return value;
  try {
    return JSON.stringify(typeof value === "string" ? JSON.parse(value) : value, null, 2);
  } catch {
    return typeof value === "string" ? `${value}\n` : value;
  }
}

/**
 * What is wrong with the kubeconfig, without a word of it: what reads it later would show the line that it cannot read.
 */
export function kubeconfigFault(kubeconfig: string, encrypted: boolean): string[] {
  if (!kubeconfig.includes("\n")) {
    // What is no path would be told as one that leads nowhere.
    const isPath = existsSync(kubeconfig) || (!encrypted && !/^[A-Za-z\d+/]{100,}={0,2}$/.test(kubeconfig));
    return kubeconfig !== "" && !isPath
      ? [
          "kubeconfig is neither the text of a kubeconfig nor a file that is there; set it anew by `pulumi " +
            "config set --secret kubeconfig < FILE`.",
        ]
      : [];
  }
  let text: unknown;
  try {
    text = parse(kubeconfig) as unknown;
  } catch {
    text = undefined;
  }
  if (!isConfig(text) || !Array.isArray(text.clusters))
    return [
      "kubeconfig is a text, and not that of a kubeconfig, which has clusters; set it anew by `pulumi " +
        "config set --secret kubeconfig < FILE`.",
    ];
  if (encrypted || secretsInClear(text, "", "").length === 0) return [];
  return [
    "kubeconfig holds a token, password or key in clear; set it anew by `pulumi config set --secret " +
      "kubeconfig < FILE`, or to the path of a file.",
  ];
}

/**
 * Settings whose keys and values are anybody's; all others have names of our own, such as `secret` for that of a
 * Secret.
 */
const free = (parsed: Parsed): [path: string, value: unknown][] => [
  ["backstage.command", parsed.backstage.command],
  ["backstage.configFiles", parsed.backstage.configFiles],
  ["backstage.resolvers", parsed.backstage.resolvers],
  ["backstage.serviceAccount.annotations", parsed.backstage.serviceAccount.annotations],
  [
    "backstage.exposure.annotations",
    "annotations" in parsed.backstage.exposure ? parsed.backstage.exposure.annotations : {},
  ],
];

/** These have sentences of their own. */
const told = ["kubeconfig", "backstage.appConfig", "backstage.extraEnv"];

function byForm(value: unknown, path: string): string[] {
  if (told.includes(path)) return [];
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => byForm(inner, path === "" ? key : `${path}.${key}`));
  return isSecretByForm(value) ? [path] : [];
}

/** A sentence for each secret in clear, wherever it stands; never with the value. */
export function clearFaults(parsed: Parsed): string[] {
  const paths = new Set([
    ...byForm(parsed, ""),
    ...free(parsed).flatMap(([path, value]) => secretsInClear(value, "", path)),
  ]);
  return [...paths].map((path) => `${path} holds a secret in clear; take it out, and let what needs it read a Secret.`);
}
