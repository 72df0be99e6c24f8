import type { Properties } from "../values";
import type { Cluster } from "./client";
import { at, count, list, record, type Reference, referenceTo, text } from "./object";
import { condition } from "./ready";

/** Why an object's pods are not ready: pod, container, reason, last log lines. */

const shown = { pods: 3, lines: 10 };

/** The labels of the pods behind a workload; undefined when it has none. */
function podLabels(object: Properties): Properties | undefined {
  if (object.kind === "Service") return record(object, "spec", "selector");
  const labels = record(object, "spec", "selector", "matchLabels");
  return Object.keys(labels).length > 0 ? labels : undefined;
}

interface ContainerFault {
  container: string;
  what: string;
}

/** The first container that keeps a pod from being ready; init containers run one by one, before the others. */
export function containerFault(pod: Properties): ContainerFault | undefined {
  for (const [status, kind] of [
    ["initContainerStatuses", "init container"],
    ["containerStatuses", "container"],
  ] as const) {
    for (const entry of list(pod, "status", status)) {
      const container = text(entry, "name");
      const exited = at(entry, "state", "terminated") ?? at(entry, "lastState", "terminated");
      const exit = exited === undefined ? "" : `, last exit code ${count(exited, "exitCode")}`;
      const restarts = count(entry, "restartCount");
      const after = `${exit}${restarts > 0 ? `, ${restarts} restarts` : ""}`;
      const waiting = text(entry, "state", "waiting", "reason");
      if (waiting === "PodInitializing") continue;
      if (waiting !== "") {
        const message = text(entry, "state", "waiting", "message");
        return { container, what: `${kind} ${container}: ${waiting}${message === "" ? "" : ` (${message})`}${after}` };
      }
      if (at(entry, "state", "terminated") !== undefined) {
        if (count(entry, "state", "terminated", "exitCode") === 0) continue;
        return { container, what: `${kind} ${container}: ${text(entry, "state", "terminated", "reason")}${after}` };
      }
      if (at(entry, "ready") !== true) {
        const running = kind === "container" ? "runs but is not ready" : "still runs";
        return { container, what: `${kind} ${container} ${running}${after}` };
      }
    }
  }
  return undefined;
}

/** One text a pod: what is wrong, and below it the last log lines or events. */
async function aboutPod(cluster: Cluster, pod: Properties): Promise<string> {
  const reference: Reference = { ...referenceTo(pod), apiVersion: "v1", kind: "Pod" };
  const scheduled = condition(pod, "PodScheduled");
  if (text(scheduled, "status") === "False")
    return `pod ${reference.name} is not scheduled: ${text(scheduled, "message")}`;
  const fault = containerFault(pod);
  const said = fault === undefined ? "" : await cluster.log(reference, fault.container, shown.lines);
  // Without a log the reason is outside the container: a missing volume, an image, a sandbox.
  const detail = said === "" ? (await cluster.warnings(reference)).slice(-2) : said.split("\n");
  const what = fault?.what ?? `its phase is ${text(pod, "status", "phase")}`;
  const heading = `pod ${reference.name}: ${what}${said === "" ? "" : "; its last log lines:"}`;
  return [heading, ...detail.map((line) => `    ${line}`)].join("\n");
}

/** What keeps the object from being ready, as texts; never throws, for the fact itself is what must be reported. */
export async function diagnose(cluster: Cluster, object: Properties): Promise<string[]> {
  const reference = referenceTo(object);
  try {
    if (reference.kind === "Pod") return [await aboutPod(cluster, object)];
    const labels = podLabels(object);
    const events = (await cluster.warnings(reference)).slice(-2);
    if (labels === undefined) return events;
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(",");
    const pods = await cluster.list(
      { apiVersion: "v1", kind: "Pod", namespace: reference.namespace },
      { labelSelector },
    );
    const unready = (pods as Properties[])
      .filter(
        (pod) => text(condition(pod, "Ready"), "status") !== "True" && text(pod, "status", "phase") !== "Succeeded",
      )
      .sort((a, b) => text(b, "metadata", "creationTimestamp").localeCompare(text(a, "metadata", "creationTimestamp")));
    const texts = await Promise.all(unready.slice(0, shown.pods).map((pod) => aboutPod(cluster, pod)));
    return texts.length > 0 ? texts : events;
  } catch (error) {
    return [`why is not known: ${error instanceof Error ? error.message : String(error)}`];
  }
}
