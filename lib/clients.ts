/** What a client of the realm may be, without Pulumi: scopes, redirect URIs, origins. */
import { LOOPBACK } from "./urls";

/** The client scope that this program makes. */
export const groupsScope = "groups";
/** The mapper in it. */
export const groupsMapper = "groups";

/** Default scopes of a sign-in client; the binding is authoritative, so all of them are listed. */
export const defaultScopes = ["basic", "acr", "web-origins", "profile", "email", "roles", groupsScope];

export const optionalScopes = ["offline_access"];

/** The scopes that Backstage's client has. */
export const backstageScopes = [...defaultScopes, ...optionalScopes];

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
export const builtInClients = ["account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"];

/**
 * Says what is wrong with a redirect URI, which Keycloak compares character by character, or returns undefined.
 * @param allowHttp plain http is allowed for any host; otherwise only for loopback.
 */
export function redirectUriFault(value: string, allowHttp: boolean): string | undefined {
  if (value.includes("*")) return "has a wildcard; write each redirect URI out";
  if (value.includes("#")) return "has a fragment, which a redirect URI must not have; remove everything from the # on";
  if (!/^https?:\/\/[^/?]/.test(value) || !URL.canParse(value)) return "is not an absolute URL; write it as https://host/path";
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") return "holds credentials; remove the part before the @";
  if (url.protocol === "http:" && !allowHttp && !LOOPBACK.test(url.hostname)) {
    return "is plain http, which is allowed only for loopback or in the dev environment; use https";
  }
  return undefined;
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

/** Says what is wrong with a web origin, or returns undefined. */
export function webOriginFault(value: string, allowHttp: boolean): string | undefined {
  const fault = redirectUriFault(value, allowHttp);
  if (fault !== undefined) return fault;
  return new URL(value).origin === value ? undefined : "is more than an origin; write scheme, host and port only";
}
