import type { CoreV1Api } from "@kubernetes/client-node";
import { type Needed, neededFault } from "../lib/pod/prerequisites";
import { clusterConfig, inTime } from "../lib/kubeconfig";

/** The keys of an object; none for what has no data. */
async function keysOf(core: CoreV1Api, { kind, namespace, name }: Needed): Promise<string[]> {
  if (kind === "Secret") return Object.keys((await core.readNamespacedSecret({ namespace, name })).data ?? {});
  if (kind === "ConfigMap") {
    const { data, binaryData } = await core.readNamespacedConfigMap({ namespace, name });
    return Object.keys({ ...data, ...binaryData });
  }
  await (kind === "Namespace"
    ? core.readNamespace({ name })
    : core.readNamespacedPersistentVolumeClaim({ namespace, name }));
  return [];
}

/** A sentence for each object that the cluster lacks. What the cluster does not let us see is not judged. */
export async function neededFaults(needed: readonly Needed[], kubeconfig: string): Promise<string[]> {
  if (needed.length === 0) return [];
  // It takes a while to load, and few stacks need it.
  const { CoreV1Api } = await import("@kubernetes/client-node");
  const core = (await clusterConfig(kubeconfig)).makeApiClient(CoreV1Api);
  const faults = needed.map(async (one) => {
    const keys = await inTime(keysOf(core, one), "unknown").catch((error: unknown) =>
      (error as { code?: unknown }).code === 404 ? undefined : "unknown",
    );
    return typeof keys === "string" ? undefined : neededFault(one, keys);
  });
  return [...new Set(await Promise.all(faults))].filter((fault) => fault !== undefined);
}
