/** Every URL of the sign-in, derived from one public URL each for Keycloak and Backstage. */

export const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Says what is wrong with a public base URL, or returns undefined when it is right.
 * @param allowHttp plain http is allowed for any host; otherwise only for loopback.
 */
export function publicUrlFault(value: string, allowHttp: boolean): string | undefined {
  // `new URL("https:///keycloak")` silently makes "keycloak" the host, so an empty host is caught by hand.
  if (/^https?:\/\/(\/|$|[:?#])/.test(value)) return "has an empty host; write the host that browsers use";
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
    return "is not an absolute URL; write it as https://host or https://host/path";
  }
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") return "holds credentials; remove the part before the @";
  if (/[?#]/.test(value)) return "has a query or a fragment; remove everything from the ? or # on";
  if (/[*%]/.test(url.host)) return "has a wildcard or an escape in its host; write one exact host";
  if (url.protocol === "http:" && !allowHttp && !LOOPBACK.test(url.hostname)) {
    return "is plain http, which is allowed only for loopback or in the dev environment; use https";
  }
  return undefined;
}

/** A base URL in its one canonical form: lower-case host, no default port, no slash at the end. */
export function canonicalUrl(value: string): string {
  return new URL(value).href.replace(/\/+$/, "");
}

export interface KeycloakUrls {
  /** Scheme, host and port: what the Keycloak provider calls `url`. */
  readonly origin: string;
  /** The path that Keycloak is served under, "" when there is none: the provider's `basePath`. */
  readonly basePath: string;
  /** The realm's issuer, equal to the `iss` of every token. */
  readonly issuer: string;
  /** The OpenID Connect discovery document. */
  readonly metadata: string;
  /** The keys that sign tokens. */
  readonly jwks: string;
  /** Where codes and refresh tokens are redeemed. */
  readonly token: string;
}

export function keycloakUrls(publicUrl: string, realm: string): KeycloakUrls {
  const url = new URL(canonicalUrl(publicUrl));
  const issuer = `${canonicalUrl(publicUrl)}/realms/${encodeURIComponent(realm)}`;
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ""),
    issuer,
    metadata: `${issuer}/.well-known/openid-configuration`,
    jwks: `${issuer}/protocol/openid-connect/certs`,
    token: `${issuer}/protocol/openid-connect/token`,
  };
}

export interface BackstageUrls {
  readonly base: string;
  /** What a browser sends as `Origin`. */
  readonly origin: string;
  /** The only redirect URI of the client. */
  readonly redirectUri: string;
  /** Where a sign-in starts, as a path on the backend. */
  readonly startPath: string;
}

/** @param provider the auth provider's id, `oidc` for Backstage's own OIDC module. @param environment Backstage's `auth.environment`. */
export function backstageUrls(publicUrl: string, provider: string, environment: string): BackstageUrls {
  const base = canonicalUrl(publicUrl);
  return {
    base,
    origin: new URL(base).origin,
    redirectUri: `${base}/api/auth/${provider}/handler/frame`,
    startPath: `/api/auth/${provider}/start?env=${encodeURIComponent(environment)}`,
  };
}
