import { credentialsFrom, probe } from "../../lib/pod/scripts/keycloak.mjs";
import { dataHash } from "../../lib/pod/hashes";
import { putRight, type Context } from "../context";
import { Broken, CannotLook } from "../runChecks";
import { endpoint } from "./client";
import { askCluster } from "./cluster";

/** The contract Secret, and what Keycloak makes of the credential in it. */

/** What the Secret holds now. */
export async function contents(context: Context): Promise<Record<string, string> | undefined> {
  const {
    cluster,
    outputs: { namespace, contractSecret: name },
  } = context;
  const secret = await askCluster(context, "get secrets", cluster.core.readNamespacedSecret({ namespace, name }));
  if (secret === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
  );
}

/** What is wrong with the Secret's contents; the keys are named, their values never. */
export function secretFault(
  name: string,
  held: Readonly<Record<string, string>> | undefined,
  expected: Readonly<Record<string, string>>,
  remedy: string,
): Broken | undefined {
  if (held === undefined) return new Broken(`Secret ${name} is missing`, remedy);
  const missing = Object.keys(expected).filter((key) => (held[key] ?? "") === "");
  if (missing.length > 0) return new Broken(`Secret ${name} lacks ${missing.join(", ")}`, remedy);
  const different = [...new Set([...Object.keys(expected), ...Object.keys(held)])].filter(
    (key) => held[key] !== expected[key],
  );
  if (different.length > 0)
    return new Broken(`in Secret ${name} ${different.join(", ")} is not what the state says`, remedy);
  return undefined;
}

/** Is the Secret there, complete, and what the state says? */
export async function secretIsRight(context: Context): Promise<string> {
  const { credential, namespace, contractSecret } = context.outputs;
  const held = await contents(context);
  const fault = secretFault(`${namespace}/${contractSecret}`, held, credential, putRight(context));
  if (fault !== undefined) throw fault;
  return `${namespace}/${contractSecret}, ${Object.keys(credential).length} keys, hash ${dataHash(credential).slice(0, 12)}`;
}

/** Does Keycloak accept the credential that the Secret holds, and the one beside it while two clients change over? */
export async function credentialIsAccepted(context: Context): Promise<string> {
  const held = (await contents(context)) ?? {};
  const answers: string[] = [];
  for (const credential of credentialsFrom((key) => held[key])) {
    const { answer, why } = await probe(credential, endpoint(credential.issuer, "token"));
    if (answer === "refused") throw new Broken(why, "the Secret is stale: run pulumi up --refresh");
    if (answer === "unknown")
      throw new CannotLook(why, "look again, then at the logs of Keycloak and of what is before it");
    answers.push(why);
  }
  return answers.join(", and beside it ");
}
