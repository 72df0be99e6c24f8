import * as pulumi from "@pulumi/pulumi";
import type { DecidedSettings } from "../config";
import { type Claim, clusterClaims, keycloakClaims, placeOf } from "../lib/ownership/claims";
import { droppedFaults, moveFaults, ownerOf, type Seen } from "../lib/ownership/stackMark";
import { ANSWER_MS, clusterConfig, inTime } from "../lib/kubeconfig";
import type { LastUpdate } from "./lastUpdate";
import type { State } from "./state";

/** How many objects are asked for at a time. */
const AT_ONCE = 20;

/** What the API server has under each name. */
async function readObjects(claims: readonly Claim[], kubeconfig: string): Promise<Seen[]> {
  if (claims.length === 0) return [];
  // It takes a while to load, and a run that makes nothing new does not need it.
  const { KubernetesObjectApi } = await import("@kubernetes/client-node");
  const api = KubernetesObjectApi.makeApiClient(await clusterConfig(kubeconfig));
  const read = async ({ apiVersion = "", kind, namespace, name }: Claim): Promise<Seen> => {
    const { metadata } = await api.read({
      apiVersion,
      kind,
      metadata: { name, ...(namespace === "" ? {} : { namespace }) },
    });
    return { annotations: metadata?.annotations ?? {}, isGoing: metadata?.deletionTimestamp !== undefined };
  };
  const seen: Seen[] = [];
  for (let from = 0; from < claims.length; from += AT_ONCE) {
    const batch = claims.slice(from, from + AT_ONCE).map((claim) => {
      return inTime<Seen, Seen>(read(claim), { unknown: `no answer in ${ANSWER_MS / 1000} s` }).catch(
        (error: unknown): Seen => {
          const { code, message } = error as { code?: unknown; message: string };
          // A kind whose CRD is not there has no object either.
          return code === 404 || /^Unrecognized API version and kind/.test(message)
            ? "missing"
            : { unknown: typeof code === "number" || typeof code === "string" ? String(code) : "no answer" };
        },
      );
    });
    seen.push(...(await Promise.all(batch)));
  }
  return seen;
}

/**
 * The namespaces that are somebody else's: the program uses them and makes none of them. Throws a sentence for
 * everything else of theirs that is in the way, and for what would be deleted although it is in use.
 */
export async function foreignNamespaces(
  settings: DecidedSettings,
  last: LastUpdate,
  { urns }: State,
): Promise<ReadonlySet<string>> {
  const claims = clusterClaims(settings);
  const protects = settings.namespaces.protect || last.namespacesProtected === true;
  // Of what handover made, all but the source stays in the cluster.
  const retained = (urn: string): boolean =>
    last.mode === "handover" && settings.mode === "hybrid" && !urn.includes("SourceSecret$");
  const faults = [
    ...moveFaults([...claims, ...keycloakClaims(settings)], urns),
    ...(protects ? droppedFaults(claims, urns, retained) : []),
  ];
  if (faults.length > 0) throw new pulumi.RunError(faults.map((fault) => `config: ${fault}`).join("\n"));

  const unstored = claims.filter((claim) => !urns.has(placeOf(claim)));
  const seen = await readObjects(unstored, settings.kubeconfig);
  const verdicts = unstored.map((claim, index) => ({
    claim,
    verdict: ownerOf(claim, seen[index] ?? "missing", pulumi.getStack()),
  }));
  const inTheWay = verdicts.flatMap(({ verdict }) =>
    typeof verdict === "object" ? [`Kubernetes: ${verdict.fault}`] : [],
  );
  if (inTheWay.length > 0) throw new pulumi.RunError(inTheWay.join("\n"));
  const foreign = verdicts.filter(({ verdict }) => verdict === "theirs").map(({ claim }) => claim.name);
  // Said once: by the time that the stack has something in it, it is known.
  const isNew = (name: string): boolean => ![...urns.keys()].some((place) => place.includes(` ${name}/`));
  for (const name of foreign.filter(isNew))
    await pulumi.log.info(`Namespace ${name} was there before: it is used as it is, and never deleted.`);
  return new Set(foreign);
}
