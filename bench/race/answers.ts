import type { SignIn } from "../../verify/signIn";

/**
 * What one sign-in came to: `notUp`, nobody listens at Backstage's URL yet; `refused`, Keycloak did not accept
 * Backstage's client credential; `failed`, any other failure.
 */
export type Answer = "good" | "notUp" | "refused" | "failed";

/** What a connection that nobody took ends with; the last is our own bound on a request. */
const NOBODY =
  /^(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT|UND_ERR_\w+|The operation was aborted due to timeout)$/;

/** Keycloak's codes for a wrong secret and for a client that is not there, as Backstage's handler hands them on. */
const CREDENTIAL = /\b(unauthorized_client|invalid_client)\b/;

export function answerOf(outcome: SignIn): Answer {
  if (outcome.ok) return "good";
  const { step, why } = outcome;
  if (step === "start" && NOBODY.test(why)) return "notUp";
  return step === "handler" && CREDENTIAL.test(why) ? "refused" : "failed";
}
