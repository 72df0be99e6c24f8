import * as pulumi from "@pulumi/pulumi";
import type { LastRotation } from "../lib/keycloak/rotation";

/** What the stack's last update left in its outputs. */
export interface LastUpdate {
  readonly mode?: string;
  readonly namespacesProtected?: boolean;
  readonly rotation?: LastRotation;
}

/** The stack's name in full, by which the engine's own functions find it. */
export const stackName = (): string => [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");

/** The outputs of the stack's last update; empty before the first. */
export async function lastUpdate(): Promise<LastUpdate> {
  // A StackReference asks the same, but as a resource that every preview would list.
  const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: stackName() })) as {
    outputs?: LastUpdate;
  };
  return outputs ?? {};
}
