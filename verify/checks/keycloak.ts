import { discover, request } from "../../lib/gate/keycloak.mjs";
import { anyAnswer } from "../answer";
import { credentialOf, type Context } from "../context";
import { Broken } from "../run";
import { ask } from "./client";

/** Keycloak and its realm, as anybody on the network sees them. */

/** Does Keycloak, or the proxy before it, answer at all? */
export async function keycloakAnswers({ outputs: { keycloakUrl } }: Context): Promise<string> {
  const status = await anyAnswer(keycloakUrl).catch((error: unknown) => {
    throw new Broken((error as Error).message, "start Keycloak, or look at DNS, proxy and firewall");
  });
  if (status >= 500) throw new Broken(`${keycloakUrl} answers ${status}`, "start Keycloak behind its proxy, and look at its log");
  return keycloakUrl;
}

/** Is Keycloak under the path of its URL? Its own 404 for a realm tells that it is. */
export async function basePathIsRight({ outputs: { keycloakUrl, issuer } }: Context): Promise<string> {
  const { pathname } = new URL(keycloakUrl);
  const response = await request(issuer);
  const { error } = (await response.json().catch(() => ({}))) as { error?: string };
  if (response.status === 404 && error !== "Realm does not exist") {
    throw new Broken(`${issuer} answers 404, and not as Keycloak does for a realm`, `correct the path in keycloak.url (${pathname}), or the proxy's`);
  }
  return pathname;
}

/** Is the realm there, and enabled? Discovery answers for a disabled one as well (26.7.3), the token endpoint does not. */
export async function realmIsEnabled({ outputs: { issuer } }: Context): Promise<string> {
  const { status, error } = await ask(issuer, "token", {});
  const name = decodeURIComponent(issuer.slice(issuer.lastIndexOf("/") + 1));
  if (status === 404) throw new Broken(`realm ${name} does not exist`, "run pulumi up --refresh");
  if (error === "access_denied") throw new Broken(`realm ${name} is disabled`, "run pulumi up --refresh, or enable it again");
  if (error !== "invalid_request") throw new Broken(`the token endpoint of realm ${name} answers ${status} ${error ?? ""}`.trim(), "look at Keycloak's log");
  return name;
}

/** Does the discovery document answer, with the configured issuer? */
export async function issuerIsRight({ outputs }: Context): Promise<string> {
  const { metadataUrl } = credentialOf(outputs.credential);
  const discovery = await discover({ metadataUrl, issuer: outputs.issuer });
  if (!discovery.ok) throw new Broken(discovery.why, "set Keycloak's hostname and the realm's frontend URL right, or correct keycloak.url");
  return outputs.issuer;
}
