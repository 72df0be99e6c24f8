import type { Properties } from "../values";
import { annotation, at, count, list, record, text } from "./object";

/** When is an object ready? Plain decisions over live objects. */

export interface Readiness {
  ready: boolean;
  /** What is missing, as the end of a sentence. */
  missing: string;
  /** It will not become ready by waiting. */
  failed?: boolean;
}

const done: Readiness = { ready: true, missing: "" };
const wait = (missing: string): Readiness => ({ ready: false, missing });
const fail = (missing: string): Readiness => ({ ready: false, missing, failed: true });

export const condition = (object: Properties, type: string): Properties =>
  record({ found: list(object, "status", "conditions").find((entry) => text(entry, "type") === type) }, "found");

/** Has the controller seen the newest spec? Until then the status tells about an older one. */
const observed = (object: Properties): boolean =>
  count(object, "status", "observedGeneration") >= count(object, "metadata", "generation");

/** The time at which the deadline was exceeded; "" while it is not. */
export function deadlineExceeded(deployment: Properties): string {
  const progressing = condition(deployment, "Progressing");
  return text(progressing, "reason") === "ProgressDeadlineExceeded" ? text(progressing, "lastUpdateTime") : "";
}

/** `ignoredDeadline`: an exceeded deadline from before this operation, whose pods may recover yet. */
function deployment(object: Properties, ignoredDeadline: string): Readiness {
  if (!observed(object)) return wait("the controller has not seen the change yet");
  if (at(object, "spec", "paused") === true) return done;
  const wanted = count(object, "spec", "replicas");
  const [all, updated] = [count(object, "status", "replicas"), count(object, "status", "updatedReplicas")];
  const available = count(object, "status", "availableReplicas");
  if (updated === wanted && all === wanted && available === wanted) return done;
  const missing =
    available >= wanted && all > updated
      ? `${all - updated} old pods still run beside ${updated} of ${wanted} new ones`
      : `${Math.min(available, updated)} of ${wanted} pods are available`;
  const replicaFailure = text(condition(object, "ReplicaFailure"), "message");
  if (replicaFailure !== "") return wait(`${missing}: ${replicaFailure}`);
  const exceeded = deadlineExceeded(object);
  return exceeded !== "" && exceeded !== ignoredDeadline
    ? fail(`${missing}, progress deadline exceeded`)
    : wait(missing);
}

function statefulSet(object: Properties): Readiness {
  if (!observed(object)) return wait("the controller has not seen the change yet");
  const wanted = count(object, "spec", "replicas");
  const [ready, updated] = [count(object, "status", "readyReplicas"), count(object, "status", "updatedReplicas")];
  const onDelete = text(object, "spec", "updateStrategy", "type") === "OnDelete";
  if (ready === wanted && (onDelete || updated === wanted || wanted === 0)) return done;
  return wait(`${ready} of ${wanted} pods are ready, ${updated} up to date`);
}

function daemonSet(object: Properties): Readiness {
  if (!observed(object)) return wait("the controller has not seen the change yet");
  const wanted = count(object, "status", "desiredNumberScheduled");
  const available = count(object, "status", "numberAvailable");
  const updated = count(object, "status", "updatedNumberScheduled");
  const onDelete = text(object, "spec", "updateStrategy", "type") === "OnDelete";
  return available === wanted && (onDelete || updated === wanted)
    ? done
    : wait(`${available} of ${wanted} pods are available`);
}

function job(object: Properties): Readiness {
  if (text(condition(object, "Complete"), "status") === "True") return done;
  const failed = condition(object, "Failed");
  if (text(failed, "status") === "True")
    return fail(`it failed (${text(failed, "reason")}: ${text(failed, "message")})`);
  return wait(`${count(object, "status", "succeeded")} of ${count(object, "spec", "completions")} pods have succeeded`);
}

function pod(object: Properties): Readiness {
  const phase = text(object, "status", "phase");
  if (phase === "Succeeded" || text(condition(object, "Ready"), "status") === "True") return done;
  const restarts = text(object, "spec", "restartPolicy") !== "Never";
  return phase === "Failed" && !restarts ? fail("it failed") : wait(`its phase is ${phase === "" ? "unknown" : phase}`);
}

function service(object: Properties, hasEndpoint: boolean): Readiness {
  const type = text(object, "spec", "type");
  if (type === "LoadBalancer" && list(object, "status", "loadBalancer", "ingress").length === 0) {
    return wait("no load balancer has an address for it yet");
  }
  const selects = Object.keys(record(object, "spec", "selector")).length > 0;
  const headless = text(object, "spec", "clusterIP") === "None";
  if (type === "ExternalName" || headless || !selects || hasEndpoint) return done;
  return wait("no ready pod is behind it");
}

/** Not looked at: the Services behind it, which are awaited as resources of their own. */
function ingress(object: Properties): Readiness {
  const led = list(object, "status", "loadBalancer", "ingress").length > 0;
  return led ? done : wait("no controller has given it an address yet");
}

/** Facts that are not in the object itself. */
export interface Surroundings {
  hasEndpoint: boolean;
  bindsOnFirstUse: boolean;
  ignoredDeadline: string;
}

/** The kinds that are awaited, as by the official provider; undefined for all others. */
export function readiness(object: Properties, around: Surroundings): Readiness | undefined {
  switch (`${text(object, "apiVersion")}/${text(object, "kind")}`) {
    case "apps/v1/Deployment":
      return deployment(object, around.ignoredDeadline);
    case "apps/v1/StatefulSet":
      return statefulSet(object);
    case "apps/v1/DaemonSet":
      return daemonSet(object);
    case "batch/v1/Job":
      return at(object, "spec", "suspend") === true ? done : job(object);
    case "v1/Pod":
      return pod(object);
    case "v1/Service":
      return service(object, around.hasEndpoint);
    case "networking.k8s.io/v1/Ingress":
      return ingress(object);
    case "v1/PersistentVolumeClaim":
      return around.bindsOnFirstUse || text(object, "status", "phase") === "Bound" ? done : wait("it is not bound");
    default:
      return undefined;
  }
}

/** The expressions of `pulumi.com/waitFor`: one, or a JSON list of them. */
export function waitForExpressions(object: Properties): string[] {
  const value = annotation(object, "pulumi.com/waitFor");
  if (value === "") return [];
  try {
    const parsed: unknown = JSON.parse(value);
    if (Array.isArray(parsed)) return parsed.map(String);
  } catch {
    // a single expression is no JSON
  }
  return [value];
}

/** Is `condition=TYPE[=STATUS]` or `jsonpath={.a.b[0]}[=VALUE]` true of the object? */
export function satisfies(object: Properties, expression: string): boolean {
  const [, type = "", status = "True"] = /^condition=([^=]+)(?:=(.+))?$/.exec(expression) ?? [];
  if (type !== "") return text(condition(object, type), "status").toLowerCase() === status.toLowerCase();
  const [, steps, value] = /^jsonpath=\{?((?:\.[\w-]+|\[\d+\]|\['[^']+'\])+)\}?(?:=(.*))?$/.exec(expression) ?? [];
  if (steps === undefined) {
    throw new Error(
      `pulumi.com/waitFor "${expression}" is not understood; use condition=TYPE or jsonpath={.path}=VALUE.`,
    );
  }
  const path = [...steps.matchAll(/\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]/g)].map(([, name, index, quoted]) =>
    index === undefined ? (name ?? quoted ?? "") : Number(index),
  );
  const found = at(object, ...path);
  if (found === undefined) return false;
  return value === undefined || (typeof found === "string" ? found : JSON.stringify(found)) === value;
}
