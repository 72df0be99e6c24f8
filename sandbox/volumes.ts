import {
  CoreV1Api,
  KubeConfig,
  loadYaml,
  StorageV1Api,
  type V1PersistentVolume,
  type V1StorageClass,
} from "@kubernetes/client-node";
import * as fs from "node:fs";
import { stringify } from "yaml";
import { nodeName } from "./cluster";
import { inPlatform } from "./settings";

/** Volumes for our own cluster, which has nothing that provisions them: folders of the platform, made beforehand. */

const CLASS = "sandbox";
/** As many claims as can be bound at a time. */
const VOLUMES = 4;

const storageClass = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: ${CLASS}, annotations: { storageclass.kubernetes.io/is-default-class: "true" } }
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
`;

const folderOf = (name: string): string => inPlatform("state", "volumes", name);

const volume = (name: string): string =>
  stringify({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "10Gi" },
      persistentVolumeReclaimPolicy: "Retain",
      storageClassName: CLASS,
      // `local`, not `hostPath`: only of this one does the kubelet hand the folder to the pod's fsGroup.
      local: { path: folderOf(name) },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [nodeName] }] },
          ],
        },
      },
    },
  });

const unlessThere = (error: unknown): void => {
  if ((error as { code?: number }).code !== 409) throw error;
};

/** Makes the cluster's default StorageClass and its volumes; one whose claim is gone becomes a new, empty one. */
export async function ensureVolumes(kubeconfig: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  await config
    .makeApiClient(StorageV1Api)
    .createStorageClass({ body: loadYaml<V1StorageClass>(storageClass) })
    .catch(unlessThere);
  const there = new Map(
    (await core.listPersistentVolume()).items.map(({ metadata, status }) => [metadata?.name, status?.phase]),
  );
  for (let number = 1; number <= VOLUMES; number++) {
    const name = `sandbox-${number}`;
    const phase = there.get(name);
    if (phase !== undefined && phase !== "Released" && phase !== "Failed") continue;
    if (phase !== undefined) await core.deletePersistentVolume({ name });
    fs.rmSync(folderOf(name), { recursive: true, force: true });
    fs.mkdirSync(folderOf(name), { recursive: true, mode: 0o700 });
    await core.createPersistentVolume({ body: loadYaml<V1PersistentVolume>(volume(name)) });
  }
}
