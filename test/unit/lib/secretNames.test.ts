import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { isSecretInClear, secretsInClear } from "../../../lib/secretNames";

/**
 * Names of real keys: of Backstage, Spring, Docker images, CI systems, clouds; the harmless ones with a usual value.
 */
const names = JSON.parse(readFileSync(path.join(__dirname, "secretNames.json"), "utf8")) as {
  secret: string[];
  harmless: Record<string, string>;
};

/**
 * Known and lived with. What is missed is found where its value has a form; the other way round a Secret or ${VARIABLE}
 * will do.
 */
const missed = [
  "unlockPhrase",
  "seedPhrase",
  "salt",
  "GPG_KEY",
  "pgpass",
  "connectionPassw",
  "kennwort",
  "cred",
  "ACCESS_CODE",
];
const mistaken = ["storageKey", "i18nSessionKey"];

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** Made here and not written out, for those who search repositories for tokens. */
const long = (length: number): string =>
  Array.from({ length }, (_, index) => (index % 3 === 0 ? String(index % 10) : (LETTERS[(index * 7) % 26] ?? ""))).join(
    "",
  );
const hex = (length: number): string => Array.from({ length }, (_, index) => ((index * 7) % 16).toString(16)).join("");
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const upper = (length: number): string => long(length).toUpperCase();

const forms: Readonly<Record<string, string>> = {
  "a private key": "-----BEGIN PRIVATE KEY-----\nabc",
  "a private key of OpenSSH": "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
  "a private key in base64": base64("-----BEGIN RSA PRIVATE KEY-----\nabc"),
  "a JWT": `${base64('{"alg":"RS256"}').replace(/=+$/, "")}.${base64('{"sub":"x"}').replace(/=+$/, "")}.${long(40)}`,
  GitHub: `ghp_${long(36)}`,
  "GitHub, fine-grained": `github_pat_${long(40)}`,
  GitLab: `glpat-${long(20)}`,
  Slack: `xoxb-${long(24)}`,
  "a webhook of Slack": `https://hooks.slack.com/services/T${upper(8)}/B${upper(8)}/${long(24)}`,
  AWS: `AKIA${upper(16)}`,
  Google: `AIza${long(35)}`,
  Stripe: `sk_live_${long(24)}`,
  npm: `npm_${long(36)}`,
  PyPI: `pypi-AgE${long(40)}`,
  Docker: `dckr_pat_${long(27)}`,
  OpenAI: `sk-proj-${long(40)}`,
  Vault: `hvs.${long(24)}`,
  Pulumi: `pul-${hex(40)}`,
  SendGrid: `SG.${long(22)}.${long(43)}`,
  Grafana: `glsa_${long(41)}`,
  Atlassian: `ATATT3${long(40)}`,
  Neon: `npg_${long(12)}`,
  bcrypt: `$2b$12$${long(53)}`,
  "a URL with a password": "https://me:hunter2@git.example.com",
  "a URL without a user": "redis://:hunter2@redis.example.com:6379",
  "a password with a slash": "postgres://me:hunter/2@db.example.com/x",
  "a URL with a token": "https://api.example.com/hook?token=hunter2",
  "a signed URL": `https://x.blob.core.windows.net/c?sv=2024&sig=${long(43)}`,
  JDBC: "jdbc:postgresql://db.example.com/x?user=me&password=hunter2",
  "Go's MySQL": "me:hunter2@tcp(db.example.com:3306)/x",
  libpq: "host=db.example.com user=me password=hunter2",
  "SQL Server": "Server=db;User Id=me;Password=hunter2;",
  "Azure's storage": `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${long(86)}==;EndpointSuffix=core.windows.net`,
  "an argument": "--password=hunter2",
  "arguments in one text": "login --token hunter2 --verbose",
  "a header": `X-Auth: Bearer ${long(30)}`,
  JSON: '{"type": "service_account", "private_key": "hunter2"}',
  "Docker's login": `{"auths": {"registry.example.com": {"auth": "${base64("me:hunter2")}"}}}`,
  "a file of variables": "# login\nUSER=me\nexport DB_PASSWORD=hunter2\n",
};

const harmlessForms: Readonly<Record<string, string>> = {
  "a URL whose password is a variable": "https://me:${PASS}@git.example.com",
  "a port": "https://git.example.com:8443/@scope/x",
  "a colon in a path": "https://git.example.com/a:b@c",
  "a port that is a variable": "http://db:${PORT}/a@b",
  "a variable in a query": "https://api.example.com/hook?token=${TOKEN}",
  "a variable in a connection": "host=db.example.com password=${PASS}",
  "a certificate": "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
  "a certificate in base64": base64("-----BEGIN CERTIFICATE-----\nabc"),
  "a public key of SSH": `ssh-ed25519 ${long(60)} me@example.com`,
  "a sentence": "Send the password by mail, and the token by hand: Bearer tokens are described in the manual.",
  "a hash": hex(64),
  "an image": `registry.example.com/x@sha256:${hex(64)}`,
  "a script": 'PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") exec psql\nexport TOKEN="$OTHER"\n',
  "JSON without one": '{"title": "x", "tokenUrl": "https://id.example.com/token"}',
  "an argument that is a file": "--password-file=/run/secrets/password",
};

describe("lib/secretNames", () => {
  it("is measured on more than 200 names of real keys of each kind", () => {
    assert.ok(names.secret.length >= 200 && Object.keys(names.harmless).length >= 200);
    assert.equal(new Set(names.secret).size, names.secret.length);
    assert.deepEqual(
      names.secret.filter((name) => !isSecretInClear(name, "hunter2hunter2")),
      missed,
    );
    assert.deepEqual(
      Object.entries(names.harmless).flatMap(([name, value]) => (isSecretInClear(name, value) ? [name] : [])),
      mistaken,
    );
  });

  it("is told in docs/policy.md with its errors", () => {
    const page = readFileSync(path.join(__dirname, "../../../docs/policy.md"), "utf8").replace(/\s+/g, " ");
    const told =
      `Of ${names.secret.length} names of secrets it misses ${missed.length}, ` +
      `of ${Object.keys(names.harmless).length} harmless ones it takes ${mistaken.length} for secrets`;
    assert.ok(page.includes(told), told);
  });

  for (const name of names.secret.filter((one) => !missed.includes(one))) {
    it(`lets a variable or nothing stand under ${name}`, () => {
      for (const value of ["", "${X}", "Bearer ${X}", "${A}:${B}", "$(X)", true, null, undefined])
        assert.equal(isSecretInClear(name, value), false, String(value));
      for (const value of ["$${hunter2hunter2}", "${X:-hunter2hunter2}", "${X}hunter2"])
        assert.equal(isSecretInClear(name, value), true, value);
    });
  }

  for (const [what, value] of Object.entries(forms)) {
    it(`knows ${what} by its form, whatever its key`, () => assert.equal(isSecretInClear("title", value), true));
  }

  for (const [what, value] of Object.entries(harmlessForms)) {
    it(`takes ${what} for none`, () => assert.equal(isSecretInClear("title", value), false));
  }

  it("looks at a name beside its value, at arguments, at what stands below a name that says all, and at numbers", () => {
    const paths = (value: unknown): string[] => secretsInClear(value, "", "at");
    assert.deepEqual(
      paths([
        { name: "GITHUB_TOKEN", value: "hunter2" },
        { name: "LOG_LEVEL", value: "info" },
      ]),
      ["at.0.value"],
    );
    assert.deepEqual(paths(["login", "--password", "hunter2", "--user", "me"]), ["at.2"]);
    assert.deepEqual(
      paths({
        token: { value: "hunter2" },
        passwords: { ada: "hunter2" },
        secrets: { provider: "vault", names: ["a"] },
      }),
      ["at.token.value", "at.passwords.ada"],
    );
    assert.deepEqual(paths({ password: 12345678, pin: 4711, port: 5432, maxTokens: 4096 }), ["at.password", "at.pin"]);
    assert.deepEqual(paths({ token: { $env: "X" }, password: { $file: "x.txt" } }), []);
  });

  it("takes no longer for a long text than a person waits", () => {
    const began = performance.now();
    for (const text of [
      "a=".repeat(50_000),
      "/".repeat(100_000),
      "a:".repeat(50_000),
      `http://${"a".repeat(100_000)}`,
      "--a ".repeat(25_000),
      "\n".repeat(100_000),
    ])
      isSecretInClear("token", text);
    assert.ok(performance.now() - began < 2000, `${(performance.now() - began).toFixed(0)} ms`);
  });
});
