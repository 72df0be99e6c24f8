import { createHash, createHmac } from "node:crypto";

/** String data as one text, in an order that does not depend on how the object was built. */
function canonical(data: Readonly<Record<string, string>>): string {
  const entries = Object.keys(data)
    .sort()
    .map((key) => [key, data[key]]);
  return JSON.stringify(entries);
}

/** SHA-256, in hex, over data that nobody can guess or that is no secret. */
export const dataHash = (data: Readonly<Record<string, string>>): string =>
  createHash("sha256").update(canonical(data)).digest("hex");

/** The same for a Secret that people chose: whoever sees it and does not know the key cannot try passwords on it. */
export const keyedHash = (data: Readonly<Record<string, string>>, key: string): string =>
  createHmac("sha256", key).update(canonical(data)).digest("hex");

/** The pod template annotation that turns a client that was made anew into a rollout. */
export const clientAnnotation = "checksum/oidc-client";

/** How long an annotation's name may be behind its prefix. */
const LONGEST = 63;

/** The pod template annotation that turns a changed Secret or ConfigMap into a rollout. */
export function checksumAnnotation(kind: "secret" | "configmap", name: string): string {
  const own = `${kind}-${name}`;
  return `checksum/${own.length <= LONGEST ? own : `${own.slice(0, 40)}-${createHash("sha256").update(name).digest("hex").slice(0, 16)}`}`;
}
