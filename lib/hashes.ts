import { createHash } from "node:crypto";

/** SHA-256, in hex, over string data in an order that does not depend on how the object was built. */
export function dataHash(data: Readonly<Record<string, string>>): string {
  const entries = Object.keys(data)
    .sort()
    .map((key) => [key, data[key]]);
  return createHash("sha256").update(JSON.stringify(entries)).digest("hex");
}

/** The pod template annotation that turns a client that was made anew into a rollout. */
export const clientAnnotation = "checksum/oidc-client";

/** How long an annotation's name may be behind its prefix. */
const LONGEST = 63;

/** The pod template annotation that turns a changed Secret or ConfigMap into a rollout. */
export function checksumAnnotation(kind: "secret" | "configmap", name: string): string {
  const own = `${kind}-${name}`;
  return `checksum/${own.length <= LONGEST ? own : `${own.slice(0, 40)}-${createHash("sha256").update(name).digest("hex").slice(0, 16)}`}`;
}
