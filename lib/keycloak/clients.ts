/** What a client of the realm may be, without Pulumi: scopes, redirect URIs, origins. */
import { authorityFault, LOOPBACK } from "./urls";

/** The client scope that this program makes. */
export const groupsScope = "groups";
/** The mapper in it. */
export const groupsMapper = "groups";

/** Default scopes of a sign-in client; the binding is authoritative, so all of them are listed. */
export const defaultScopes = ["basic", "acr", "web-origins", "profile", "email", "roles", groupsScope];

export const optionalScopes = ["offline_access"];

/** The scopes that Backstage's client has. */
export const backstageScopes = [...defaultScopes, ...optionalScopes];

/** The realm roles that every realm has; they come with it and are nobody's to make. */
export const builtInRoles = (realm: string): readonly string[] => [
  "offline_access",
  "uma_authorization",
  `default-roles-${realm.toLowerCase()}`,
];

/**
 * Says what is wrong with the name of a client scope, which a request must be able to ask for, or returns undefined.
 */
export function scopeFault(name: string): string | undefined {
  if (name === "openid") return "is openid, which every sign-in asks for and no realm has as a scope; remove it";
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(name)
    ? undefined
    : "must be 1 to 255 characters of ASCII without blanks, quotes and backslashes";
}

/** The scopes for OpenID Connect that every realm has, and ours. */
export const knownScopes = [
  ...defaultScopes,
  ...optionalScopes,
  "address",
  "phone",
  "microprofile-jwt",
  "organization",
  "service_account",
];

/** The clients that every realm has. */
export const builtInClients = [
  "account",
  "account-console",
  "admin-cli",
  "broker",
  "realm-management",
  "security-admin-console",
];

/** Of an app's own, as RFC 8252 wants it: the reverse of a domain, which has a dot. */
const PRIVATE_SCHEME = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:\/\S/i;

/** Keycloak stores a URI in 255 characters. */
const LONGEST_URI = 255;

/**
 * Says what is wrong with a redirect URI, which Keycloak compares character by character, or returns undefined.
 * @param allowHttp plain http is allowed for any host; otherwise only for loopback.
 */
export function redirectUriFault(value: string, allowHttp: boolean): string | undefined {
  if (value.includes("*")) return "has a wildcard; write each redirect URI out";
  if (value.includes("#")) return "has a fragment, which a redirect URI must not have; remove everything from the # on";
  if (/[\s\p{C}]/u.test(value))
    return "has a blank or a control character, so that no request is equal to it; remove it";
  if (/[^\x21-\x7e]|["<>\\^`{|}]|%(?![0-9A-Fa-f]{2})/.test(value))
    return "has a character that no URI has; write it percent-encoded, as the application sends it";
  if (value.length > LONGEST_URI)
    return `is longer than ${LONGEST_URI} characters, which Keycloak cannot store; shorten it`;
  if (PRIVATE_SCHEME.test(value)) return undefined;
  if (!/^https?:\/\/[^/?]/i.test(value) || !URL.canParse(value))
    return "is not an absolute URL; write it as https://host/path, or for a native app as com.example.app:/path";
  const url = new URL(value);
  const fault = authorityFault(url);
  if (fault !== undefined) return fault;
  if (url.protocol === "http:" && !allowHttp && !LOOPBACK.test(url.hostname)) {
    return "is plain http, which is allowed only for loopback or in the dev environment; use https";
  }
  return undefined;
}

/** The same for what a browser posts to, or names as its origin: a native app's own scheme is none of it. */
export function webUriFault(value: string, allowHttp: boolean): string | undefined {
  return (
    redirectUriFault(value, allowHttp) ??
    (/^https?:/i.test(value) ? undefined : "is not an absolute URL; write it as https://host/path")
  );
}

/** What stands for the redirect URIs themselves: after a sign-out, and as origins. */
const REDIRECT_URIS = "+";

/** The same for where a sign-out may lead: also `+`, every redirect URI, and `-`, nowhere. */
export function postLogoutUriFault(value: string, allowHttp: boolean): string | undefined {
  return value === REDIRECT_URIS || value === "-" ? undefined : redirectUriFault(value, allowHttp);
}

/** What a realm may answer without TLS: requests from private networks, or none. */
export const sslModes = ["external", "all"] as const;

/** What decides how safe a client is. The provider never corrects one that a program leaves out. */
export const securityFlags = [
  "accessType",
  "standardFlowEnabled",
  "implicitFlowEnabled",
  "directAccessGrantsEnabled",
  "serviceAccountsEnabled",
  "oauth2DeviceAuthorizationGrantEnabled",
  "standardTokenExchangeEnabled",
  "pkceCodeChallengeMethod",
  "fullScopeAllowed",
  "consentRequired",
  "webOrigins",
  "frontchannelLogoutEnabled",
  "excludeIssuerFromAuthResponse",
] as const;

/**
 * An origin as browsers send it, if it is one at all: the scheme and the host in small letters, no port that goes
 * without saying.
 */
export function canonicalOrigin(value: string): string {
  return /^https?:\/\/[^/?#@\s]+$/i.test(value) && URL.canParse(value) ? new URL(value).origin : value;
}

/** Says what is wrong with a web origin, or returns undefined. `+` stands for the origins of the redirect URIs. */
export function webOriginFault(value: string, allowHttp: boolean): string | undefined {
  if (value === REDIRECT_URIS) return undefined;
  const fault = webUriFault(value, allowHttp);
  if (fault !== undefined) return fault;
  return new URL(value).origin === value ? undefined : "is more than an origin; write scheme, host and port only";
}
