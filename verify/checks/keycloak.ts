import { request } from "../../lib/pod/scripts/keycloak.mjs";
import { anyAnswer } from "../answer";
import { credentialOf, type Context } from "../context";
import { Broken } from "../runChecks";
import { ask, inconclusive } from "./client";

/** Keycloak and its realm, as anybody on the network sees them. */

/** Does Keycloak, or the proxy before it, answer at all? */
export async function keycloakAnswers({ outputs: { keycloakUrl } }: Context): Promise<string> {
  const status = await anyAnswer(keycloakUrl).catch((error: unknown) => {
    throw new Broken((error as Error).message, "start Keycloak, or look at DNS, proxy and firewall");
  });
  if (status >= 500)
    throw new Broken(`${keycloakUrl} answers ${status}`, "start Keycloak behind its proxy, and look at its log");
  return keycloakUrl;
}

/** A document of a realm's, in Keycloak's words; empty when it is none. */
async function documentAt(url: string): Promise<{ status: number; document: { error?: string; issuer?: string } }> {
  const response = await request(url);
  return { status: response.status, document: (await response.json().catch(() => undefined)) ?? {} };
}

const NO_REALM = "Realm does not exist";

/** Is Keycloak under the path of its URL? Its own 404 for a realm tells that it is. */
export async function basePathIsRight({ outputs: { keycloakUrl, issuer } }: Context): Promise<string> {
  const { pathname } = new URL(keycloakUrl);
  // What a proxy must let through; the realm's own page it need not.
  const {
    status,
    document: { error, issuer: reportedIssuer },
  } = await documentAt(`${issuer}/.well-known/openid-configuration`);
  if (status === 404 && error !== NO_REALM) {
    throw new Broken(
      `${issuer} answers 404, and not as Keycloak does for a realm`,
      `correct the path in keycloak.url (${pathname}), or the proxy's`,
    );
  }
  if (status !== 404 && (status !== 200 || reportedIssuer === undefined)) throw inconclusive({ status, error });
  return pathname;
}

/**
 * Is the realm there, and enabled? Discovery answers for a disabled one as well (26.7.3), the token endpoint does not.
 */
export async function realmIsEnabled({ outputs: { issuer } }: Context): Promise<string> {
  const { status, error } = await ask(issuer, "token", {});
  const name = decodeURIComponent(issuer.slice(issuer.lastIndexOf("/") + 1));
  if (error === NO_REALM) throw new Broken(`realm ${name} does not exist`, "run pulumi up --refresh");
  if (error === "access_denied")
    throw new Broken(`realm ${name} is disabled`, "run pulumi up --refresh, or enable it again");
  if (error !== "invalid_request") throw inconclusive({ status, error });
  return name;
}

/** Does the discovery document answer, with the configured issuer? */
export async function issuerIsRight({ outputs }: Context): Promise<string> {
  const { metadataUrl } = credentialOf(outputs.credential);
  const {
    status,
    document: { error, issuer },
  } = await documentAt(metadataUrl);
  if (status !== 200 || issuer === undefined) throw inconclusive({ status, error });
  if (issuer !== outputs.issuer)
    throw new Broken(
      `the issuer is ${issuer}, but ${outputs.issuer} is configured`,
      "set Keycloak's hostname and the realm's frontend URL right, or correct keycloak.url",
    );
  return outputs.issuer;
}
