import * as pulumi from "@pulumi/pulumi";
import { type Adopted, adoptionChanges, type Representation } from "../lib/adoption";

/** The options that take an existing object over; each setting of security that this changes is a warning beside it. */
export function adoption(resource: pulumi.Resource, adopted: Adopted | undefined, wanted: Representation): pulumi.CustomResourceOptions {
  if (adopted === undefined) return {};
  for (const change of adoptionChanges(adopted.found, wanted)) void pulumi.log.warn(`${adopted.importId}: ${change}`, resource);
  return { import: adopted.importId };
}
