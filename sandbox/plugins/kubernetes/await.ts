import type { Operation } from "../provider";
import type { Properties } from "../values";
import type { Cluster } from "./client";
import { diagnose } from "./diagnose";
import { annotation, at, referenceTo, sentenceName, text } from "./object";
import { deadlineExceeded, type Readiness, readiness, satisfies, type Surroundings, waitForExpressions } from "./ready";

/** Waiting for objects to become ready, or to be gone; always bounded. */

/** The object is there, but did not become ready in time. */
export class NotReady extends Error {
  constructor(
    readonly live: Properties,
    readonly reasons: string[],
  ) {
    super(reasons.join("\n"));
  }
}

export const awaitSettings = { everyMs: 300, defaultSeconds: 600 };

type Waiting = Pick<Operation<unknown>, "timeoutSeconds" | "cancelled" | "say">;

function timeoutOf(inputs: Properties, { timeoutSeconds }: Waiting): number {
  const annotated = Number(annotation(inputs, "pulumi.com/timeoutSeconds"));
  return timeoutSeconds ?? (Number.isInteger(annotated) && annotated > 0 ? annotated : awaitSettings.defaultSeconds);
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, awaitSettings.everyMs));

async function surroundings(cluster: Cluster, object: Properties, ignoredDeadline: string): Promise<Surroundings> {
  const { kind, namespace, name } = referenceTo(object);
  const result: Surroundings = { hasEndpoint: false, bindsOnFirstUse: false, ignoredDeadline };
  if (kind === "Service") {
    const slices = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace };
    const found = await cluster.list(slices, { labelSelector: `kubernetes.io/service-name=${name}` });
    const endpoints = found.flatMap((slice) => (at(slice, "endpoints") ?? []) as unknown[]);
    result.hasEndpoint = endpoints.some((endpoint) => at(endpoint, "conditions", "ready") !== false);
  }
  const storageClass = text(object, "spec", "storageClassName");
  if (kind === "PersistentVolumeClaim" && storageClass !== "") {
    const reference = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", namespace: "", name: storageClass };
    result.bindsOnFirstUse = text(await cluster.get(reference), "volumeBindingMode") === "WaitForFirstConsumer";
  }
  return result;
}

/** The state of a live object; undefined when nothing about it is awaited. */
export async function judge(
  cluster: Cluster,
  live: Properties,
  inputs: Properties,
  ignoredDeadline = "",
): Promise<Readiness | undefined> {
  if (annotation(inputs, "pulumi.com/skipAwait") === "true") return undefined;
  const expressions = waitForExpressions(inputs);
  if (expressions.length === 0) return readiness(live, await surroundings(cluster, live, ignoredDeadline));
  const open = expressions.filter((expression) => !satisfies(live, expression));
  return { ready: open.length === 0, missing: `${open.join(" and ")} is not true` };
}

const notYet = (error: unknown): Readiness => ({
  ready: false,
  missing: error instanceof Error ? error.message : String(error),
});

/** Waits until an object that was just applied is ready; returns it as it is then. */
export async function awaitReady(
  cluster: Cluster,
  applied: Properties,
  inputs: Properties,
  waiting: Waiting,
): Promise<Properties> {
  const reference = referenceTo(applied);
  const seconds = timeoutOf(inputs, waiting);
  const end = performance.now() + seconds * 1000;
  const ignoredDeadline = deadlineExceeded(applied);
  let live = applied;
  let said = "";
  for (;;) {
    // An API server that restarts is no reason to forget an object that was made.
    let state = await judge(cluster, live, inputs, ignoredDeadline).catch(notYet);
    if (state === undefined || state.ready) return live;
    if (waiting.cancelled.aborted)
      state = { ...state, failed: true, missing: `${state.missing}; the run was cancelled` };
    if (state.failed === true || performance.now() > end) {
      const within = state.failed === true ? "" : ` within ${seconds} s`;
      const fact = `${sentenceName(reference)} did not become ready${within}: ${state.missing}.`;
      throw new NotReady(live, [fact, ...(await diagnose(cluster, live))]);
    }
    if (state.missing !== said) waiting.say(`waiting: ${state.missing}`);
    said = state.missing;
    await pause();
    const next = await cluster.get(reference).catch(() => live);
    if (next === undefined)
      throw new NotReady(live, [`${sentenceName(reference)} was deleted while it was awaited; run again.`]);
    live = next;
  }
}

/** Waits until a deleted object is gone, or another one with its name is there. */
export async function awaitGone(cluster: Cluster, object: Properties, waiting: Waiting): Promise<void> {
  const reference = referenceTo(object);
  const seconds = timeoutOf(object, waiting);
  const end = performance.now() + seconds * 1000;
  const uid = text(object, "metadata", "uid");
  for (;;) {
    const live = await cluster.get(reference);
    if (live === undefined || (uid !== "" && text(live, "metadata", "uid") !== uid)) return;
    if (performance.now() > end || waiting.cancelled.aborted) {
      const finalizers = ((at(live, "metadata", "finalizers") ?? []) as string[]).join(", ");
      const cause = finalizers === "" ? "" : `; its finalizers are ${finalizers}`;
      throw new Error(
        `${sentenceName(reference)} was not gone within ${seconds} s${cause}; look at what still uses it.`,
      );
    }
    await pause();
  }
}
