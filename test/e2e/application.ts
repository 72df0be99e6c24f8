import { parse } from "node-html-parser";
import { createHash, randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { browser as cookies } from "../../verify/browser";

/** An application of the platform, as its users' browser and its backend meet Keycloak. */

interface Person {
  readonly username: string;
  readonly password: string;
}

/** A browser: cookies of its own, and no redirect is followed unseen. */
function browser(): (url: string, init?: RequestInit) => Promise<Response> {
  const visit = cookies();
  return (url, init = {}) => visit(url, { redirect: "manual", ...init, signal: AbortSignal.timeout(15_000) });
}

/** Fills in Keycloak's form; the answer is what Keycloak sends back to the application. */
async function throughTheForm(start: string, { username, password }: Person): Promise<Response> {
  const visit = browser();
  const page = await visit(start);
  const action = parse(await page.text())
    .querySelector("form#kc-form-login")
    ?.getAttribute("action");
  if (page.status !== 200 || action === undefined) {
    throw new Error(`no form, but ${page.status} ${page.headers.get("location") ?? ""}`);
  }
  return visit(new URL(action, start).href, { method: "POST", body: new URLSearchParams({ username, password }) });
}

export type Claims = Readonly<Record<string, unknown>>;

export interface Tokens {
  readonly id: Claims;
  readonly access: Claims;
  readonly userinfo: Claims;
}

const claims = (token: string): Claims =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Claims;

export interface CodeFlow {
  readonly issuer: string;
  readonly clientId: string;
  /** None for a public client. */
  readonly clientSecret?: string;
  readonly redirectUri: string;
  /** Without it a client that asks for PKCE is refused. */
  readonly pkce?: boolean;
}

/** The authorization code flow, from the first redirect to userinfo. */
export async function signInAt(app: CodeFlow, person: Person): Promise<Tokens> {
  const endpoint = (name: string): string => `${app.issuer}/protocol/openid-connect/${name}`;
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: app.clientId,
    redirect_uri: app.redirectUri,
    scope: "openid",
    ...(app.pkce === false ? {} : { code_challenge: challenge, code_challenge_method: "S256" }),
  });
  const answer = await throughTheForm(`${endpoint("auth")}?${query.toString()}`, person);
  const location = answer.headers.get("location") ?? "";
  const code = location.startsWith(`${app.redirectUri}?`) ? new URL(location).searchParams.get("code") : null;
  if (code === null) {
    const said = parse(await answer.text())
      .querySelector("[id^=input-error], .pf-v5-c-alert__title")
      ?.text.trim();
    throw new Error(`no code, but ${answer.status} ${said ?? location}`);
  }
  const response = await fetch(endpoint("token"), {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: app.redirectUri,
      client_id: app.clientId,
      code_verifier: verifier,
      ...(app.clientSecret === undefined ? {} : { client_secret: app.clientSecret }),
    }),
  });
  if (response.status !== 200) throw new Error(`no token, but ${response.status} ${await response.text()}`);
  const { id_token: id, access_token: access } = (await response.json()) as { id_token: string; access_token: string };
  const userinfo = await fetch(endpoint("userinfo"), { headers: { authorization: `Bearer ${access}` } });
  return { id: claims(id), access: claims(access), userinfo: (await userinfo.json()) as Claims };
}

/** A sign-in by SAML: the assertion, and the URL that it is posted to. */
export async function signInBySaml(
  issuer: string,
  clientId: string,
  person: Person,
): Promise<{ postedTo: string; assertion: string }> {
  const request =
    `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ` +
    `ID="_${randomBytes(16).toString("hex")}" Version="2.0" ` +
    `IssueInstant="${new Date().toISOString()}"><saml:Issuer>${clientId}</saml:Issuer></samlp:AuthnRequest>`;
  const query = new URLSearchParams({ SAMLRequest: deflateRawSync(request).toString("base64") });
  const answer = await throughTheForm(`${issuer}/protocol/saml?${query.toString()}`, person);
  const form = parse(await answer.text()).querySelector("form");
  const encoded = form?.querySelector("input[name=SAMLResponse]")?.getAttribute("value") ?? "";
  return { postedTo: form?.getAttribute("action") ?? "", assertion: Buffer.from(encoded, "base64").toString() };
}
