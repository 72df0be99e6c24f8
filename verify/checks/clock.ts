import { generateKeyPairSync, randomUUID } from "node:crypto";
import { request } from "../../lib/gate/keycloak.mjs";
import { signedJwt } from "../../lib/keycloakLogin";
import { credentialOf, type Context } from "../context";
import { Broken } from "../run";
import { endpoint, redeem } from "./client";

/** A DPoP proof (RFC 9449) that says when it was made, which Keycloak compares with its own clock. */
export function proofMadeAt(url: string, seconds: number): string {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const head = { alg: "ES256", typ: "dpop+jwt", jwk: publicKey.export({ format: "jwk" }) };
  return signedJwt(head, { htm: "POST", htu: url, iat: Math.floor(seconds), jti: randomUUID() }, privateKey);
}

/**
 * Do Keycloak and Backstage agree on the time? Keycloak shows nobody its clock, but it refuses a proof that was made more
 * than some 15 s ago or ahead (26.7.3): it is handed one that is dated by Backstage's clock.
 */
export async function clocksAgree({ outputs: { backstageUrl, credential, issuer } }: Context): Promise<string> {
  const response = await request(backstageUrl);
  await response.body?.cancel();
  const date = response.headers.get("date");
  if (date === null) throw new Broken(`${backstageUrl} tells no time`, "let its proxy keep the header Date");
  const ahead = (Date.parse(date) - Date.now()) / 1000;
  const { clientId, clientSecret } = credentialOf(credential);
  const accepts = async (seconds: number): Promise<boolean> =>
    (await redeem(issuer, clientId, clientSecret, { dpop: proofMadeAt(endpoint(issuer, "token"), seconds) })).error === "invalid_grant";
  const now = Date.now() / 1000;
  if (!(await accepts(now + ahead))) {
    const apart = Math.abs(ahead);
    const here = apart < 5 ? "the same as this machine's" : `${apart.toFixed(0)} s ${ahead > 0 ? "ahead of" : "behind"} this machine's`;
    throw new Broken(`Backstage's clock, ${here}, is not Keycloak's: tokens count as expired or as not yet valid`, "set the clocks of both by NTP");
  }
  if (await accepts(now - 86_400)) return "not compared: this Keycloak does not look at the time of a proof";
  return `Backstage's is ${Math.abs(ahead).toFixed(0)} s from this machine's, and Keycloak takes it for its own`;
}
