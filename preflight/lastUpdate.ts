import * as pulumi from "@pulumi/pulumi";
import type { LastRotation } from "../lib/keycloak/rotation";

/** What the stack's last update left in its outputs. */
export interface LastUpdate {
  readonly mode?: string;
  readonly namespacesProtected?: boolean;
  readonly rotation?: LastRotation;
}

/** The stack's name in full, by which the engine's own functions find it. */
const stackName = (): string => [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");

/** A resource in the engine's state. */
export interface StoredResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Every resource of the stack, by its URN, by the engine's own function: the program may read its state, and no more. */
export async function storedResources(): Promise<Record<string, StoredResource>> {
  const { outputs = {} } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {
    stackName: stackName(),
  })) as { outputs?: Record<string, StoredResource> };
  return outputs;
}

/** The program as a component of somebody else's. */
export const COMPONENT_TYPE = "backstage-keycloak:index:BackstageWithKeycloak";

/**
 * The outputs of the last update, empty before the first: the stack's, or of its component that the program is.
 */
export async function lastUpdate(isComponent: boolean): Promise<LastUpdate> {
  if (isComponent) {
    return Object.values(await storedResources()).find(({ type }) => type === COMPONENT_TYPE)?.outputs ?? {};
  }
  // A StackReference asks the same, but as a resource that every preview would list.
  const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: stackName() })) as {
    outputs?: LastUpdate;
  };
  return outputs ?? {};
}
