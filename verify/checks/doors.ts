import { credentialOf, type Context } from "../context";
import { Broken } from "../runChecks";
import { ask, authorize, challenge, letsSignInStart, inconclusive, type Answer } from "./client";

/**
 * The ways to a token that Backstage does not use, and that the client must refuse: each is tried as far as Keycloak's
 * answer tells, with a scope or a user that nobody has, so that no token is made where one of them is open.
 */
const SCOPE = "verify-no-such-scope";

type Door = (context: Context, client: Readonly<Record<string, string>>) => Promise<Answer>;

const doors: Readonly<Record<string, Door>> = {
  "the implicit flow": (context) =>
    authorize(context, { ...challenge(), response_type: "token", scope: `openid ${SCOPE}` }),
  "direct grants": ({ outputs }, client) =>
    ask(outputs.issuer, "token", {
      ...client,
      grant_type: "password",
      username: "verify-no-such-user",
      password: "-",
      scope: SCOPE,
    }),
  "a service account": ({ outputs }, client) =>
    ask(outputs.issuer, "token", { ...client, grant_type: "client_credentials", scope: SCOPE }),
  "the device grant": ({ outputs }, client) => ask(outputs.issuer, "auth/device", { ...client, scope: SCOPE }),
};

/**
 * Keycloak looks at whether a way is open before it looks at scope, user and PKCE: what it finds fault with there, it
 * has let in.
 */
const beyond = ["invalid_scope", "invalid_grant"];

const isOpen = (answer: Answer): boolean =>
  beyond.includes(answer.error ?? "") ||
  answer.description.includes("code_challenge") ||
  (letsSignInStart(answer) && answer.error === undefined);

/** Is every such door shut? Keycloak answers `unauthorized_client` at a shut one. */
export async function otherDoorsAreShut(context: Context): Promise<string> {
  const { clientId, clientSecret } = credentialOf(context.outputs.credential);
  const answers = await Promise.all(
    Object.entries(doors).map(async ([name, door]) => ({
      name,
      ...(await door(context, { client_id: clientId, client_secret: clientSecret })),
    })),
  );
  const open = answers.filter(isOpen).map(({ name }) => name);
  if (open.length > 0)
    throw new Broken(
      `the client also allows ${open.join(", ")}`,
      "run pulumi up --refresh, and see who has changed the client",
    );
  const unknown = answers.find(({ error }) => error !== "unauthorized_client");
  if (unknown !== undefined) throw inconclusive(unknown);
  return `${Object.keys(doors).length} other ways refused`;
}
