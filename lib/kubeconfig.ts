import type { KubeConfig } from "@kubernetes/client-node";
import { existsSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** The kubeconfig of whoever runs this: the first of KUBECONFIG, else ~/.kube/config, be it there or not. */
export function ambientKubeconfig(): string {
  const named = process.env.KUBECONFIG?.split(path.delimiter).find((file) => file !== "");
  return named ?? path.join(os.homedir(), ".kube", "config");
}

/** How long the API server may take for an answer before a run, in ms. */
export const ANSWER_MS = 15_000;

/** An answer, or what stands for it where it is late. */
export const inTime = <T, Late>(question: Promise<T>, late: Late): Promise<T | Late> =>
  Promise.race([question, new Promise<Late>((resolve) => setTimeout(resolve, ANSWER_MS, late).unref())]);

/**
 * The cluster of the setting `kubeconfig`, as the Kubernetes provider finds it: path or text, the ambient one, the
 * pod's.
 */
export async function clusterConfig(setting: string): Promise<KubeConfig> {
  const client = await import("@kubernetes/client-node");
  const config = new client.KubeConfig();
  const file = setting === "" ? ambientKubeconfig() : setting;
  if (setting.includes("\n")) config.loadFromString(setting);
  else if (existsSync(file)) config.loadFromFile(file);
  else config.loadFromCluster();
  return config;
}
