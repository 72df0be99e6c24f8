import { isConfig } from "./backstage/appConfigFaults";

/**
 * What looks like a secret in clear: by the name of its key, by a form that only secrets have, and by how random it is.
 * The loader and the policy pack ask here, so both refuse the same. test/unit/lib/secretNames.test.ts counts
 * its errors.
 */

/** A key's name as small words: `client-key-data`, `clientKeyData` and `CLIENT_KEY_DATA` are three each. */
function wordsOf(key: string): string[] {
  const apart = key
    .slice(-200)
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  return (apart.toLowerCase().match(/[a-z]+/g) ?? []).map((word) =>
    word.replace(/(?<=password|passphrase|token|secret|key|credential)s$/, ""),
  );
}

/** Each of the words, which are patterns with a blank between them, as a whole. */
const wordOf = (...lines: readonly string[]): RegExp => new RegExp(`^(${lines.join(" ").replaceAll(" ", "|")})$`);

/** Last words that say nothing of what is named: `passwordValue`, `SECRET_KEY_BASE`, `TOKEN_PROD`. */
const empty = wordOf(
  "value data text string plain plaintext raw content contents base encoded b v default current previous old new",
  "primary secondary prod production dev staging test live",
);
/** Small words are secrets as a whole only: `compass` and `path` end as `pass` and `pat` do. */
const secretWord = wordOf(
  "pass pwd pw pat psk jwt dsn mnemonic pepper dockerconfigjson",
  ".*password .*passwd .*passphrase .*passcode .*secret .*token",
  ".*apikey .*accesskey .*secretkey .*privatekey .*signingkey .*encryptionkey",
  "(db|smtp|mail|ldap|user|root|admin|redis|mysql)(pass|pwd)",
);
/** What makes a key of a cipher or of a service out of `key`; a cache, a table and a message have keys too. */
const keyOwner = wordOf(
  "api access private secret signing sign encryption decryption cipher crypto account master license licence shared",
  "hmac auth authentication deploy client session cookie webhook subscription integration ingest ingestion app",
  "application service ssh admin security jwt storage",
);
/** `imagePullSecret` and `tlsSecret` name a Secret of Kubernetes. */
const secretsOwner = /^(pull|existing|tls|ca)$/;
/** A page's token, and how many tokens a model may use, are no secrets. */
const tokensOwner = /^(page|continuation|next|max|min|prompt|completion|input|output|total)$/;
/** What may hold a secret and mostly does not: what kind of value it is decides. */
const doubtful = /^(authorization|auth|credential|cookie|bearer)$/;

/**
 * `$(NAME)` and `${NAME}`; not `$${NAME}`, which is the text itself, nor one with a default, which would hold that in
 * clear.
 */
const variables = /(?<!\$)(?:\$\{\s*\w+\s*\}|\$\(\w+\))/g;
const references =
  /^(arn:|op:\/\/|vault:|ref\+|\w*sm:\/\/|projects\/[^/]+\/secrets\/|\$__\w+\{|\{\{.*\}\}$|<%.*%>$|\$[A-Z_][A-Z\d_]*$)/;
const choices =
  /^(true|false|yes|no|on|off|none|null|undefined|enabled?|disabled?|required?|optional|auto|automatic|default|never|always|any|\*+)$/i;
const filePath =
  /^(?:file:|~?\/|\.\.?\/|[A-Za-z]:\\)[\w.@\\/-]*[\\/][\w.@-]+$|^[\w./-]+\.(?:pem|key|crt|json|ya?ml|txt|env)$/;
const plainUrl = /^[a-z][\w+.-]*:\/\/[^\s@]+$/i;
/** Sentry's, whose user name is public. */
const publicDsn = /^https:\/\/[\da-f]{32}@[\w.-]+\/\d+$/;
const objectName = /^[a-z\d][a-z\d.-]*(\/[a-z\d][a-z\d.-]*)?$/;

/** Only variables, behind the name of a scheme such as Bearer or not. */
function isVariable(value: string): boolean {
  const rest = value.replace(variables, "");
  return rest !== value && /^([A-Za-z]+ +)?[^A-Za-z\d$]*$/.test(rest);
}

/**
 * What stands in no one's way under the name of a secret: nothing, a variable, a choice, a path or where it is kept.
 */
const isHarmless = (value: string): boolean =>
  value === "" ||
  isVariable(value) ||
  references.test(value) ||
  choices.test(value) ||
  (filePath.test(value) && !looksGenerated(value, 4)) ||
  (plainUrl.test(value) && !hasForm(value)) ||
  publicDsn.test(value) ||
  value.startsWith("ssh-");

/**
 * `Basic dXNlcjpwYXNz`, a user's name and password in base64 or with a colon, more than a variable, or what no person
 * writes.
 */
function isCredential(value: string): boolean {
  if (/^(Bearer|Basic|Token|ApiKey) +\S/i.test(value) || value.includes("${") || looksGenerated(value, 3.5))
    return true;
  const decoded = /^[A-Za-z\d+/]{8,}={0,2}$/.test(value) ? Buffer.from(value, "base64").toString("latin1") : value;
  return (
    /^[\x21-\x39\x3b-\x7e]+:[\x21-\x7e]+$/.test(decoded) &&
    !/^[\w.-]+:\d{1,5}$/.test(decoded) &&
    !decoded.includes("://")
  );
}

/** Does a key of this name, with this value, hold a secret in clear? */
function byName(key: string, value: string): boolean {
  const words = wordsOf(key);
  while (empty.test(words.at(-1) ?? "")) words.pop();
  const [before = "", last = ""] = words.length < 2 ? ["", words[0]] : words.slice(-2);
  if (isHarmless(value)) return false;
  if (last === "authorization" && /^(?=.*\d|[^A-Z]*$|[^a-z]*$)[A-Za-z\d+/=]{12,}$/.test(value)) return true;
  if (doubtful.test(last)) return isCredential(value);
  if (last === "key") return keyOwner.test(before);
  if (last === "pin") return /^\d{4,}$/.test(value);
  if (!secretWord.test(last)) return false;
  // The shell's own variable of this name is where it stands.
  if (last === "pwd" && words.length === 1 && key === "PWD") return false;
  // In annotations `.../auth-secret` names a Secret, as controllers of Ingresses do it.
  if (last === "secret") return !((secretsOwner.test(before) || key.includes("/")) && objectName.test(value));
  if (last === "token") return !(tokensOwner.test(before) || (/tokens$/i.test(key) && /^\d+$/.test(value)));
  // A DSN of the libpq, which has its password as a part, is looked at by that.
  return last !== "dsn" || !value.includes("=");
}

/** The forms of issuers that mark their tokens, of password hashes, and of keys; each is documented by its issuer. */
const forms: readonly RegExp[] = [
  /-----BEGIN [A-Z\d ]*PRIVATE KEY/,
  /\bAGE-SECRET-KEY-1|PuTTY-User-Key-File/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/, // JWT
  /\b(gh[pousr]_[A-Za-z\d]{20,}|github_pat_\w{20,})/,
  /\bgl(pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-[\w.-]{16,}/, // GitLab
  /\b(xox[a-z]-[\w-]{8,}|xapp-\d-[\w-]{8,})/, // Slack
  /\bhooks\.slack\.com\/(services|workflows)\/\w+\/\w+/,
  /\bdiscord(app)?\.com\/api\/webhooks\/\d+\/[\w-]+|\bwebhook\.office\.com\/webhookb2\//,
  /\b(AKIA|ASIA|ABIA|ACCA)[A-Z\d]{16}\b/, // AWS
  /\b(AIza[\w-]{35}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,})/, // Google
  /\b\w{3}8Q~[\w.~-]{31,}/, // Entra ID
  /\b([rs]k_(live|test)_[A-Za-z\d]{10,}|whsec_[A-Za-z\d+/]{16,})/, // Stripe
  /\b(npm_[A-Za-z\d]{30,}|pypi-AgE[\w-]{20,}|rubygems_[\da-f]{48}|dckr_[po]at_[\w-]{20,})/,
  /\b(sk-(proj|ant|svcacct|admin|or)-[\w-]{20,}|sk-[A-Za-z\d]{32,}|hf_[A-Za-z\d]{30,})/, // models
  /\b(hv[sbr]\.[\w-]{20,}|\w{14}\.atlasv1\.[\w-]{40,}|pul-[\da-f]{40}|dop_v1_[\da-f]{64}|dapi[\da-f]{32}|tskey-[\w-]{16,})/,
  /\b(glsa_\w{32,}|glc_[\w=+/]{32,}|NRAK-[A-Z\d]{27}|sntry[su]_[\w=+/]{20,}|dt0c01\.[A-Z\d]{24}\.[A-Z\d]{32,})/, // monitoring
  /\b(SG\.[\w-]{16,}\.[\w-]{16,}|key-[\da-f]{32}|SK[\da-f]{32}|\d{8,10}:AA[\w-]{33})/, // mail and messages
  /\b(AT[AC]TT3[\w=-]{20,}|lin_api_\w{32,}|PMAK-[\da-f]{24}-[\da-f]{34}|figd_[\w-]{20,}|shp(at|ca|pa|ss)_[\da-f]{32}|AKCp\w{10,})/,
  /\b(npg_[A-Za-z\d]{10,}|pscale_(pw|tkn|oauth)_[\w.-]{20,}|sb[ps]_[\da-f]{40})/, // databases
  /^\$(2[aby]|argon2(id?|d)|[156]|apr1|y|scrypt)\$|^\{(SSHA|SHA|CRYPT)\d*\}/,
];

/** With a colon and a password before the host; a port, and a password that is a variable, are none. */
const urlWithPassword =
  /[a-z][\w+.-]{0,30}:\/\/[^/?#\s:@]*:(?!(?:\d{1,5}|\$\{\w+\})(?:[/?#\s]|$))(?!\$\{\w+\}@|\$\(\w+\)@)[^\s@]+@/i;
const mysqlPassword = /^[^\s:/@]+:(?!\$\{\w+\}@)[^\s@]+@(tcp|unix)\(/;
/** `Password=...;`, `?token=...`, `--password=...` and `--password ...`, each a name with its value. */
const assignments =
  /(?:^|[\s;,&?"'-])([A-Za-z][\w.-]{0,80})(?:\s*=\s*|(?<=--[\w-]{1,80})\s+)("[^"]*"|'[^']*'|[^\s;&,"']+)/g;
const signed = /^(sig|x-amz-signature)$/i;

function parsed(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

/** Is it a secret by its form, whatever its key? */
function hasForm(value: string): boolean {
  if (forms.some((form) => form.test(value)) || urlWithPassword.test(value) || mysqlPassword.test(value)) return true;
  const [, ofHeader] = /\b(?:Bearer|Basic)\s+([\w+/.~-]{16,}=*)/i.exec(value) ?? [];
  if (ofHeader !== undefined && /\d/.test(ofHeader)) return true;
  // The start of a PEM file in base64.
  if (/^LS0tLS1CRUdJT[A-Za-z\d+/=\s]+$/.test(value))
    return Buffer.from(value, "base64").toString("latin1").includes("PRIVATE KEY");
  if (/^\s*[{[]/.test(value)) return secretsInClear(parsed(value), "", "").length > 0;
  // A text of several lines is a file, whose language nobody knows here; variables of a shell and of .env are told.
  const pairs = value.includes("\n")
    ? value.matchAll(/^(?:export )?([A-Z][A-Z\d_]*)=("[^"$]*"|'[^']*'|[^\s$"']+)$/gm)
    : value.matchAll(assignments);
  return [...pairs].some(([, name = "", own = ""]) => {
    const held = own.replace(/^(["'])(.*)\1$/, "$2");
    // A shell's $(...) and $NAME are no values; one with a default holds that.
    if (/^\$[({A-Za-z_](?!.*:-)/.test(held)) return false;
    return byName(name, held) || (signed.test(name) && held.length > 8 && !isVariable(held));
  });
}

/** Is this a secret in clear, by its key's name or its form? */
export function isSecretInClear(key: string, value: unknown): boolean {
  if (typeof value === "number") return byName(key, String(value));
  return typeof value === "string" && (hasForm(value) || byName(key, value));
}

/** Is this text a secret in clear, by its form alone? */
export const isSecretByForm = (value: unknown): boolean => typeof value === "string" && hasForm(value);

/** What belongs to several secrets beside themselves. */
const besides =
  /(name|names|namespace|type|kind|provider|path|file|url|ref|enabled|ttl|expiry|policy|length|id|store|mount|format|prefix)$/i;

/** The name that a value stands under: a key that says nothing has its parent's, one below several secrets too. */
function nameBelow(parent: string, key: string): string {
  if (key.startsWith("$")) return key;
  if (wordsOf(key).every((word) => empty.test(word))) return `${parent} ${key}`;
  return /(passwords|passphrases|tokens|secrets|apikeys)$/i.test(parent.replace(/[-_]/g, "")) && !besides.test(key)
    ? parent
    : key;
}

/** Deeper than anything that is configured. */
const DEEPEST = 100;

/**
 * The paths of the secrets in clear below `value`, which stands under `key`; a list's values stand under the list's.
 */
export function secretsInClear(value: unknown, key: string, path: string, depth = DEEPEST): string[] {
  if (depth === 0) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      // As arguments of a program are written: the flag, then its value.
      const flag: unknown = value[index - 1];
      const own = typeof flag === "string" && /^--?[A-Za-z][\w-]*$/.test(flag) ? flag : key;
      return secretsInClear(item, own, `${path}.${index}`, depth - 1);
    });
  }
  if (!isConfig(value)) return isSecretInClear(key, value) ? [path] : [];
  return Object.entries(value).flatMap(([inner, own]) => {
    // A list of variables or headers: { name: TOKEN, value: ... }.
    const named = value.name ?? value.key;
    const name = inner === "value" && typeof named === "string" ? named : nameBelow(key, inner);
    return secretsInClear(own, name, `${path}.${inner}`, depth - 1);
  });
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
