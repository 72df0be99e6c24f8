import { z } from "zod";
import { defaultScopes, knownScopes, optionalScopes, redirectUriFault, webOriginFault } from "../clients";
import { clientContractKeys, contractValues } from "../contract";
import { publicUrlFault } from "../urls";
import { duration, flag, name, text, url, whole } from "./common";
import { twice } from "./people";

/** The settings of the applications that sign people in at the realm, beside Backstage. */

/** A client id may be a URL, as a SAML entity id usually is. */
const anyClientId = z
  .string()
  .regex(/^[A-Za-z0-9._:/-]{1,255}$/, "must be 1 to 255 of A-Z, a-z, 0-9, '.', '_', '-', ':' and '/'")
  .meta({ title: "1 to 255 of `A-Za-z0-9._:/-`" });

const key = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,253}$/, "must be 1 to 253 of A-Z, a-z, 0-9, '.', '_' and '-'")
  .meta({ title: "key of a Secret" });

const keysShape = Object.fromEntries(
  contractValues.map((value) => [value, key.default(clientContractKeys[value]).describe(`The key that holds the ${value}.`)]),
) as Record<(typeof contractValues)[number], z.ZodDefault<typeof key>>;

const Secret = z.strictObject({
  namespace: name.meta({ description: "The namespace of the contract Secret.", example: "argo" }),
  name: name.meta({ description: "The name of the contract Secret.", example: "argo-workflows-oidc" }),
  createNamespace: flag.default(false).describe("Make the namespace too, unless it is there already; a destroyed stack takes one that it made along with all that is in it (`namespaces.protect`)."),
  generation: whole(1, 2 ** 31).default(1).describe("A higher number makes a new client secret."),
  keys: z.strictObject(keysShape).prefault({}).describe("The Secret's keys."),
});

const Mapper = z.strictObject({
  type: z.enum(["audience"]).default("audience").describe("What the mapper adds to the access token."),
  name: text.meta({ description: "The mapper's name, once per client.", example: "mlflow-audience" }),
  audience: text.meta({ description: "What is added to the claim `aud`.", example: "mlflow" }),
});

const Lifetimes = z.strictObject({
  accessToken: duration.optional().describe("How long an access token of this client is valid; the realm's when unset."),
  sessionIdle: duration.optional().describe("A session of this client without a request ends after this; the realm's when unset."),
  sessionMax: duration.optional().describe("Every session of this client ends after this; the realm's when unset."),
});

const Saml = z.strictObject({
  assertionConsumerUrl: url.meta({ description: "Where Keycloak posts the assertion.", example: "https://grafana.example.com/saml/acs" }),
  logoutUrl: url.optional().describe("Where Keycloak posts a logout."),
  signingCertificate: text.optional().describe("The application's certificate, as PEM; with it Keycloak accepts signed requests only."),
  nameIdFormat: z.enum(["username", "email", "transient", "persistent"]).default("username").describe("How the assertion names the user."),
});

const Client = z.strictObject({
  clientId: anyClientId.meta({ description: "The client id, as the application sends it.", example: "argo-workflows" }),
  kind: z
    .enum(["confidential", "public", "saml"])
    .default("confidential")
    .describe("An application with a secret; one without, by PKCE; or one that speaks SAML."),
  adopt: flag.default(false).describe("Take over the client of this id that exists in the realm; a confidential one gets a new secret."),
  description: text.optional().describe("What the application is, for people."),
  rootUrl: url.meta({ description: "The application's public URL.", example: "https://argo.example.com" }),
  redirectUris: z.array(text).min(1, "must name at least one redirect URI").meta({
    description: "Where Keycloak may send the browser after a sign-in, compared character by character.",
    example: ["https://argo.example.com/oauth2/callback"],
  }),
  postLogoutRedirectUris: z.array(text).default([]).describe("Where Keycloak may send the browser after a sign-out; only `rootUrl` when empty."),
  webOrigins: z.array(text).default([]).describe("The origins whose pages may call Keycloak; a public client usually needs its own."),
  defaultScopes: z.array(text).default(defaultScopes).describe("The scopes of every token."),
  optionalScopes: z.array(text).default(optionalScopes).describe("The scopes that the application may ask for."),
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
  if (kind === "confidential" && secret === undefined) faults.push(`${at}.secret is missing; say where the client's contract Secret goes.`);
  if (kind !== "confidential" && secret !== undefined) faults.push(`${at}.secret is for confidential clients; remove it.`);
  if (kind === "saml" && saml === undefined) faults.push(`${at}.saml is missing; a SAML client needs at least saml.assertionConsumerUrl.`);
  if (kind !== "saml" && saml !== undefined) faults.push(`${at}.saml is for SAML clients; remove it, or set kind to saml.`);
  if (kind === "saml" && adopt) faults.push(`${at}.adopt is for OIDC clients; remove it, and the client in Keycloak.`);
  return faults;
}

function scopeFaults({ kind, defaultScopes: byDefault, optionalScopes: optional }: Client, at: string): string[] {
  if (kind === "saml") return [];
  const unknown = (names: readonly string[], key: string): string[] =>
    names.flatMap((scope, index) =>
      knownScopes.includes(scope) ? [] : [`${at}.${key}.${index} is ${scope}, which is no scope of the realm; write one of ${knownScopes.join(", ")}.`],
    );
  return [
    ...unknown(byDefault, "defaultScopes"),
    ...unknown(optional, "optionalScopes"),
    ...twice([...byDefault, ...optional], (index) =>
      index < byDefault.length ? `${at}.defaultScopes.${index}` : `${at}.optionalScopes.${index - byDefault.length}`,
    ),
  ];
}

function urlFaults(client: Client, at: string, isDev: boolean): string[] {
  const list = (values: readonly string[], key: string, faultOf: (value: string, allowHttp: boolean) => string | undefined): string[] =>
    values.flatMap((value, index) => {
      const fault = faultOf(value, isDev);
      return fault === undefined ? [] : [`${at}.${key}.${index} ${fault}.`];
    });
  const single = { rootUrl: client.rootUrl, "saml.assertionConsumerUrl": client.saml?.assertionConsumerUrl, "saml.logoutUrl": client.saml?.logoutUrl };
  return [
    ...Object.entries(single).flatMap(([key, value]) => {
      const fault = value === undefined ? undefined : publicUrlFault(value, isDev);
      return fault === undefined ? [] : [`${at}.${key} ${fault}.`];
    }),
    ...list(client.redirectUris, "redirectUris", redirectUriFault),
    ...list(client.postLogoutRedirectUris, "postLogoutRedirectUris", redirectUriFault),
    ...list(client.webOrigins, "webOrigins", webOriginFault),
  ];
}

/** Rules of clients that need more than one key; lib/claims.ts knows what else the program makes. */
export function clientFaults(clients: readonly Client[], isDev: boolean): string[] {
  const ids = clients.map(({ clientId }) => clientId);
  return clients.flatMap((client, index) => {
    const at = `clients.${index}`;
    const faults: string[] = [];
    if (ids.indexOf(client.clientId) < index) faults.push(`${at}.clientId is there twice; remove one of them.`);
    const keys = Object.entries(client.secret?.keys ?? {});
    const names = keys.map(([, name]) => name);
    faults.push(...twice(names, (position) => `${at}.secret.keys.${keys[position]?.[0] ?? ""}`));
    faults.push(...twice(client.mappers.map((mapper) => mapper.name), (position) => `${at}.mappers.${position}.name`));
    return [...faults, ...kindFaults(client, at), ...scopeFaults(client, at), ...urlFaults(client, at, isDev)];
  });
}
