import type { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { existsSync } from "node:fs";
import { type Needed, neededFault } from "../lib/needed";
import { ambientKubeconfig } from "./kubeconfig";

const ANSWER_MS = 15_000;

function load(config: KubeConfig, setting: string): void {
  const file = setting === "" ? ambientKubeconfig() : setting;
  if (setting.includes("\n")) config.loadFromString(setting);
  else if (existsSync(file)) config.loadFromFile(file);
  else config.loadFromCluster();
}

/** The keys of an object; none for what has no data. */
async function keysOf(core: CoreV1Api, { kind, namespace, name }: Needed): Promise<string[]> {
  if (kind === "Secret") return Object.keys((await core.readNamespacedSecret({ namespace, name })).data ?? {});
  if (kind === "ConfigMap") {
    const { data, binaryData } = await core.readNamespacedConfigMap({ namespace, name });
    return Object.keys({ ...data, ...binaryData });
  }
  await (kind === "Namespace" ? core.readNamespace({ name }) : core.readNamespacedPersistentVolumeClaim({ namespace, name }));
  return [];
}

/** A sentence for each object that the cluster lacks. What the cluster does not let us see is not judged. */
export async function neededFaults(needed: readonly Needed[], kubeconfig: string): Promise<string[]> {
  if (needed.length === 0) return [];
  // It takes a while to load, and few stacks need it.
  const client = await import("@kubernetes/client-node");
  const config = new client.KubeConfig();
  load(config, kubeconfig);
  const core = config.makeApiClient(client.CoreV1Api);
  const faults = needed.map(async (one) => {
    const timeout = new Promise<string>((resolve) => setTimeout(resolve, ANSWER_MS, "unknown").unref());
    const keys = await Promise.race([keysOf(core, one), timeout]).catch((error: unknown) => ((error as { code?: unknown }).code === 404 ? undefined : "unknown"));
    return typeof keys === "string" ? undefined : neededFault(one, keys);
  });
  return [...new Set(await Promise.all(faults))].filter((fault) => fault !== undefined);
}
