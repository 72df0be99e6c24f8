import { createHash, randomBytes } from "node:crypto";
import { backstageScopes } from "../../lib/clients";
import { request } from "../../lib/gate/keycloak.mjs";
import { backstageUrls } from "../../lib/urls";
import { credentialOf, type Context } from "../context";
import { Broken } from "../run";

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
}

/** A form that is sent to one of the realm's endpoints. */
export async function ask(issuer: string, name: string, form: Readonly<Record<string, string>>, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await request(endpoint(issuer, name), { method: "POST", headers, body: new URLSearchParams(form) });
  const { error, error_description: description = "" } = (await response.json().catch(() => ({}))) as { error?: string; error_description?: string };
  return { status: response.status, error, description };
}

/** Redeems a code that nobody was given: Keycloak looks at the client first, and then says `invalid_grant`. */
export const redeem = (issuer: string, clientId: string, clientSecret: string, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(issuer, "token", { grant_type: "authorization_code", code: "verify", redirect_uri: "urn:verify", client_id: clientId, client_secret: clientSecret }, headers);

/** What a sign-in with PKCE begins with. */
export const challenge = (): Record<string, string> => ({
  code_challenge: createHash("sha256").update(randomBytes(32)).digest("base64url"),
  code_challenge_method: "S256",
});

/** The first step of a sign-in. A redirect URI that Keycloak does not take is the one thing it answers 400 to. */
export async function authorize({ outputs }: Context, query: Readonly<Record<string, string>>): Promise<Answer> {
  const { redirectUri } = backstageUrls(outputs.backstageUrl, outputs.authProvider, outputs.authEnvironment);
  const { clientId } = credentialOf(outputs.credential);
  const all = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, response_type: "code", scope: "openid", state: "verify", ...query });
  const response = await request(`${endpoint(outputs.issuer, "auth")}?${all.toString()}`);
  await response.body?.cancel();
  const location = response.headers.get("location");
  // The implicit flow is answered in the fragment.
  const said = location === null ? undefined : new URL(location.replace("#", "?")).searchParams;
  return { status: response.status, error: said?.get("error") ?? undefined, description: said?.get("error_description") ?? "" };
}

const REFRESH = "run pulumi up --refresh";

/** Is there such a client, enabled and with a secret? Asked with a secret that is wrong, so that the answer names the client alone. */
export async function clientExists({ outputs }: Context): Promise<string> {
  const { clientId } = credentialOf(outputs.credential);
  const { status, error } = await redeem(outputs.issuer, clientId, "not-the-secret");
  if (error === "invalid_client") throw new Broken(`client ${clientId} does not exist, or it is disabled (${status} ${error})`, REFRESH);
  if (error === "invalid_grant") throw new Broken(`client ${clientId} is public: Keycloak asks it for no secret`, REFRESH);
  if (error !== "unauthorized_client") throw new Broken(`Keycloak answers ${status} ${error ?? "without an error code"}`, "look at Keycloak's log");
  return `${clientId}, enabled and confidential`;
}

/** Does Keycloak take Backstage's redirect URI, and no other? */
export async function redirectUriIsRight(context: Context): Promise<string> {
  const { backstageUrl, authProvider, authEnvironment } = context.outputs;
  const { redirectUri } = backstageUrls(backstageUrl, authProvider, authEnvironment);
  const own = await authorize(context, challenge());
  if (own.status === 400) throw new Broken(`Keycloak refuses the redirect URI ${redirectUri}`, `${REFRESH}; after a move to another domain pulumi up`);
  const foreign = await authorize(context, { ...challenge(), redirect_uri: "https://verify.invalid/" });
  if (foreign.status !== 400) throw new Broken("Keycloak takes a redirect URI of a foreign host", `${REFRESH}, and see who has changed the client`);
  return redirectUri;
}

/** Does the client ask for PKCE, by the method that Backstage uses? */
export async function pkceIsRequired(context: Context): Promise<string> {
  const withPkce = await authorize(context, challenge());
  if (withPkce.error === "invalid_request") throw new Broken(`Keycloak refuses PKCE S256 (${withPkce.description})`, REFRESH);
  const without = await authorize(context, {});
  if (without.error !== "invalid_request") throw new Broken("Keycloak lets a sign-in start without PKCE", REFRESH);
  return "S256, required";
}

/** Are all scopes attached, and does the form of the sign-in show? */
export async function scopesAreAttached(context: Context): Promise<string> {
  const scopes = ["openid", ...backstageScopes];
  const all = await authorize(context, { ...challenge(), scope: scopes.join(" ") });
  if (all.error === "invalid_scope") {
    const missing: string[] = [];
    for (const scope of backstageScopes) {
      if ((await authorize(context, { ...challenge(), scope: `openid ${scope}` })).error === "invalid_scope") missing.push(scope);
    }
    throw new Broken(`the client lacks the scope ${missing.join(", ")}`, REFRESH);
  }
  if (all.status !== 200) throw new Broken(`Keycloak shows no sign-in form (${all.status} ${all.error ?? ""} ${all.description})`, REFRESH);
  return backstageScopes.join(" ");
}
