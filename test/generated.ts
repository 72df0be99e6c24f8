import fc from "fast-check";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { Config } from "../lib/settings/schema";

/** Configurations by generation: well-formed ones as the schema says it, and what people and tools make of them. */

type Json = z.core.JSONSchema.JSONSchema;
export type Values = Record<string, unknown>;

const schema = z.toJSONSchema(Config, { io: "input", unrepresentable: "any" }) as Json;
const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Names that every object has already, in JavaScript; and names that the program gives to objects of its own. */
const PROTOTYPE = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];
const TAKEN = [
  "a",
  "b",
  "dev",
  "backstage",
  "backstage-database",
  "backstage-env-vars",
  "keycloak",
  "keycloak-clients",
  "a.b",
  "a-b",
  "a/b",
  "A",
  ...PROTOTYPE,
];

const chosen = (...values: unknown[]): fc.Arbitrary<string> => fc.constantFrom(...(values as string[]));
const octets = fc.tuple(...[1, 2, 3, 4].map(() => fc.nat(255))).map((parts) => parts.join("."));

const word = fc.stringMatching(/^[a-z][a-z0-9]{2,12}$/);
/** Several words joined by one of these. */
const words = (...between: string[]): fc.Arbitrary<string> =>
  fc.tuple(word, chosen(...between), word).map((parts) => parts.join(""));

/** The kinds that are checked by a function, which no schema can hold, by the title that the schema gives them. */
const kinds: Readonly<Record<string, fc.Arbitrary<string>>> = {
  URL: fc.webUrl({ validSchemes: [...Array<string>(9).fill("https"), "http"] }),
  "duration, such as `30m`": fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.integer({ min: 60, max: 2000 }), chosen("s", "m", "h", "d"))
        .map((parts) => parts.join("")),
    },
    { weight: 1, arbitrary: chosen("0s", "1d12h", "500ms") },
  ),
  "date and time": fc
    .date({ noInvalidDate: true, min: new Date("2000-01-01"), max: new Date("2100-01-01") })
    .map((date) => date.toISOString()),
  "image reference": fc
    .tuple(chosen("a", "example.com/a/b", "localhost:5000/x"), chosen(":1", ":1.2-rc", `@sha256:${"0a".repeat(32)}`))
    .map((parts) => parts.join("")),
  "IP address": fc.oneof(
    octets,
    fc.ipV6().map((ip) => (ip.includes(".") ? "fd00::1" : ip)),
  ),
  host: fc.oneof(fc.domain(), octets),
  text: fc.oneof(fc.string({ minLength: 1, maxLength: 300, unit: "grapheme" }), word, chosen(...TAKEN)),
  "realm name": fc.oneof(
    word,
    words(" ", ".", "'"),
    fc.integer({ min: 37, max: 255 }).map((length) => "r".repeat(length)),
  ),
  "role name": fc.oneof(word, words(" ", ":", "_"), chosen(...TAKEN, "offline_access")),
  "group name or path": fc.oneof(
    word,
    words(" ", "/", " & "),
    word.map((name) => `/${name}/a`),
    chosen(...TAKEN),
  ),
  "user name": fc.oneof(word, words("@", ".", "+"), chosen("ada@example.com", ...TAKEN)),
  "client scope": fc.oneof(word, chosen("profile", "email", "tenant:read")),
  "redirect URI": fc.oneof(
    fc.domain().map((host) => `https://${host}/cb`),
    chosen("com.example.app:/cb", "http://localhost:8085/cb", "+", "https://a.example.com/?acs"),
  ),
  origin: fc.oneof(
    fc.domain().map((host) => `https://${host}`),
    chosen("+", "HTTPS://A.example.com:443"),
  ),
  certificate: fc.constant(readFileSync(path.join(__dirname, "unit", "saml.pem"), "utf8")),
  "absolute path": fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`),
  quantity: fc
    .tuple(fc.integer({ min: 1, max: 2000 }), chosen("", "m", "k", "Mi", "Gi", "G"))
    .map((parts) => parts.join("")),
  "API group": fc.oneof(fc.domain(), chosen("", "apps")),
  "URL of a repository": fc.oneof(
    fc.webUrl({ validSchemes: ["https", "ssh"] }),
    chosen("git@git.example.com:platform/deploy.git"),
  ),
  "event type": chosen("LOGIN", "LOGIN_ERROR"),
  CIDR: fc.oneof(
    fc.tuple(octets, fc.nat(32)).map((parts) => parts.join("/")),
    fc.nat(255).map((octet) => `10.${octet}.0.0/16`),
    chosen("fd00::/8", "10.0.0.1/32"),
  ),
};

const maybe = (value: fc.Arbitrary<unknown>, times: number): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

function text({ pattern, title, minLength }: Json): fc.Arbitrary<string> {
  const kind = kinds[title ?? ""];
  if (kind !== undefined) return kind;
  if (pattern === undefined)
    return fc.oneof(fc.string({ minLength: minLength ?? 0, unit: "grapheme" }), chosen(...TAKEN));
  const whole = new RegExp(pattern);
  // fast-check writes no look-ahead, so what those forbid is thrown away.
  const written = fc
    .stringMatching(new RegExp(pattern.replace(/\(\?[=!][^)]*\)/g, "")), { maxLength: 80 })
    .filter((name) => whole.test(name));
  const taken = TAKEN.filter((name) => whole.test(name));
  return taken.length === 0 ? written : fc.oneof(written, chosen(...taken));
}

/**
 * An object with these keys. One that need not be there mostly is not, or no two rules over several keys would be met
 * at once; below a section that is looked at closely, mostly it is.
 */
function object(
  { properties = {}, required = [], additionalProperties }: Json,
  closely: boolean,
): fc.Arbitrary<unknown> {
  if (Object.keys(properties).length === 0 && isObject(additionalProperties))
    return fc.dictionary(text({ pattern: "^[a-z]{1,9}$" }), wellFormed(additionalProperties, closely), { maxKeys: 3 });
  const entries = Object.entries(properties).map(([key, inner]) => {
    const own = wellFormed(inner as Json, closely);
    const absent = closely ? 1 : (inner as Json).properties === undefined ? 14 : 3;
    return (required.includes(key) ? own : maybe(own, absent)).map((value) => [key, value] as const);
  });
  return fc.tuple(...entries).map((all) => Object.fromEntries(all.filter(([, value]) => value !== undefined)));
}

/** What the schema takes, one key at a time; rules over several keys may refuse it all the same. */
function wellFormed(of: Json, closely = false): fc.Arbitrary<unknown> {
  if (of.const !== undefined) return fc.constant(of.const);
  if (of.enum !== undefined) return fc.constantFrom(...of.enum);
  if (of.oneOf !== undefined) return fc.oneof(...of.oneOf.map((one) => wellFormed(one, closely)));
  if (of.type === "object") return object(of, closely);
  if (of.type === "array")
    return fc.array(wellFormed(of.items as Json, closely), { minLength: of.minItems ?? 0, maxLength: 3 });
  if (of.type === "string") return text(of);
  if (of.type === "boolean") return fc.boolean();
  if (of.type === "integer") return fc.integer({ min: of.minimum ?? 0, max: of.maximum ?? 100 });
  return fc.jsonValue({ maxDepth: 3 });
}

const leaves = (of: Json): number =>
  [
    ...Object.values(of.properties ?? {}),
    ...(of.oneOf ?? []),
    ...(of.items === undefined ? [] : [of.items]),
  ].reduce<number>((sum, one) => sum + leaves(one as Json), 0) || 1;

/** The parts of the configuration that are looked at closely, one in each case, by how much is in them. */
const sections = Object.entries(schema.properties ?? {}).flatMap(([top, of]) => {
  const inner = top === "backstage" ? Object.entries((of as Json).properties ?? {}) : [];
  return inner.length === 0
    ? [{ path: [top], of: of as Json }]
    : inner.map(([key, one]) => ({ path: [top, key], of: one as Json }));
});
const section = fc.oneof(
  ...sections.map(({ path, of }) => ({
    weight: leaves(of),
    arbitrary: wellFormed(of, true).map((value) => ({ path, value })),
  })),
);

const sparse = wellFormed(schema) as fc.Arbitrary<Values>;
/** A configuration with so many of its parts looked at closely. */
const looked = (closely: number): fc.Arbitrary<Values> =>
  fc.tuple(sparse, fc.array(section, { minLength: closely, maxLength: closely })).map(([config, parts]) =>
    parts.reduce<Values>(
      (all, { path: [top = "", key], value }) => ({
        ...all,
        [top]: key === undefined ? value : { ...(all[top] as Values), [key]: value },
      }),
      config,
    ),
  );
const base = looked(1);

const asList = (value: unknown): Values[] => (Array.isArray(value) ? (value as Values[]) : []);

/** Keeps one of several keys, the one that the rest of the object chooses; sets it where there is none. */
function onlyOne(holder: Values, keys: readonly string[], otherwise: readonly [string, unknown]): void {
  const [kept, ...others] = keys.filter((key) => holder[key] !== undefined);
  for (const key of others) Reflect.deleteProperty(holder, key);
  if (kept === undefined) holder[otherwise[0]] = otherwise[1];
}

/**
 * Mends what only rules over several keys refuse, so that most of what is left is a configuration that somebody could
 * mean.
 */
function mended(config: Values): Values {
  const values = JSON.parse(JSON.stringify(config)) as {
    environment: string;
    backstage: Values;
    clients?: Values[];
    gitops?: Values;
    mode?: string;
    rotation?: Values;
    realm: Values;
  };
  const { backstage } = values;
  const of = (holder: Values | undefined, key: string): Values => (isObject(holder?.[key]) ? holder[key] : {});
  backstage.resolvers = [{ resolver: "emailLocalPartMatchingUserEntityName" }];
  backstage.command = ["node", ...asList(backstage.command)];
  delete backstage.additionalScopes;
  delete backstage.appConfig;
  delete backstage.gateSeconds;
  delete backstage.rolloutSeconds;
  delete values.rotation;
  // Whether an address is one of the cluster's Services only the cluster knows.
  delete of(backstage, "database").clusterIP;
  for (const env of asList(backstage.extraEnv)) onlyOne(env, ["value", "secret", "configMap"], ["value", "1"]);
  for (const volume of asList(backstage.extraVolumes)) {
    onlyOne(volume, ["claim", "emptyDir", "secret", "configMap"], ["emptyDir", "1Gi"]);
    if (volume.claim === undefined && volume.emptyDir === undefined) delete volume.writable;
  }
  if (isObject(backstage.caBundle)) onlyOne(backstage.caBundle, ["secret", "configMap"], ["configMap", "ca"]);
  for (const toleration of asList(backstage.tolerations)) {
    if (toleration.key === undefined) toleration.operator = "Exists";
    if (toleration.operator === "Exists") delete toleration.value;
  }
  const account = of(backstage, "serviceAccount");
  if (asList(account.rules).length > 0) account.automountToken = true;
  if (of(backstage, "exposure").kind !== "service" && isObject(backstage.exposure)) delete backstage.nodePort;
  for (const [index, client] of asList(values.clients).entries()) {
    if (client.kind === "saml")
      for (const key of ["secret", "adopt", "postLogoutRedirectUris", "webOrigins", "mappers"])
        Reflect.deleteProperty(client, key);
    else delete client.saml;
    if (client.kind === "public") delete client.secret;
    else if (client.kind !== "saml") client.secret ??= { namespace: "apps", name: `oidc-${index}` };
    if (client.kind === "saml") client.saml ??= { assertionConsumerUrl: "https://a.example.com/acs" };
    const usual = (uris: unknown): unknown => (Array.isArray(uris) ? uris.filter((uri) => uri !== "+") : uris);
    client.redirectUris = ["https://a.example.com/cb", ...(usual(client.redirectUris) as string[])];
    for (const key of ["defaultScopes", "optionalScopes", "lifetimes"]) Reflect.deleteProperty(client, key);
  }
  // Lifetimes contradict each other more often than not, and no Kubernetes object has them.
  delete values.realm.lifetimes;
  delete values.realm.bruteForce;
  if (isObject(values.gitops)) onlyOne(values.gitops, ["secretStore", "clusterSecretStore"], ["secretStore", {}]);
  else if (values.mode !== undefined) values.gitops = { secretStore: {} };
  return values;
}

/** Configurations without a mutation, of which most are accepted. */
export const plausible: fc.Arbitrary<Values> = looked(3).map(mended);

/** `[[[...]]]` or `{"a":{"a":...}}`, so deep. */
const nested = (depth: number, [open, close]: readonly [string, string]): unknown =>
  JSON.parse(`${open.repeat(depth)}0${close.repeat(depth)}`);

/**
 * Values that no setting means: of every other type, empty, huge, deep, in other alphabets, and in the names of
 * objects' own parts.
 */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  chosen(
    null,
    true,
    "true",
    0,
    -1,
    1.5,
    1e308,
    "5",
    "",
    " ",
    [],
    {},
    [null],
    [[]],
    "null",
    "~",
    "\n",
    "a\nb: c",
    "\0",
    "${x}",
    "\u202E",
    "İ",
    "Ａ",
    "\uD800",
    "👩‍👩‍👧",
  ),
  chosen(...PROTOTYPE),
  fc.integer({ min: 1, max: 20_000 }).map((length) => "a".repeat(length)),
  fc
    .tuple(fc.integer({ min: 1, max: 3000 }), fc.constantFrom(["[", "]"] as const, ['{"a":', "}"] as const))
    .map(([depth, pair]) => nested(depth, pair)),
  fc.constantFrom(...PROTOTYPE).map((key): unknown => JSON.parse(`{"${key}": {"environment": "dev"}}`)),
  fc.jsonValue({ maxDepth: 3, noUnicodeString: false }),
);

const keys = fc.oneof(
  chosen(...PROTOTYPE, "Realm", "url", "", " ", "a.b", "a\nb", "ключ", "k".repeat(1000)),
  fc.string(),
);

interface Mutation {
  readonly how: "replace" | "remove" | "add" | "rename" | "quote" | "wrap";
  /** Which of all places; counted around. */
  readonly at: number;
  readonly key: string;
  readonly value: unknown;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  how: fc.constantFrom("replace", "remove", "add", "rename", "quote", "wrap"),
  at: fc.nat(),
  key: keys,
  value: odd,
});

/** Every object with each of its keys, as deep as the schema goes. */
function places(value: unknown, depth = 8): [holder: Values, key: string][] {
  if (typeof value !== "object" || value === null || depth === 0) return [];
  return Object.keys(value).flatMap((key): [Values, string][] => [
    [value as Values, key],
    ...places((value as Values)[key], depth - 1),
  ]);
}

const set = (holder: Values, key: string, value: unknown): void =>
  void Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });

function mutate(config: Values, { how, at, key, value }: Mutation): void {
  const all = places(config);
  const [holder, name] = all[at % Math.max(1, all.length)] ?? [config, key];
  const was = holder[name];
  const inner = isObject(was) ? was : config;
  if (how === "add") {
    set(inner, key, value);
    return;
  }
  if (how === "wrap") {
    set(holder, name, [was]);
    return;
  }
  if (how === "quote") {
    set(holder, name, typeof was === "string" ? Number(was) || was.toUpperCase() : JSON.stringify(was));
    return;
  }
  if (how === "replace") {
    set(holder, name, value);
    return;
  }
  Reflect.deleteProperty(holder, name);
  if (how === "rename") set(holder, name.toUpperCase(), was);
}

export interface Case {
  /** Values by their key. */
  readonly values: Values;
  /** What a failure shows, as a value may be too deep or too long to. */
  readonly [fc.toStringMethod]: () => string;
}

function shown(values: Values): string {
  try {
    return JSON.stringify(values).slice(0, 4000);
  } catch {
    return Object.keys(values).join(" ");
  }
}

/** What stands where people put secrets, and in no message. */
export const CANARY = "c4nary-0f-a-s3cret";

/** The configuration with that in every place of it that may hold a secret. */
const withCanaries = (config: Values): Values => ({
  ...config,
  kubeconfig: `apiVersion: v1\nusers: [{name: a, user: {token: ${CANARY}}}]\n`,
  backstage: {
    ...(config.backstage as Values),
    extraEnv: [
      { name: "A", value: CANARY },
      { name: "A_TOKEN", value: `${CANARY}\0` },
    ],
    appConfig: { integrations: { github: [{ token: CANARY }] }, techdocs: { url: `https://me:${CANARY}@example.com` } },
  },
  gitops: {
    ...(config.gitops as Values | undefined),
    argocd: { repoUrl: `https://me:${CANARY}@git.example.com/a.git` },
  },
});

/** A configuration that is plausible, or has up to three mutations, with secrets in it or without. */
export const configurations: fc.Arbitrary<Case> = fc
  .oneof(
    { weight: 1, arbitrary: fc.tuple(plausible, fc.constant<Mutation[]>([])) },
    { weight: 2, arbitrary: fc.tuple(base, fc.array(mutation, { minLength: 1, maxLength: 3 })) },
    { weight: 1, arbitrary: fc.tuple(plausible.map(withCanaries), fc.array(mutation, { minLength: 1, maxLength: 3 })) },
  )
  .map(([config, mutations]) => {
    const values = JSON.parse(JSON.stringify(config)) as Values;
    for (const one of mutations) mutate(values, one);
    return { values, [fc.toStringMethod]: () => shown(values) };
  });

/** A setting that holds a value of its own. */
export interface Leaf {
  /** The way to it; `*` stands for every one of a list. */
  readonly path: readonly string[];
  /** Of which kind the objects on that way must be, by how many keys lead to them. */
  readonly kinds: ReadonlyMap<number, unknown>;
  readonly byDefault: unknown;
  readonly values: fc.Arbitrary<unknown>;
}

/** Every setting that holds a value of its own. What chooses a kind is none: it decides which others there are. */
export function leafSettings(
  of: Json = schema,
  path: readonly string[] = [],
  kinds: Leaf["kinds"] = new Map(),
): Leaf[] {
  if (of.oneOf !== undefined)
    return of.oneOf.flatMap((one) => {
      const kind = (one.properties?.kind as Json | undefined)?.const;
      return leafSettings(one, path, new Map(kinds).set(path.length, kind));
    });
  if (of.properties !== undefined)
    return Object.entries(of.properties).flatMap(([key, inner]) => leafSettings(inner as Json, [...path, key], kinds));
  const items = of.items as Json | undefined;
  if (items?.properties !== undefined && items.additionalProperties === false)
    return leafSettings(items, [...path, "*"], kinds);
  return of.const === undefined ? [{ path, kinds, byDefault: of.default, values: wellFormed(of) }] : [];
}

/** Is there a setting at this path? Below a map, or where anything may stand, every path is one. */
export function isSetting(path: string): boolean {
  let at: Json[] = [schema];
  for (const part of path.split(".")) {
    at = at.flatMap<Json>((one) => one.oneOf ?? [one]);
    if (at.some(({ type, additionalProperties }) => type === undefined || isObject(additionalProperties))) return true;
    at = at.flatMap(({ properties, items, type }) =>
      type === "array"
        ? /^\d+$/.test(part)
          ? [items as Json]
          : []
        : [properties && Object.hasOwn(properties, part) ? (properties[part] as Json) : []].flat(),
    );
    if (at.length === 0) return false;
  }
  return true;
}
