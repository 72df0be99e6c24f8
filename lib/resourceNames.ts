import type { Kind } from "./keycloak/adoption";

/** What resources are called in the state: whoever makes one and whoever looks for it there ask here. */

/** The components of the program, where no setting names them. */
export const componentNames = {
  backstage: "backstage",
  database: "backstage-database",
  groups: "groups",
  users: "users",
  clients: "clients",
  secretRotation: "secret-rotation",
  source: "keycloak-clients",
} as const;

/** One of several parts of a component. */
export const partName = (component: string, part: string): string => `${component}-${part}`;

/** A mapper of a client, or the one of a client scope. @param owner the name of its component */
export const mapperName = (kind: Kind, owner: string, mapper: string): string =>
  kind === "client scope" ? owner : partName(owner, mapper);

/** A Secret or ConfigMap that a component reads: no name of what the components make beside it, such as app-config. */
export const readName = (component: string, object: string): string => partName(component, `reads-${object}`);

/** Is it the URN of one? */
export const isRead = (urn: string): boolean =>
  /:workload:(Backstage|Database)\$kubernetes:core\/v1:(Secret|ConfigMap)::[^:]*-reads-/.test(urn);
