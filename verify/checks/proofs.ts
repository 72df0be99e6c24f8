import type { V1Pod } from "@kubernetes/client-node";
import { catalogCredential, prove } from "../../lib/pod/scripts/keycloak.mjs";
import { isHybrid, type Context } from "../context";
import { Broken, CannotLook } from "../runChecks";
import { askCluster } from "./cluster";
import { nameOf, podsOf } from "./pods";
import { contents } from "./secret";

/** What the pods themselves say of the credential that they use: each proves it anew, and logs the result. */

/** In seconds: how far back a log is read. A pod repeats its last word at least every six and a half minutes. */
const SINCE = 450;
/** In bytes: the most of a log that is read. */
const MOST = 8 * 1024 * 1024;

/** The last proof in a log, without its prefix; undefined where it has none. */
export function lastProof(log: string): string | undefined {
  return /^health: proof: (.*)$/.exec(
    log.split("\n").findLast((line) => line.startsWith("health: proof: ") && !line.includes("the catalog")) ?? "",
  )?.[1];
}

/**
 * What is wrong with what a pod said last; undefined when nothing is. A refusal may be as old as the time between two
 * proofs.
 */
export function proofFault(pod: string, proof: string | undefined): Broken | undefined {
  if (proof === undefined)
    return new CannotLook(
      `the log of pod ${pod} has no proof of the last ${SINCE} s`,
      "look whether something floods it, and at the pod's port health, /metrics",
    );
  if (proof.startsWith("Keycloak accepts")) return undefined;
  if (proof.startsWith("not repeated"))
    return new CannotLook(
      `pod ${pod} could not ask: ${proof.replace("not repeated: ", "")}`,
      "look at the way from the pod to Keycloak",
    );
  const [fact = "", remedy = ""] = proof.split(/: (?=run pulumi up)/);
  return new Broken(`pod ${pod}: ${fact}`, remedy === "" ? "mend what it says" : remedy);
}

/** Of which generations a proof says that the credential is. */
const generationsOf = (proof: string): string => proof.split("; ").at(-1) ?? "";

async function proofOf({ cluster, outputs: { namespace } }: Context, pod: V1Pod): Promise<string | undefined> {
  return lastProof(
    await cluster.core.readNamespacedPodLog({
      namespace,
      name: nameOf(pod),
      container: "backstage",
      sinceSeconds: SINCE,
      limitBytes: MOST,
    }),
  );
}

/**
 * Did Keycloak accept, at its last proof, the credential that each pod was started with? Which one that is, by its
 * generations. Where each pod's template says that it is the Secret's, which Keycloak accepts now, a refusal is
 * outdated.
 */
export async function podsProveTheirs(context: Context): Promise<string> {
  const podsByGenerations = new Map<string, number>();
  for (const pod of await podsOf(context)) {
    const proof = await askCluster(context, "get pods/log", proofOf(context, pod));
    const fault = proofFault(nameOf(pod), proof);
    const isOutdated = !isHybrid(context) && fault !== undefined && !(fault instanceof CannotLook);
    if (fault !== undefined && !isOutdated) throw fault;
    const generations = isOutdated
      ? "a credential that was refused a while ago, and is accepted now"
      : generationsOf(proof ?? "");
    podsByGenerations.set(generations, (podsByGenerations.get(generations) ?? 0) + 1);
  }
  return [...podsByGenerations].map(([generations, pods]) => `${pods} of ${generations}`).join("; ");
}

/** Does Keycloak accept the credential by which the catalog reads users and groups? */
export async function catalogIsAccepted(context: Context): Promise<string> {
  const held = (await contents(context)) ?? {};
  const catalog = catalogCredential((key) => held[key]);
  if (catalog === undefined)
    throw new Broken("the Secret holds no credential of the catalog", "run pulumi up --refresh");
  const { answer, why } = await prove(catalog);
  if (answer === "refused") throw new Broken(why, "the catalog is not filled: run pulumi up --refresh");
  if (answer === "unknown") throw new CannotLook(why, "look at Keycloak's log");
  return `${catalog.clientId}, ${why}`;
}
