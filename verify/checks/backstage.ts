import { request } from "../../lib/pod/scripts/keycloak.mjs";
import { backstageUrls } from "../../lib/keycloak/urls";
import { anyAnswer } from "../answer";
import { credentialOf, type Context } from "../context";
import { Broken, CannotLook } from "../runChecks";
import { signIn } from "../signIn";
import { inconclusive } from "./client";

/** Backstage at its public URL, as a browser meets it. */

/** How long a pod may be ready before every node and proxy leads to it, in ms. */
const ROUTE_MS = 15_000;

/** Does Backstage, or the proxy before it, answer? A connection that fails right after a rollout is tried again. */
export async function backstageAnswers({ outputs: { backstageUrl } }: Context): Promise<string> {
  const end = performance.now() + ROUTE_MS;
  for (;;) {
    const status = await anyAnswer(backstageUrl).catch((error: unknown) => error as Error);
    if (typeof status === "number" && status < 500) return backstageUrl;
    if (performance.now() > end) {
      throw new Broken(
        typeof status === "number" ? `${backstageUrl} answers ${status}` : status.message,
        "look at Service, Ingress or HTTPRoute, DNS and proxy",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Is Backstage under the path of its URL? It serves its health at its root, which the path must lead to. */
async function pathLeadsToBackstage(base: string): Promise<boolean> {
  const response = await request(`${base}/.backstage/health/v1/liveness`);
  const document: unknown = await response.json().catch(() => undefined);
  if (response.status !== 200 && response.status !== 404)
    throw inconclusive({ status: response.status, error: undefined }, "Backstage");
  return response.status === 200 && document !== undefined;
}

/** Where a sign-in starts, does Backstage send the browser to this client with this redirect URI? */
export async function signInStarts({ outputs }: Context): Promise<string> {
  const { base, startPath, redirectUri } = backstageUrls(
    outputs.backstageUrl,
    outputs.authProvider,
    outputs.authEnvironment,
  );
  const response = await request(`${base}${startPath}`, {}, ROUTE_MS);
  const { error } = ((await response.json().catch(() => undefined)) ?? {}) as { error?: { name?: string } };
  const location = response.headers.get("location");
  if (response.status === 404 && !(await pathLeadsToBackstage(base))) {
    throw new Broken(
      `${base} does not lead to Backstage: its path ${new URL(base).pathname} answers 404`,
      "correct the path in backstage.url, or how Ingress or proxy take it off",
    );
  }
  // In any other words it is a proxy's answer.
  if (response.status !== 302 && error?.name === undefined)
    throw inconclusive({ status: response.status, error: undefined }, "Backstage");
  if (response.status === 404)
    throw new Broken(
      `Backstage has no provider ${outputs.authProvider} for the environment ${outputs.authEnvironment}`,
      "correct backstage.authProvider, or use an image with its module",
    );
  if (response.status !== 302 || location === null)
    throw new Broken(
      `Backstage answers ${response.status} where a sign-in starts`,
      "look at its log; a discovery that failed at its start heals by itself",
    );
  const target = new URL(location, base);
  if (!target.searchParams.has("client_id") && !target.href.startsWith(`${outputs.issuer}/`)) {
    throw new CannotLook(
      `${base} sends browsers to ${target.origin}${target.pathname}, as a proxy with a sign-in of its own does`,
      "look from where people do, or let the proxy pass this machine",
    );
  }
  const { clientId } = credentialOf(outputs.credential);
  const expected = { client_id: clientId, redirect_uri: redirectUri, code_challenge_method: "S256" };
  for (const [key, value] of Object.entries(expected)) {
    const found = target.searchParams.get(key);
    if (found !== value)
      throw new Broken(
        `Backstage starts a sign-in with ${key} ${found ?? "missing"}, not ${value}`,
        "run pulumi up --refresh",
      );
  }
  if (!target.href.startsWith(`${outputs.issuer}/`))
    throw new Broken(
      `Backstage sends browsers to ${target.origin}${target.pathname}, not to ${outputs.issuer}`,
      "set Keycloak's hostname right",
    );
  return `to ${target.origin} for client ${clientId}, PKCE S256`;
}

/** A whole sign-in, as a browser does it. */
export async function userSignsIn({ outputs }: Context, username: string, password: string): Promise<string> {
  const { backstageUrl, authProvider, authEnvironment } = outputs;
  const outcome = await signIn({ backstageUrl, authProvider, authEnvironment, username, password });
  if (outcome.ok) return `as ${outcome.userEntityRef}`;
  const remedies = {
    start: "look at Backstage's log",
    form: "look at the checks of the client",
    credentials: "correct user or password, or unlock the user in Keycloak",
    handler: "look at Backstage's log and at backstage.resolvers",
  };
  const saw = `ended at ${outcome.step}: ${outcome.why}`;
  throw outcome.isReported
    ? new Broken(saw, remedies[outcome.step])
    : new CannotLook(saw, "look again, then at the logs of Backstage, Keycloak and what is before them");
}
