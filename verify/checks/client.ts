import { createHash, randomBytes } from "node:crypto";
import { backstageScopes } from "../../lib/keycloak/clients";
import { request } from "../../lib/pod/scripts/keycloak.mjs";
import { backstageUrls } from "../../lib/keycloak/urls";
import { credentialOf, type Context } from "../context";
import { Broken, CannotLook } from "../runChecks";

/**
 * Backstage's client, by the questions that any browser may ask: nobody on call has an administrator's rights. What
 * these cannot show, such as `fullScopeAllowed`, `pulumi preview --refresh` compares.
 */

export const endpoint = (issuer: string, name: string): string => `${issuer}/protocol/openid-connect/${name}`;

export interface Answer {
  readonly status: number;
  /** OAuth's error code. */
  readonly error: string | undefined;
  readonly description: string;
  /** Is it in Keycloak's own words, as far as anybody can tell, and not a proxy's? */
  readonly isKeycloaks: boolean;
}

/**
 * An answer that is none of those that tell something of a link: it is a proxy's, or of a server that cannot answer
 * now.
 */
export function inconclusive({ status, error }: Pick<Answer, "status" | "error">, server = "Keycloak"): CannotLook {
  if (status === 429)
    return new CannotLook(
      `${server}, or a proxy before it, limits the rate (429)`,
      "wait a minute and look again, or raise the limit for this address",
    );
  return new CannotLook(
    `${server}, or a proxy before it, answers ${status} ${error ?? "without an error code"}, which tells nothing of this link`,
    "look again, then at the logs of both",
  );
}

/** A form that is sent to one of the realm's endpoints. */
export async function ask(
  issuer: string,
  name: string,
  form: Readonly<Record<string, string>>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await request(endpoint(issuer, name), { method: "POST", headers, body: new URLSearchParams(form) });
  const body = (await response.json().catch(() => undefined)) as
    { error?: string; error_description?: string } | undefined;
  return {
    status: response.status,
    error: body?.error,
    description: body?.error_description ?? "",
    isKeycloaks: body !== undefined,
  };
}

/** Redeems a code that nobody was given: Keycloak looks at the client first, and then says `invalid_grant`. */
export const redeem = (
  issuer: string,
  clientId: string,
  clientSecret: string,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  ask(
    issuer,
    "token",
    {
      grant_type: "authorization_code",
      code: "verify",
      redirect_uri: "urn:verify",
      client_id: clientId,
      client_secret: clientSecret,
    },
    headers,
  );

/** What a sign-in with PKCE begins with. */
export const challenge = (): Record<string, string> => ({
  code_challenge: createHash("sha256").update(randomBytes(32)).digest("base64url"),
  code_challenge_method: "S256",
});

/**
 * What only Keycloak's pages hold, in whatever theme: its form's target, its scripts and styles, the ids of its own
 * themes.
 */
const keycloaksPage = /\/login-actions\/|kc-|kcContext|\/resources\/[^/"]+\/(login|common)\//;

/**
 * Of a redirect, OAuth's own parameters or a way further into Keycloak; of a page, that it is no HTML of somebody
 * else's.
 */
function isKeycloaksAnswer(issuer: string, target: URL | undefined, page: string): boolean {
  if (target !== undefined)
    return (
      target.searchParams.has("error") ||
      target.searchParams.has("code") ||
      target.href.startsWith(new URL(issuer).origin)
    );
  return !/<html|<!doctype/i.test(page) || keycloaksPage.test(page);
}

/** Has Keycloak let a sign-in start, up to its form, another provider's, or an error that it sends back? */
export const letsSignInStart = ({ isKeycloaks: own, status }: Answer): boolean =>
  own && (status === 200 || (status >= 300 && status < 400));

/** The first step of a sign-in. A redirect URI that Keycloak does not take is the one thing it answers 400 to. */
export async function authorize({ outputs }: Context, query: Readonly<Record<string, string>>): Promise<Answer> {
  const { redirectUri } = backstageUrls(outputs.backstageUrl, outputs.authProvider, outputs.authEnvironment);
  const { clientId } = credentialOf(outputs.credential);
  const all = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: "openid",
    state: "verify",
    ...query,
  });
  // A Keycloak that has just started may take many seconds for its first form.
  const response = await request(`${endpoint(outputs.issuer, "auth")}?${all.toString()}`, {}, 20_000);
  const page = await response.text();
  const location = response.headers.get("location");
  // The implicit flow is answered in the fragment.
  const target = location === null ? undefined : new URL(location.replace("#", "?"), outputs.issuer);
  const parameters = target?.searchParams;
  return {
    status: response.status,
    error: parameters?.get("error") ?? undefined,
    description: parameters?.get("error_description") ?? "",
    isKeycloaks: isKeycloaksAnswer(outputs.issuer, target, page),
  };
}

const REFRESH = "run pulumi up --refresh";

/**
 * Is there such a client, enabled and with a secret? Asked with a secret that is wrong, so that the answer names the
 * client alone.
 */
export async function clientExists({ outputs }: Context): Promise<string> {
  const { clientId } = credentialOf(outputs.credential);
  const { status, error } = await redeem(outputs.issuer, clientId, "not-the-secret");
  if (error === "invalid_client")
    throw new Broken(`client ${clientId} does not exist, or it is disabled (${status} ${error})`, REFRESH);
  if (error === "invalid_grant")
    throw new Broken(`client ${clientId} is public: Keycloak asks it for no secret`, REFRESH);
  if (error !== "unauthorized_client") throw inconclusive({ status, error });
  return `${clientId}, enabled and confidential`;
}

/** Does Keycloak take Backstage's redirect URI, and no other? */
export async function redirectUriIsRight(context: Context): Promise<string> {
  const { backstageUrl, authProvider, authEnvironment } = context.outputs;
  const { redirectUri } = backstageUrls(backstageUrl, authProvider, authEnvironment);
  const ours = await authorize(context, challenge());
  if (ours.isKeycloaks && ours.status === 400)
    throw new Broken(
      `Keycloak refuses the redirect URI ${redirectUri}`,
      `${REFRESH}; after a move to another domain pulumi up`,
    );
  if (!letsSignInStart(ours)) throw inconclusive(ours);
  const foreign = await authorize(context, { ...challenge(), redirect_uri: "https://verify.invalid/" });
  if (letsSignInStart(foreign))
    throw new Broken(
      "Keycloak takes a redirect URI of a foreign host",
      `${REFRESH}, and see who has changed the client`,
    );
  if (!foreign.isKeycloaks || foreign.status !== 400) throw inconclusive(foreign);
  return redirectUri;
}

/** Does the client ask for PKCE, by the method that Backstage uses? */
export async function pkceIsRequired(context: Context): Promise<string> {
  const withPkce = await authorize(context, challenge());
  if (withPkce.error === "invalid_request")
    throw new Broken(`Keycloak refuses PKCE S256 (${withPkce.description})`, REFRESH);
  if (!letsSignInStart(withPkce)) throw inconclusive(withPkce);
  const without = await authorize(context, {});
  if (letsSignInStart(without) && without.error === undefined)
    throw new Broken("Keycloak lets a sign-in start without PKCE", REFRESH);
  if (without.error !== "invalid_request") throw inconclusive(without);
  return "S256, required";
}

/** OAuth's errors that pass. */
const passing = ["temporarily_unavailable", "server_error"];

/** Are all scopes attached, and does the form of the sign-in show? */
export async function scopesAreAttached(context: Context): Promise<string> {
  const scopes = ["openid", ...backstageScopes];
  const all = await authorize(context, { ...challenge(), scope: scopes.join(" ") });
  if (all.error === "invalid_scope") {
    const missing: string[] = [];
    for (const scope of backstageScopes) {
      const one = await authorize(context, { ...challenge(), scope: `openid ${scope}` });
      if (!letsSignInStart(one)) throw inconclusive(one);
      if (one.error === "invalid_scope") missing.push(scope);
    }
    throw new Broken(
      `the client lacks the scope ${missing.length === 0 ? scopes.join(" ") : missing.join(", ")}`,
      REFRESH,
    );
  }
  if (!letsSignInStart(all) || passing.includes(all.error ?? "")) throw inconclusive(all);
  if (all.error !== undefined)
    throw new Broken(`Keycloak shows no sign-in form (${all.status} ${all.error} ${all.description})`, REFRESH);
  return backstageScopes.join(" ");
}
