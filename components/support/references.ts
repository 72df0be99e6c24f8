import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { partName, readName } from "../../lib/resourceNames";
import { checksumAnnotation, dataHash, keyedHash } from "../../lib/pod/hashes";
import { generatedPassword } from "./generatedPassword";

/** An object that somebody else writes and a pod here reads. */
export interface Reference {
  readonly kind: "secret" | "configmap";
  readonly name: string;
}

/** Objects that are read and not made: they must be there, and a change of one is a rollout by the next `pulumi up`. */
export function references(
  name: string,
  list: readonly Reference[],
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<Record<string, string>> {
  const unique = [...new Map(list.map((reference) => [`${reference.kind} ${reference.name}`, reference])).values()];
  // Nobody but the state knows it, so that a password that people chose cannot be found by its hash.
  const key = unique.some(({ kind }) => kind === "secret")
    ? generatedPassword(partName(name, "checksums"), {}, opts).result
    : "";
  const hashes = unique.map(({ kind, name: object }) => {
    const id = pulumi.interpolate`${namespace}/${object}`;
    const read =
      kind === "secret"
        ? k8s.core.v1.Secret.get(readName(name, object), id, opts)
        : k8s.core.v1.ConfigMap.get(readName(name, object), id, opts);
    const found: pulumi.Output<Record<string, string> | undefined> = read.data;
    const hash = pulumi
      .all([found, key])
      .apply(([data = {}, known]) => (kind === "secret" ? keyedHash(data, known) : dataHash(data)));
    // The hash tells nothing of the values, and an encrypted annotation would hide the whole template.
    return pulumi.unsecret(hash.apply((value): [string, string] => [checksumAnnotation(kind, object), value]));
  });
  return pulumi.all(hashes).apply((pairs) => Object.fromEntries(pairs));
}
