// What a Backstage pod holds of its Secrets: as they are mounted now, and as this container was started with.
// Values are compared as they are, never trimmed: Backstage would send a line break at their end along.
import { readFileSync } from "node:fs";
import { discover, knowsClient } from "./keycloak.mjs";

/**
 * @typedef {{ issuer: string, clientId: string, generations: Readonly<Record<string, number>> }} Expected what the
 * pod's template says; nothing of it is secret
 */

/** @param {string} name */
export function setting(name) {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/**
 * A value as it is mounted now; the kubelet renews it about a minute after the Secret has changed.
 * @param {string} key
 */
export function mountedValue(key) {
  try {
    return readFileSync(`${setting("GATE_SECRETS_PATH")}/${key}`, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * A value that this container was started with.
 * @param {string} key
 */
export const valueInUse = (key) => process.env[key];

/** What Backstage reads once, by what proves it. */
export const groups = {
  "sign-in": [
    "KEYCLOAK_METADATA_URL",
    "KEYCLOAK_ISSUER",
    "KEYCLOAK_CLIENT_ID",
    "KEYCLOAK_CLIENT_SECRET",
    "KEYCLOAK_STANDBY_CLIENT_ID",
    "KEYCLOAK_STANDBY_CLIENT_SECRET",
  ],
  session: ["AUTH_SESSION_SECRET"],
  catalog: ["KEYCLOAK_CATALOG_CLIENT_ID", "KEYCLOAK_CATALOG_CLIENT_SECRET"],
  database: ["DATABASE_USER", "DATABASE_PASSWORD"],
};

/**
 * The keys in which what is mounted differs from what is in use, by group; what is not mounted at all does not count.
 */
export function differences() {
  const differing = (/** @type {string} */ key) => {
    const now = mountedValue(key);
    return now !== undefined && now !== "" && now !== valueInUse(key);
  };
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const [group, keys] of Object.entries(groups))
    if (keys.some(differing)) found.set(group, keys.filter(differing));
  return found;
}

/**
 * Does a value begin or end with white space, as `echo` leaves it?
 * @param {string} value
 */
export const unclean = (value) => value !== value.trim();

function expected() {
  /** @type {unknown} */
  const told = JSON.parse(setting("GATE_EXPECTED"));
  return /** @type {Expected} */ (told);
}

/**
 * The generations that a Secret says its credentials are of; none where it says nothing that can be read.
 * @param {(key: string) => string | undefined} read
 */
export function generationsOf(read) {
  try {
    /** @type {unknown} */
    const said = JSON.parse(read("CREDENTIAL_GENERATIONS") ?? "{}");
    return /** @type {Record<string, number>} */ (said ?? {});
  } catch {
    return {};
  }
}

/** The generations of a Secret's credentials that are older than those that this pod was made for, each as a phrase. */
export function behind() {
  /** @type {Record<string, unknown>} */
  const held = { database: mountedValue("DATABASE_GENERATION"), ...generationsOf(mountedValue) };
  return Object.entries(expected().generations).flatMap(([credential, wanted]) => {
    const generation = Number(held[credential] ?? 0);
    return generation >= wanted
      ? []
      : [`its ${credential} credential is of generation ${generation}, this pod expects ${wanted}`];
  });
}

/**
 * Where the Secret is of another issuer or client than this pod was made for, one of both is older, and Keycloak knows
 * which. Says so where it is the Secret; undefined where it is the pod, or both agree.
 * @param {import("./keycloak.mjs").Credential} credential as mounted
 */
export async function secretIsOlder({ issuer, clientId, metadataUrl }) {
  const wanted = expected();
  const remedy = "run pulumi up, or wait for the ExternalSecret that writes it";
  if (wanted.issuer !== issuer) {
    const moved = await discover({
      issuer: wanted.issuer,
      metadataUrl: `${wanted.issuer}/.well-known/openid-configuration`,
    });
    if (moved.ok)
      return `the Secret is of issuer ${issuer}, this pod expects ${wanted.issuer}, and there Keycloak answers: ${remedy}`;
  }
  if (wanted.clientId !== clientId) {
    const discovery = await discover({ issuer, metadataUrl });
    if (discovery.ok && (await knowsClient(wanted.clientId, discovery.tokenEndpoint)) !== false) {
      return `the Secret is of client ${clientId}, this pod expects ${wanted.clientId}, and Keycloak knows it: ${remedy}`;
    }
  }
  return undefined;
}
