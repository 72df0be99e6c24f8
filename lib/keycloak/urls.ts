/** Every URL of the sign-in, derived from one public URL each for Keycloak and Backstage. */

export const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** A DNS host name: labels of a-z, 0-9 and hyphens, 253 characters in all. */
export const HOST = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/;

/**
 * Says what is wrong with the part of a URL that browsers, proxies and certificates must agree on, or returns
 * undefined.
 */
export function authorityFault({ username, password, hostname, port }: URL): string | undefined {
  if (username !== "" || password !== "") return "holds credentials; remove the part before the @";
  if (/[*%]/.test(hostname)) return "has a wildcard or an escape in its host; write one exact host";
  if (port === "0") return "names port 0, at which nobody can listen; correct the port";
  if (HOST.test(hostname) || /^\[[0-9a-f:.]+\]$/.test(hostname)) return undefined;
  return "names a host that is no DNS name; write labels of a-z, 0-9 and -, with dots between them and none at the end";
}

/**
 * Says what is wrong with a public base URL, or returns undefined when it is right.
 * @param allowHttp plain http is allowed for any host; otherwise only for loopback.
 */
export function publicUrlFault(value: string, allowHttp: boolean): string | undefined {
  // `new URL("https:///keycloak")` silently makes "keycloak" the host, so an empty host is caught by hand.
  if (/^https?:\/\/(\/|$|[:?#])/i.test(value)) return "has an empty host; write the host that browsers use";
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) {
    return "is not an absolute URL; write it as https://host or https://host/path";
  }
  if (/[\s\p{C}]/u.test(value)) return "has a blank or a control character; remove it";
  const url = new URL(value);
  const fault = authorityFault(url);
  if (fault !== undefined) return fault;
  if (/[?#]/.test(value)) return "has a query or a fragment; remove everything from the ? or # on";
  // What an HTTPRoute takes for a path, and Java for a URL; a wildcard would be one of a redirect URI that derives from
  // it.
  if (!/^([-A-Za-z0-9/._~!$&'()+,;=:@]|%[0-9A-Fa-f]{2})+$/.test(url.pathname))
    return "has a path with a character that no URL has, or a wildcard; write it percent-encoded";
  if (value.length > 255) return "is longer than 255 characters, which Keycloak cannot store; shorten it";
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

/**
 * @param provider the auth provider's id, `oidc` for Backstage's own OIDC module.
 * @param environment Backstage's `auth.environment`.
 */
export function backstageUrls(publicUrl: string, provider: string, environment: string): BackstageUrls {
  const base = canonicalUrl(publicUrl);
  return {
    base,
    origin: new URL(base).origin,
    redirectUri: `${base}/api/auth/${provider}/handler/frame`,
    startPath: `/api/auth/${provider}/start?env=${encodeURIComponent(environment)}`,
  };
}
