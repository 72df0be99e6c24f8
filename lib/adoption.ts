/** What taking over a realm or a client that was made by hand changes, without Pulumi: a line for each setting. */

/** As the Admin API tells a realm or a client. */
export type Representation = Readonly<Record<string, unknown>>;

/** A realm or client of Keycloak that the program takes over. */
export interface Adopted {
  /** What Pulumi's option `import` takes. */
  readonly importId: string;
  readonly found: Representation;
}

/** What the program takes over in this run; what it owns already is not in here. */
export interface Adoption {
  readonly realm?: Adopted | undefined;
  readonly clients?: Readonly<Record<string, Adopted>> | undefined;
}

/** The client attribute that tells a client of this program from one that was made by hand. */
export const managedBy = { "managed-by": "backstage-keycloak" } as const;

/** Where Keycloak keeps what an input of the provider sets, where the name is another; attributes are text. */
const places: Readonly<Record<string, readonly [string, string?]>> = {
  validRedirectUris: ["redirectUris"],
  pkceCodeChallengeMethod: ["attributes", "pkce.code.challenge.method"],
  validPostLogoutRedirectUris: ["attributes", "post.logout.redirect.uris"],
  oauth2DeviceAuthorizationGrantEnabled: ["attributes", "oauth2.device.authorization.grant.enabled"],
  standardTokenExchangeEnabled: ["attributes", "standard.token.exchange.enabled"],
  userManagedAccess: ["userManagedAccessAllowed"],
};

/** The inputs that decide who may get a token, and how: of a client and of a realm. */
const security = [
  ...["enabled", "publicClient", "clientAuthenticatorType", "standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled"],
  ...["serviceAccountsEnabled", "oauth2DeviceAuthorizationGrantEnabled", "standardTokenExchangeEnabled", "pkceCodeChallengeMethod"],
  ...["validRedirectUris", "validPostLogoutRedirectUris", "webOrigins", "fullScopeAllowed", "consentRequired"],
  ...["sslRequired", "registrationAllowed", "registrationEmailAsUsername", "editUsernameAllowed", "userManagedAccess", "rememberMe"],
  ...["resetPasswordAllowed", "verifyEmail", "loginWithEmailAllowed", "duplicateEmailsAllowed", "passwordPolicy", "bruteForceProtected"],
];

function foundAt(found: Representation, input: string): unknown {
  const [key, attribute] = places[input] ?? [input];
  const value = found[key];
  return attribute === undefined ? value : (value as Representation | undefined)?.[attribute];
}

/** Lists in one order; what Keycloak does not hold is false, empty or none. */
function shown(value: unknown, like: unknown): string {
  if (Array.isArray(like)) {
    const list = Array.isArray(value) ? (value as string[]) : typeof value === "string" && value !== "" ? value.split("##") : [];
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
