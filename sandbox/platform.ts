import * as fs from "node:fs";
import { clusterClient } from "../verify/cluster";
import { importImage, kubeconfig as ownKubeconfig, startCluster, stopCluster } from "./cluster";
import { ensureBackstageImage } from "./image";
import { startKeycloak, stopKeycloak } from "./keycloak";
import { log } from "./process";
import { ensurePulumi } from "./pulumi";
import { externalCluster as external, platform, UserError } from "./settings";

export interface Platform {
  /** Path of the kubeconfig that everything here uses. */
  readonly kubeconfig: string;
  /** An address of a node, where NodePorts answer. */
  readonly nodeAddress: string;
  /** Keycloak's public URL. */
  readonly keycloakUrl: string;
  /** The Backstage image, on every node. */
  readonly image: string;
}

/** Makes sure that the image is on each node: loaded by us on our own, by the user on theirs. */
async function ensureImageOnNodes(kubeconfig: string): Promise<string> {
  const image = await ensureBackstageImage();
  const cluster = clusterClient(kubeconfig);
  if ((await cluster.nodesWithoutImage(image.name)).length === 0) return image.name;
  if (external !== undefined) {
    throw new UserError(
      `The nodes ${(await cluster.nodesWithoutImage(image.name)).join(", ")} lack the image ${image.name}; ` +
        `load ${image.tar}, with kind by \`kind load image-archive ${image.tar}\`, and run this again.`,
    );
  }
  log(`loading the image ${image.name}`);
  await importImage(image.tar);
  return image.name;
}

/** Brings up whatever of the platform does not run yet. Safe to repeat, also after a kill. */
export async function startPlatform(): Promise<Platform> {
  fs.mkdirSync(platform, { recursive: true, mode: 0o700 });
  await ensurePulumi();
  const kubeconfig = external ?? ownKubeconfig;
  if (external === undefined) await startCluster();
  else await clusterClient(kubeconfig).answers();
  // Keycloak takes longest to start; the image is built and loaded meanwhile.
  const [keycloakUrl, image] = await Promise.all([startKeycloak(), ensureImageOnNodes(kubeconfig)]);
  return { kubeconfig, nodeAddress: await clusterClient(kubeconfig).nodeAddress(), keycloakUrl, image };
}

/** Stops all that `startPlatform` started and forgets its data. Nothing of it stays behind. */
export async function stopPlatform(): Promise<void> {
  await stopKeycloak();
  if (external === undefined) await stopCluster();
  fs.rmSync(platform, { recursive: true, force: true });
}
