import { isDeepStrictEqual } from "node:util";
import type { DiffResult } from "../provider";
import { type Change, changes, hasUnknown, isObject, type Path, type Properties, UNKNOWN, without } from "../values";
import { annotation, at, record, text } from "./object";

/** What changed between two sets of inputs, what of it needs a new object, and what drifted in the cluster. */

export interface Mutability {
  secrets: boolean;
  configMaps: boolean;
}

/** Fields that the API server does not let change, by kind, as the official provider lists them. */
const fixedFields: Record<string, readonly string[]> = {
  "apps/v1/Deployment": ["spec.selector"],
  "apps/v1/DaemonSet": ["spec.selector"],
  "apps/v1/StatefulSet": [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "batch/v1/Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  "v1/PersistentVolumeClaim": ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  "v1/Pod": ["spec"],
  "v1/Secret": ["type"],
  "v1/Service": ["spec.clusterIP"],
  "rbac.authorization.k8s.io/v1/RoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": ["roleRef"],
  "storage.k8s.io/v1/StorageClass": ["parameters", "provisioner"],
};

function fixedFieldsOf(object: Properties, mutable: Mutability): string[] {
  const kind = `${text(object, "apiVersion")}/${text(object, "kind")}`;
  const fixed = ["metadata.name", "metadata.namespace", ...(fixedFields[kind] ?? [])];
  const immutable = object.immutable === true;
  if (kind === "v1/Secret" && (!mutable.secrets || immutable)) fixed.push("data", "stringData");
  if (kind === "v1/ConfigMap" && (!mutable.configMaps || immutable)) fixed.push("data", "binaryData");
  return fixed;
}

/** Is the changed path inside a fixed field, or a whole that holds one? */
function touches(path: Path, field: string): boolean {
  const changed = path.join(".");
  return changed === field || changed.startsWith(`${field}.`) || field.startsWith(`${changed}.`);
}

/** The API server turns `stringData` into `data`, so the inputs do too: a live object can then be compared. */
export function withData(inputs: Properties): Properties {
  const { stringData, ...rest } = inputs;
  if (inputs.apiVersion !== "v1" || inputs.kind !== "Secret" || !isObject(stringData)) return inputs;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    typeof value === "string" ? Buffer.from(value).toString("base64") : value,
  ]);
  return { ...rest, data: { ...(isObject(inputs.data) ? inputs.data : {}), ...Object.fromEntries(encoded) } };
}

export function diffObjects(oldInputs: Properties, newInputs: Properties, mutable: Mutability): DiffResult {
  const [before, after] = [withData(oldInputs), withData(newInputs)];
  const fixed = fixedFieldsOf(after, mutable);
  const found: (Change & { replace: boolean })[] = changes(before, after).map((change) => ({
    ...change,
    replace: fixed.some((field) => touches(change.path, field)),
  }));
  const sameName = text(before, "metadata", "name") === text(after, "metadata", "name");
  const sameNamespace = isDeepStrictEqual(at(before, "metadata", "namespace"), at(after, "metadata", "namespace"));
  const autonamed = annotation(after, "pulumi.com/autonamed") === "true";
  const deleteBeforeReplace =
    found.some(({ replace }) => replace) &&
    sameName &&
    sameNamespace &&
    !autonamed &&
    !hasUnknown(at(after, "metadata", "name"));
  return { changes: found, deleteBeforeReplace };
}

/**
 * The inputs as the cluster has them now. A field counts as drifted only when the live value is no longer what
 * the server answered last: servers also rewrite values ("1000m" becomes "1") without anyone changing them.
 */
export function driftedInputs(inputs: unknown, recorded: unknown, live: unknown): unknown {
  if (inputs === UNKNOWN || isDeepStrictEqual(recorded, live)) return inputs;
  if (isObject(inputs) && isObject(live)) {
    const fields = Object.entries(inputs).map(([key, value]) => [
      key,
      driftedInputs(value, at(recorded, key), live[key]),
    ]);
    return Object.fromEntries((fields as [string, unknown][]).filter(([, value]) => value !== undefined));
  }
  if (Array.isArray(inputs) && Array.isArray(live) && inputs.some(isObject)) {
    const items = inputs.map((value, index) => driftedInputs(value, at(recorded, index), live[index]));
    return items.filter((value) => value !== undefined);
  }
  return live;
}

const serverMetadata = [
  ..."creationTimestamp deletionGracePeriodSeconds deletionTimestamp generation".split(" "),
  ..."managedFields resourceVersion selfLink uid".split(" "),
];

/** The part of a live object that a program would write: for import. */
export function importedInputs(live: Properties): Properties {
  return { ...without(live, "status"), metadata: without(record(live, "metadata"), ...serverMetadata) };
}
