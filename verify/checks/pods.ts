import {
  V1ContainerState,
  V1DeploymentStatus,
  type V1ContainerStatus,
  type V1Deployment,
  type V1Pod,
} from "@kubernetes/client-node";
import { gateNames } from "../../lib/pod/gates";
import { checksumAnnotation, dataHash } from "../../lib/pod/hashes";
import { putRight, type Context } from "../context";
import { Broken } from "../runChecks";
import { askCluster } from "./cluster";

/** The Deployment and its pods: rolled out, behind their gates, and with the Secret as it is now. */

/** How many lines of a log are shown. */
const LINES = 5;

/** A container that keeps its pod from being ready, and whether an earlier run of it has left a log. */
export interface ContainerFault {
  readonly container: string;
  readonly description: string;
  readonly ended: boolean;
}

/** The first such container; init containers run one after the other, before the others. */
export function containerFault({ status }: V1Pod): ContainerFault | undefined {
  const faultOf = (
    kind: string,
    { name, state, lastState, restartCount, ready }: V1ContainerStatus,
  ): ContainerFault | undefined => {
    const last = state?.terminated ?? lastState?.terminated;
    const after = `${last === undefined ? "" : `, last exit code ${last.exitCode}`}${restartCount > 0 ? `, ${restartCount} restarts` : ""}`;
    const fault = (condition: string): ContainerFault => ({
      container: name,
      description: `${kind} ${name} ${condition}${after}`,
      ended: state?.running === undefined && restartCount > 0,
    });
    const { waiting, terminated } = state ?? new V1ContainerState();
    if (waiting !== undefined)
      return waiting.reason === "PodInitializing" ? undefined : fault(`waits: ${waiting.reason ?? "?"}`);
    if (terminated !== undefined)
      return terminated.exitCode === 0 ? undefined : fault(`ended: ${terminated.reason ?? "?"}`);
    if (kind === "gate") return fault("has not passed yet");
    return ready ? undefined : fault("runs, but is not ready");
  };
  const gates = (status?.initContainerStatuses ?? []).map((one) => faultOf("gate", one));
  const others = (status?.containerStatuses ?? []).map((one) => faultOf("container", one));
  return [...gates, ...others].find((fault) => fault !== undefined);
}

/** What a Deployment has replaced, and only the garbage collector has not: evicted, or ended with its node. */
const isOver = ({ status }: V1Pod): boolean => status?.phase === "Failed" || status?.phase === "Succeeded";

/** Is it somebody else's, who gave it the same label: a Job's, a copy to look into? */
const isOthers = ({ metadata }: V1Pod): boolean =>
  metadata?.ownerReferences?.some(({ kind, controller }) => controller === true && kind !== "ReplicaSet") ?? false;

/** The pods that are to stay. */
export async function podsOf(context: Context): Promise<V1Pod[]> {
  const {
    cluster,
    outputs: { namespace, deployment },
  } = context;
  const pods = (await askCluster(context, "list pods", cluster.pods(namespace, deployment))) ?? [];
  return pods.filter((pod) => pod.metadata?.deletionTimestamp === undefined && !isOver(pod) && !isOthers(pod));
}

export const nameOf = ({ metadata }: V1Pod): string => metadata?.name ?? "?";

/** The end of a container's log, of its last run when this one has none. */
async function logOf(context: Context, pod: V1Pod, container: string, previous = false): Promise<string[]> {
  const {
    cluster,
    outputs: { namespace },
  } = context;
  const question = cluster.core.readNamespacedPodLog({
    namespace,
    name: nameOf(pod),
    container,
    tailLines: LINES,
    previous,
  });
  // A container that never ran has no log, which the API server calls a bad request.
  const text = await question.catch((error: unknown) =>
    (error as { code?: number }).code === 400
      ? ""
      : askCluster(context, "get pods/log", Promise.reject(error as Error)),
  );
  return (text ?? "").split("\n").filter((line) => line !== "");
}

/** Why a pod is not ready, in one line, and the end of the log of what keeps it. */
async function podFault(context: Context, pod: V1Pod): Promise<Broken> {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False")
    return new Broken(
      `pod ${nameOf(pod)} is not scheduled: ${scheduled.message ?? ""}`,
      "make room for it, or correct nodeSelector, tolerations and resources",
    );
  const fault = containerFault(pod);
  if (fault === undefined) return new Broken(`pod ${nameOf(pod)} is not ready yet`, "wait, or look at its events");
  const { description: what, container, ended } = fault;
  const image = /waits: (\S*Image\S*)/.test(what)
    ? [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].find(({ name }) => name === container)
        ?.image
    : undefined;
  if (image !== undefined)
    return new Broken(
      `pod ${nameOf(pod)}: ${what}: ${image}`,
      "correct backstage.image or what pulls it, and run pulumi up",
    );
  const remedy = what.startsWith("gate") ? "mend what the gate says" : "mend what its log says, and run pulumi up";
  return new Broken(`pod ${nameOf(pod)}: ${what}`, remedy, await logOf(context, pod, container, ended));
}

const isReady = ({ status }: V1Pod): boolean =>
  (status?.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True");

/** Is the rollout over? Undefined when it is, else what is missing. */
export function rolloutFault({ metadata, spec, status }: V1Deployment): string | undefined {
  const replicasWanted = spec?.replicas ?? 1;
  const {
    observedGeneration = 0,
    updatedReplicas = 0,
    availableReplicas = 0,
    replicas = 0,
  } = status ?? new V1DeploymentStatus();
  if (observedGeneration < (metadata?.generation ?? 0)) return "the controller has not seen the latest change yet";
  if (updatedReplicas < replicasWanted)
    return `${updatedReplicas} of ${replicasWanted} pods are of the latest revision`;
  if (availableReplicas < replicasWanted) return `${availableReplicas} of ${replicasWanted} pods are ready`;
  return replicas > updatedReplicas
    ? `${replicas - updatedReplicas} pods of an older revision are still there`
    : undefined;
}

/** Is the Deployment there, and every pod of its latest revision ready? */
export async function isRolledOut(context: Context): Promise<string> {
  const {
    cluster,
    outputs: { namespace, deployment: name },
  } = context;
  const deployment = await askCluster(
    context,
    "get deployments",
    cluster.apps.readNamespacedDeployment({ namespace, name }),
  );
  if (deployment === undefined) throw new Broken(`Deployment ${namespace}/${name} is missing`, putRight(context));
  if (deployment.spec?.replicas === 0)
    throw new Broken(`Deployment ${namespace}/${name} is scaled to 0`, `${putRight(context)}, or scale it up`);
  const pods = await podsOf(context);
  const fault = rolloutFault(deployment);
  const unready = pods
    .filter((pod) => !isReady(pod))
    .sort((a, b) => Number(b.metadata?.creationTimestamp) - Number(a.metadata?.creationTimestamp))[0];
  // The Deployment's own count decides: a pod that it does not miss is none of its.
  if (fault !== undefined && unready !== undefined) throw await podFault(context, unready);
  if (fault !== undefined) throw new Broken(fault, "wait for the rollout, or run pulumi up");
  const restarts = pods
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return `${pods.filter(isReady).length} ready, ${restarts} restarts`;
}

/** Have both gates passed in every pod? Their last line is what Keycloak said inside the cluster. */
export async function gatesArePassed(context: Context): Promise<string> {
  let lastLine = "";
  for (const pod of await podsOf(context)) {
    for (const gate of gateNames) {
      const status = pod.status?.initContainerStatuses?.find(({ name }) => name === gate);
      if (status?.state?.terminated?.exitCode !== 0)
        throw new Broken(`pod ${nameOf(pod)} has not passed the gate ${gate}`, putRight(context));
      lastLine = (await logOf(context, pod, gate)).at(-1) ?? lastLine;
    }
  }
  return lastLine.replace(/^.*?: .*?: /, "");
}

/** Does every pod run with the Secret as the state has it now? */
export async function podsAreCurrent(context: Context): Promise<string> {
  const { contractSecret, credential } = context.outputs;
  const hash = dataHash(credential);
  const pods = await podsOf(context);
  const stale = pods.find(
    ({ metadata }) => metadata?.annotations?.[checksumAnnotation("secret", contractSecret)] !== hash,
  );
  if (stale !== undefined)
    throw new Broken(`pod ${nameOf(stale)} was made for another content of the Secret`, putRight(context));
  return `hash ${hash.slice(0, 12)}`;
}
