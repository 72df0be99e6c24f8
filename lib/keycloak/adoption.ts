/** Taking over what was made by hand, without Pulumi: what can be, by which import id, and what that changes. */

/** As the Admin API tells an object. */
export type Representation = Readonly<Record<string, unknown>>;

/** An object of Keycloak that the program takes over. */
export interface Adopted {
  /** What Pulumi's option `import` takes. */
  readonly importId: string;
  readonly found: Representation;
  /** Of a realm: what in it the program has made itself. */
  readonly made?: string;
}

/** What the program takes over in this run, by `keyOf`; what it owns already is not in here. */
export type Adoption = Readonly<Record<string, Adopted>>;

const q = encodeURIComponent;

/**
 * What can be adopted: where the Admin API looks for an object by its name, the field that must equal it, and what else
 * of it the program sets. All of these the provider imports as `realm/id`.
 */
export const kinds = {
  "client scope": { path: () => "/client-scopes", name: "name", lists: {} },
  role: { path: (name: string) => `/roles/${q(name)}`, name: "name", lists: {} },
  // By its path the Admin API tells one group, by its name those that have it, with the groups around them.
  group: {
    path: (name: string) =>
      name.includes("/")
        ? `/group-by-path/${name.split("/").map(q).join("/")}`
        : `/groups?exact=true&search=${q(name)}`,
    name: "name",
    lists: { roles: "/role-mappings/realm" },
  },
  user: {
    path: (name: string) => `/users?exact=true&username=${q(name)}`,
    name: "username",
    lists: { groups: "/groups" },
  },
  client: { path: (name: string) => `/clients?clientId=${q(name)}`, name: "clientId", lists: {} },
} as const;

export type Kind = keyof typeof kinds;

export const keyOf = (kind: Kind | "realm", name: string): string => `${kind} ${name}`;
export const mapperKey = (owner: string, name: string): string => `mapper ${name} of ${owner}`;

/** The mappers of an adopted client or client scope that bear these names. @param owner its key */
export function adoptedMappers(owner: string, { importId, found }: Adopted, names: readonly string[]): Adoption {
  const [realm, id] = importId.split("/");
  const at = owner.startsWith("client scope") ? "client-scope" : "client";
  const mappers = (found.protocolMappers ?? []) as (Representation & { name: string; id: string })[];
  const wanted = mappers.filter(({ name }) => names.includes(name));
  return Object.fromEntries(
    wanted.map((mapper) => [
      mapperKey(owner, mapper.name),
      { importId: `${realm}/${at}/${id}/${mapper.id}`, found: mapper },
    ]),
  );
}

/** The client attribute that tells a client of this program from one that was made by hand. */
export const managedBy = { "managed-by": "backstage-keycloak" } as const;

/** Does a client bear that attribute? */
export const isManaged = ({ attributes }: Representation): boolean =>
  (attributes as Representation | undefined)?.["managed-by"] === managedBy["managed-by"];

/**
 * The realm attribute that tells what the program has made in it. Pulumi would replace by the import what it has
 * already, and delete it in the end; users and mappers have no room for a mark of their own.
 */
const MADE = "made-by-backstage-keycloak";
const everything = "*";

/** A realm's attributes; without adoption all that the settings name is the program's. */
export const realmAttributes = (adopted: Adopted | undefined): Record<string, string> => ({
  [MADE]: adopted?.made ?? everything,
});

/** Has the program made the object, as far as the realm can tell? */
export function madeHere(realm: Representation, key: string): boolean {
  const made = ((realm.attributes ?? {}) as Readonly<Record<string, string>>)[MADE] ?? "";
  return made === everything || made.split(",").includes(key);
}

/** Where Keycloak keeps what an input of the provider sets, where the name is another; attributes are text. */
const places: Readonly<Record<string, readonly [string, string?]>> = {
  validRedirectUris: ["redirectUris"],
  pkceCodeChallengeMethod: ["attributes", "pkce.code.challenge.method"],
  validPostLogoutRedirectUris: ["attributes", "post.logout.redirect.uris"],
  oauth2DeviceAuthorizationGrantEnabled: ["attributes", "oauth2.device.authorization.grant.enabled"],
  standardTokenExchangeEnabled: ["attributes", "standard.token.exchange.enabled"],
  userManagedAccess: ["userManagedAccessAllowed"],
  includeInTokenScope: ["attributes", "include.in.token.scope"],
  claimName: ["config", "claim.name"],
  fullPath: ["config", "full.path"],
  includedCustomAudience: ["config", "included.custom.audience"],
  addToIdToken: ["config", "id.token.claim"],
  addToAccessToken: ["config", "access.token.claim"],
  addToUserinfo: ["config", "userinfo.token.claim"],
};

/**
 * The inputs that decide who may get a token, how, and what is in it: of a client, a realm, a user, a group, a mapper.
 */
const security = [
  "enabled",
  "publicClient",
  "clientAuthenticatorType",
  "standardFlowEnabled",
  "implicitFlowEnabled",
  "directAccessGrantsEnabled",
  "serviceAccountsEnabled",
  "oauth2DeviceAuthorizationGrantEnabled",
  "standardTokenExchangeEnabled",
  "pkceCodeChallengeMethod",
  "validRedirectUris",
  "validPostLogoutRedirectUris",
  "webOrigins",
  "fullScopeAllowed",
  "consentRequired",
  "sslRequired",
  "registrationAllowed",
  "registrationEmailAsUsername",
  "editUsernameAllowed",
  "userManagedAccess",
  "rememberMe",
  "resetPasswordAllowed",
  "verifyEmail",
  "loginWithEmailAllowed",
  "duplicateEmailsAllowed",
  "passwordPolicy",
  "bruteForceProtected",
  "email",
  "emailVerified",
  "groups",
  "roles",
  "includeInTokenScope",
  "claimName",
  "fullPath",
  "includedCustomAudience",
  "addToIdToken",
  "addToAccessToken",
  "addToUserinfo",
];

function foundAt(found: Representation, input: string): unknown {
  const [key, attribute] = places[input] ?? [input];
  const value = found[key];
  return attribute === undefined ? value : (value as Representation | undefined)?.[attribute];
}

/** Lists in one order; what Keycloak does not hold is false, empty or none. */
function shown(value: unknown, like: unknown): string {
  if (Array.isArray(like)) {
    const list = Array.isArray(value)
      ? (value as string[])
      : typeof value === "string" && value !== ""
        ? value.split("##")
        : [];
    return JSON.stringify([...list].sort());
  }
  return JSON.stringify(value ?? (typeof like === "boolean" ? false : "")).replace(/^"(true|false)"$/, "$1");
}

/** Each setting of security that adoption changes, its value now and then; never a secret. */
export function adoptionChanges(found: Representation, wanted: Representation): string[] {
  return security.flatMap((input) => {
    const then = wanted[input];
    if (then === undefined) return [];
    const [before, after] = [shown(foundAt(found, input), then), shown(then, then)];
    return before === after ? [] : [`${input} is ${before} and becomes ${after}`];
  });
}
