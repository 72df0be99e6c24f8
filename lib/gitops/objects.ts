import { isBuiltIn, syncOptionsAnnotation } from "./annotations";

/** Kubernetes objects as they stand in a file. */

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

const isCustom = ({ apiVersion }: Manifest): boolean =>
  !isBuiltIn(apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "");

/**
 * What holds data, or everything else: Argo CD deletes it neither because it is no longer rendered nor with its
 * Application.
 */
const KEPT = ["Namespace", "PersistentVolumeClaim"];

/** The object with the sync options that its kind needs. */
export function withSyncOptions(manifest: Manifest): Manifest {
  const options = [
    // Its CRD may come in the same sync. For a kind that is built in, the option would only hide a mistake.
    ...(isCustom(manifest) ? ["SkipDryRunOnMissingResource=true"] : []),
    ...(KEPT.includes(manifest.kind) ? ["Prune=false", "Delete=false"] : []),
  ];
  if (options.length === 0) return manifest;
  const { metadata } = manifest;
  return {
    ...manifest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [syncOptionsAnnotation]: options.join(",") } },
  };
}
