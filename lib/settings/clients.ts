import { X509Certificate } from "node:crypto";
import { z } from "zod";
import {
  canonicalOrigin,
  defaultScopes,
  optionalScopes,
  postLogoutUriFault,
  redirectUriFault,
  scopeFault,
  webOriginFault,
  webUriFault,
} from "../keycloak/clients";
import { clientContractKeys, contractValues } from "../pod/contract";
import { publicUrlFault } from "../keycloak/urls";
import { description, durationFrom, flag, judged, name, text, url, whole } from "./common";
import { key, objectName } from "./kubernetes";
import { twice } from "./people";
import type { longestSessions } from "./realm";

/** The settings of the applications that sign people in at the realm, beside Backstage. */

/** A client id may be a URL, as a SAML entity id usually is. */
const anyClientId = z
  .string()
  .regex(
    /^[A-Za-z0-9._~:/?&=%+@-]{1,255}$/,
    "must be 1 to 255 of A-Z, a-z, 0-9 and '.', '_', '~', '-', ':', '/', '?', '&', '=', '%', '+' and '@'",
  )
  .meta({ title: "1 to 255 of `A-Za-z0-9._~:/?&=%+@-`" });

const scope = judged(z.string(), scopeFault).meta({ title: "client scope" });

/** Where a browser is sent; unlike a base URL it is used as it is written. */
const endpoint = text.meta({ title: "redirect URI" });

function isCertificate(value: string): boolean {
  try {
    return new X509Certificate(value).raw.length > 0;
  } catch {
    return false;
  }
}

const certificate = z
  .string()
  .refine(isCertificate, "must be a certificate, as PEM from -----BEGIN CERTIFICATE----- on")
  .meta({ title: "certificate" });

const keysShape = Object.fromEntries(
  contractValues.map((value) => [
    value,
    key.default(clientContractKeys[value]).describe(`The key that holds the ${value}.`),
  ]),
) as Record<(typeof contractValues)[number], z.ZodDefault<typeof key>>;

const Secret = z.strictObject({
  namespace: name.meta({ description: "The namespace of the contract Secret.", example: "argo" }),
  name: objectName.meta({ description: "The name of the contract Secret.", example: "argo-workflows-oidc" }),
  createNamespace: flag
    .default(false)
    .describe(
      "Make the namespace too, unless it is there already; a destroyed stack takes one that it made along " +
        "with all that is in it (`namespaces.protect`).",
    ),
  generation: whole(1, 2 ** 31)
    .default(1)
    .describe("A higher number makes a new client secret."),
  keys: z.strictObject(keysShape).prefault({}).describe("The Secret's keys."),
});

const Mapper = z.strictObject({
  type: z.enum(["audience"]).default("audience").describe("What the mapper adds to the access token."),
  name: text.meta({ description: "The mapper's name, once per client.", example: "mlflow-audience" }),
  audience: text.meta({ description: "What is added to the claim `aud`.", example: "mlflow" }),
});

const Lifetimes = z.strictObject({
  accessToken: durationFrom("10s")
    .optional()
    .describe("How long an access token of this client is valid; the realm's when unset."),
  sessionIdle: durationFrom("1m")
    .optional()
    .describe("A session of this client without a request ends after this; the realm's when unset."),
  sessionMax: durationFrom("1m")
    .optional()
    .describe("Every session of this client ends after this; the realm's when unset."),
});

const Saml = z.strictObject({
  assertionConsumerUrl: endpoint.meta({
    description: "Where Keycloak posts the assertion.",
    example: "https://grafana.example.com/saml/acs",
  }),
  logoutUrl: endpoint.optional().describe("Where Keycloak posts a logout."),
  signingCertificate: certificate
    .optional()
    .describe("The application's certificate, as PEM; with it Keycloak accepts signed requests only."),
  nameIdFormat: z
    .enum(["username", "email", "transient", "persistent"])
    .default("username")
    .describe("How the assertion names the user."),
});

const Client = z.strictObject({
  clientId: anyClientId.meta({ description: "The client id, as the application sends it.", example: "argo-workflows" }),
  kind: z
    .enum(["confidential", "public", "saml"])
    .default("confidential")
    .describe("An application with a secret; one without, by PKCE; or one that speaks SAML."),
  adopt: flag
    .default(false)
    .describe("Take over the client of this id that exists in the realm; a confidential one gets a new secret."),
  description: description.optional().describe("What the application is, for people."),
  rootUrl: url.meta({ description: "The application's public URL.", example: "https://argo.example.com" }),
  redirectUris: z
    .array(endpoint)
    .min(1, "must name at least one redirect URI")
    .meta({
      description:
        "Where Keycloak may send the browser after a sign-in, compared character by character; a native " +
        "app's own scheme too, such as `com.example.app:/callback`.",
      example: ["https://argo.example.com/oauth2/callback"],
    }),
  postLogoutRedirectUris: z
    .array(endpoint)
    .default([])
    .describe(
      "Where Keycloak may send the browser after a sign-out; only `rootUrl` when empty; `+`: every redirect URI, `-`: nowhere.",
    ),
  webOrigins: z
    .array(z.string().transform(canonicalOrigin).pipe(text).meta({ title: "origin" }))
    .prefault([])
    .describe(
      "The origins whose pages may call Keycloak; a public client usually needs its own. `+`: those of the redirect URIs.",
    ),
  defaultScopes: z
    .array(scope)
    .default(defaultScopes)
    .describe("The scopes of every token, by name; a scope of the realm's own must be there before the run."),
  optionalScopes: z
    .array(scope)
    .default(optionalScopes)
    .describe("The scopes that the application may ask for, likewise."),
  mappers: z.array(Mapper).default([]).describe("What tokens of this client hold beside its scopes."),
  lifetimes: Lifetimes.prefault({}).describe("How long its tokens and sessions live."),
  secret: Secret.optional().describe("The contract Secret of a confidential client."),
  saml: Saml.optional().describe("What only a SAML client has."),
});

export const clientSettings = {
  clients: z.array(Client).default([]).describe("The applications of the platform that sign people in at the realm."),
};

type Client = z.output<typeof Client>;

/** What a kind of client must have, and must not. */
function kindFaults(client: Client, at: string): string[] {
  const { kind, secret, saml, adopt } = client;
  const faults: string[] = [];
  if (kind === "confidential" && secret === undefined)
    faults.push(`${at}.secret is missing; say where the client's contract Secret goes.`);
  if (kind !== "confidential" && secret !== undefined)
    faults.push(`${at}.secret is for confidential clients; remove it.`);
  if (kind === "saml" && saml === undefined)
    faults.push(`${at}.saml is missing; a SAML client needs at least saml.assertionConsumerUrl.`);
  if (kind !== "saml" && saml !== undefined)
    faults.push(`${at}.saml is for SAML clients; remove it, or set kind to saml.`);
  if (kind === "saml" && adopt) faults.push(`${at}.adopt is for OIDC clients; remove it, and the client in Keycloak.`);
  return faults;
}

/** What only an OIDC client has, and a SAML client would be without in silence. */
function samlFaults({ kind, postLogoutRedirectUris, webOrigins, mappers, lifetimes }: Client, at: string): string[] {
  if (kind !== "saml") return [];
  const set = {
    postLogoutRedirectUris: postLogoutRedirectUris.length,
    webOrigins: webOrigins.length,
    mappers: mappers.length,
    lifetimes: Object.keys(lifetimes).length,
  };
  return Object.entries(set).flatMap(([key, count]) =>
    count === 0 ? [] : [`${at}.${key} is for OIDC clients; remove it.`],
  );
}

function scopeFaults({ kind, defaultScopes: byDefault, optionalScopes: optional }: Client, at: string): string[] {
  if (kind === "saml") return [];
  return twice([...byDefault, ...optional], (index) =>
    index < byDefault.length ? `${at}.defaultScopes.${index}` : `${at}.optionalScopes.${index - byDefault.length}`,
  );
}

/** Keycloak refuses a client whose sessions would outlive the realm's. */
function lifetimeFaults(
  { lifetimes: { sessionIdle = 0, sessionMax = 0 } }: Client,
  at: string,
  { idle, max }: ReturnType<typeof longestSessions>,
): string[] {
  return [
    ...(sessionIdle <= idle
      ? []
      : [`${at}.lifetimes.sessionIdle must be at most realm.lifetimes.ssoSessionIdle; lower it.`]),
    ...(sessionMax <= max
      ? []
      : [`${at}.lifetimes.sessionMax must be at most realm.lifetimes.ssoSessionMax; lower it.`]),
  ];
}

function urlFaults(client: Client, at: string, isDev: boolean): string[] {
  const faultOf = (
    values: Readonly<Record<string, string | undefined>>,
    rule: (value: string, allowHttp: boolean) => string | undefined,
  ): string[] =>
    Object.entries(values).flatMap(([key, value]) => {
      const fault = value === undefined ? undefined : rule(value, isDev);
      return fault === undefined ? [] : [`${at}.${key} ${fault}.`];
    });
  const list = (
    key: "redirectUris" | "postLogoutRedirectUris" | "webOrigins",
    rule: typeof redirectUriFault,
  ): string[] => [
    ...faultOf(Object.fromEntries(client[key].map((value, index) => [`${key}.${index}`, value])), rule),
    ...twice(client[key], (index) => `${at}.${key}.${index}`),
  ];
  const alone =
    client.postLogoutRedirectUris.length > 1
      ? client.postLogoutRedirectUris.find((uri) => uri === "+" || uri === "-")
      : undefined;
  return [
    ...faultOf({ rootUrl: client.rootUrl }, publicUrlFault),
    ...faultOf(
      { "saml.assertionConsumerUrl": client.saml?.assertionConsumerUrl, "saml.logoutUrl": client.saml?.logoutUrl },
      webUriFault,
    ),
    ...list("redirectUris", redirectUriFault),
    ...list("postLogoutRedirectUris", postLogoutUriFault),
    ...(alone === undefined
      ? []
      : [
          `${at}.postLogoutRedirectUris has ${alone} beside others, which Keycloak then does not heed; ` +
            "keep it alone, or write them all out.",
        ]),
    ...list("webOrigins", webOriginFault),
  ];
}

/**
 * Rules of clients that need more than one key; lib/ownership/claims.ts knows what else the program makes.
 * @param sessions how long those of the realm may last
 */
export function clientFaults(
  clients: readonly Client[],
  sessions: ReturnType<typeof longestSessions>,
  isDev: boolean,
): string[] {
  const ids = clients.map(({ clientId }) => clientId);
  return clients.flatMap((client, index) => {
    const at = `clients.${index}`;
    const faults: string[] = [];
    if (ids.indexOf(client.clientId) < index) faults.push(`${at}.clientId is there twice; remove one of them.`);
    const keys = Object.entries(client.secret?.keys ?? {});
    const names = keys.map(([, name]) => name);
    faults.push(...twice(names, (position) => `${at}.secret.keys.${keys[position]?.[0] ?? ""}`));
    faults.push(
      ...twice(
        client.mappers.map((mapper) => mapper.name),
        (position) => `${at}.mappers.${position}.name`,
      ),
    );
    return [
      ...faults,
      ...kindFaults(client, at),
      ...samlFaults(client, at),
      ...scopeFaults(client, at),
      ...lifetimeFaults(client, at, sessions),
      ...urlFaults(client, at, isDev),
    ];
  });
}
