import { AppsV1Api, CoreV1Api, CustomObjectsApi, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import * as fs from "node:fs";
import { UserError } from "../lib/errors";

/** The few questions that verify, the sandbox and the tests ask a cluster. */
export interface ClusterClient {
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly custom: CustomObjectsApi;
  /** The API server's URL. */
  readonly server: string;
  /** Throws a UserError when the API server does not answer. */
  readonly answers: () => Promise<void>;
  readonly nodeAddress: () => Promise<string>;
  readonly nodesWithoutImage: (image: string) => Promise<string[]>;
  readonly pods: (namespace: string, app: string) => Promise<V1Pod[]>;
}

export function clusterClient(kubeconfig: string): ClusterClient {
  if (!fs.existsSync(kubeconfig)) {
    throw new UserError(`There is no kubeconfig at ${kubeconfig}; start the cluster, or name another kubeconfig.`);
  }
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const server = config.getCurrentCluster()?.server ?? "(no current context)";
  const nodes = async (): Promise<Awaited<ReturnType<CoreV1Api["listNode"]>>["items"]> => (await core.listNode()).items;
  return {
    core,
    apps: config.makeApiClient(AppsV1Api),
    custom: config.makeApiClient(CustomObjectsApi),
    server,
    async answers() {
      try {
        await core.listNode();
      } catch (error) {
        const { code, message } = error as { code?: string | number; message: string };
        throw new UserError(
          `The API server ${server} of ${kubeconfig} does not let us in (${code ?? message}); start it or correct the kubeconfig.`,
        );
      }
    },
    async nodeAddress() {
      const found = (await nodes())
        .flatMap((node) => node.status?.addresses ?? [])
        .find(({ type }) => type === "InternalIP");
      if (found === undefined) throw new UserError("No node of the cluster has an internal address; is a node ready?");
      return found.address;
    },
    async nodesWithoutImage(image) {
      return (await nodes())
        .filter((node) => !(node.status?.images ?? []).some(({ names }) => names?.includes(image)))
        .map((node) => node.metadata?.name ?? "?");
    },
    async pods(namespace, app) {
      return (await core.listNamespacedPod({ namespace, labelSelector: `app=${app}` })).items;
    },
  };
}
