import { isConfig } from "./appConfigFaults";

/** How a secret in clear is told: by the name of its key, by its form, and by how random it is. */

const secretKey = /(secret|password|passwd|passphrase|token|apikey|accesskey|privatekey|authorization)(key|value|\d+)?s?$/i;
/** One variable, alone or behind the name of a scheme such as Bearer; one with a default would hold that in clear. */
const variable = /^([A-Za-z]+ )?\$\{\s*\w+\s*\}$/;
const urlWithPassword = /^[a-z][\w+.-]*:\/\/[^/?#\s:@]*:(?!\$\{\w+\}@)[^/?#\s@]+@/i;

/** Is this a secret in clear, by its key's name or its form? */
export function isSecretInClear(key: string, value: unknown): boolean {
  if (typeof value === "number") return /(secret|password|token)$/i.test(key);
  if (typeof value !== "string" || value === "") return false;
  if (/-----BEGIN [A-Z ]*PRIVATE KEY/.test(value) || urlWithPassword.test(value)) return true;
  return secretKey.test(key.replace(/[-_.]/g, "")) && !variable.test(value);
}

/** The paths of the secrets in clear below `value`, which stands under `key`; a list's values stand under the list's. */
export function secretsInClear(value: unknown, key: string, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => secretsInClear(item, key, `${path}.${index}`));
  if (isConfig(value)) return Object.entries(value).flatMap(([inner, own]) => secretsInClear(own, inner, `${path}.${inner}`));
  return isSecretInClear(key, value) ? [path] : [];
}

/** Certificates are public, and look as random as keys. */
const certificates = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Shannon's entropy of a text, in bits a character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}

/**
 * Does a text hold a word that only a generator writes: long, of small and capital letters and digits, and random?
 * Hashes, being hexadecimal, and names do not.
 * @param bits the entropy from which on it counts, in bits a character
 */
export function looksGenerated(value: string, bits: number): boolean {
  const words = value.replace(certificates, "").match(/[A-Za-z0-9+_-]{20,}/g) ?? [];
  return words.some((word) => /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word) && entropy(word) >= bits);
}
