import { generateKeyPairSync, randomUUID } from "node:crypto";
import { request } from "../../lib/pod/scripts/keycloak.mjs";
import { signedJwt } from "../../lib/keycloak/adminLogin";
import { backstageUrls } from "../../lib/keycloak/urls";
import { credentialOf, type Context } from "../context";
import { Broken, CannotLook } from "../runChecks";
import { endpoint, redeem, inconclusive } from "./client";

/** A DPoP proof (RFC 9449) that says when it was made, which Keycloak compares with its own clock. */
export function proofMadeAt(url: string, seconds: number): string {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const head = { alg: "ES256", typ: "dpop+jwt", jwk: publicKey.export({ format: "jwk" }) };
  return signedJwt(head, { htm: "POST", htu: url, iat: Math.floor(seconds), jti: randomUUID() }, privateKey);
}

/**
 * What a server's clock shows, in ms since 1970, by a cookie whose end it tells both as a moment and as a time from
 * now; undefined when no cookie does. The header Date may be a proxy's, and no proxy dates cookies of others.
 */
export function clockOf(cookies: readonly string[]): number | undefined {
  for (const cookie of cookies) {
    const [, seconds] = /;\s*max-age=(\d+)/i.exec(cookie) ?? [];
    const [, moment] = /;\s*expires=([^;]+)/i.exec(cookie) ?? [];
    const clock = Date.parse(moment ?? "") - Number(seconds) * 1000;
    if (/^[\w-]+-nonce=/.test(cookie) && !Number.isNaN(clock)) return clock;
  }
  return undefined;
}

/**
 * Do Keycloak and Backstage agree on the time? Keycloak shows nobody its clock, but it refuses a proof that was made
 * more than some 15 s ago or ahead (26.7.3): it is handed one that is dated by Backstage's clock, as a sign-in's start
 * shows it.
 */
export async function clocksAgree({ outputs }: Context): Promise<string> {
  const { backstageUrl, authProvider, authEnvironment, credential, issuer } = outputs;
  const { base, startPath } = backstageUrls(backstageUrl, authProvider, authEnvironment);
  const response = await request(`${base}${startPath}`);
  await response.body?.cancel();
  const clock = clockOf(response.headers.getSetCookie());
  if (clock === undefined && response.status !== 302)
    throw inconclusive({ status: response.status, error: undefined }, "Backstage");
  if (clock === undefined)
    throw new CannotLook(
      "Backstage's answer shows no time of its own, only what a proxy may have dated",
      "compare the clocks of the machines by `date`",
    );
  const ahead = (clock - Date.now()) / 1000;
  const { clientId, clientSecret } = credentialOf(credential);
  const accepts = async (seconds: number): Promise<boolean> => {
    const answer = await redeem(issuer, clientId, clientSecret, {
      dpop: proofMadeAt(endpoint(issuer, "token"), seconds),
    });
    if (answer.error === "invalid_grant") return true;
    if (answer.description.includes("not active")) return false;
    if (answer.error === "use_dpop_nonce")
      throw new CannotLook(
        "Keycloak asks for a nonce in a proof, and so tells nothing of the proof's time",
        "compare the clocks of the machines by `date`",
      );
    throw inconclusive(answer);
  };
  const now = Date.now() / 1000;
  if (!(await accepts(now + ahead))) {
    const apart = Math.abs(ahead);
    const difference =
      apart < 5
        ? "the same as this machine's"
        : `${apart.toFixed(0)} s ${ahead > 0 ? "ahead of" : "behind"} this machine's`;
    throw new Broken(
      `Backstage's clock, ${difference}, is not Keycloak's: tokens count as expired or as not yet valid`,
      "set the clocks of both by NTP",
    );
  }
  if (await accepts(now - 86_400)) return "not compared: this Keycloak does not look at the time of a proof";
  return `Backstage's is ${Math.abs(ahead).toFixed(0)} s from this machine's, and Keycloak takes it for its own`;
}
