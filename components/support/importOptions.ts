import * as pulumi from "@pulumi/pulumi";
import { adoptionChanges, type Adoption, type Representation } from "../../lib/keycloak/adoption";

/** The options that take an existing object over; each setting of security that this changes is a warning beside it. */
export function adoption(
  resource: pulumi.Resource,
  adopted: Adoption | undefined,
  key: string,
  wanted: Representation,
): pulumi.CustomResourceOptions {
  const found = adopted?.[key];
  if (found === undefined) return {};
  for (const change of adoptionChanges(found.found, wanted)) void pulumi.log.warn(`${key}: ${change}`, resource);
  return { import: found.importId };
}
