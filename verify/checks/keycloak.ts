import { discover, request } from "../../lib/gate/keycloak.mjs";
import { anyAnswer } from "../answer";
import { credentialOf, type Context } from "../context";
import { Broken } from "../run";

/** Keycloak and its realm, as anybody on the network sees them. */

/** Does Keycloak, or the proxy before it, answer at all? */
export async function keycloakAnswers({ outputs: { keycloakUrl } }: Context): Promise<string> {
  const status = await anyAnswer(keycloakUrl).catch((error: unknown) => {
    throw new Broken((error as Error).message, "start Keycloak, or look at DNS, proxy and firewall");
  });
  if (status >= 500) throw new Broken(`${keycloakUrl} answers ${status}`, "start Keycloak behind its proxy, and look at its log");
  return keycloakUrl;
}

/** What Keycloak says of the realm; the error's name is the same in every version and language. */
async function realmAnswer(issuer: string): Promise<{ status: number; error: string | undefined }> {
  const response = await request(issuer);
  const { error } = (await response.json().catch(() => ({}))) as { error?: string };
  return { status: response.status, error };
}

/** Is Keycloak under the path of its URL? Its own 404 for a realm tells that it is. */
export async function basePathIsRight({ outputs: { keycloakUrl, issuer } }: Context): Promise<string> {
  const { status, error } = await realmAnswer(issuer);
  if (status === 404 && !/realm/i.test(error ?? "")) {
    throw new Broken(`${issuer} answers 404, and not as Keycloak does for a realm`, `correct the path in keycloak.url (${new URL(keycloakUrl).pathname}), or the proxy's`);
  }
  return new URL(keycloakUrl).pathname;
}

export async function realmIsEnabled({ outputs: { issuer } }: Context): Promise<string> {
  const { status, error } = await realmAnswer(issuer);
  const name = decodeURIComponent(issuer.slice(issuer.lastIndexOf("/") + 1));
  if (status === 404) throw new Broken(`realm ${name} does not exist`, "run pulumi up --refresh");
  if (status === 403) throw new Broken(`realm ${name} is disabled`, "run pulumi up --refresh, or enable it again");
  if (status !== 200) throw new Broken(`${issuer} answers ${status} ${error ?? ""}`.trim(), "look at Keycloak's log");
  return name;
}

/** Does the discovery document answer, with the configured issuer? */
export async function issuerIsRight({ outputs }: Context): Promise<string> {
  const { metadataUrl } = credentialOf(outputs.credential);
  const discovery = await discover({ metadataUrl, issuer: outputs.issuer });
  if (!discovery.ok) throw new Broken(discovery.why, "set Keycloak's hostname and the realm's frontend URL right, or correct keycloak.url");
  return outputs.issuer;
}
