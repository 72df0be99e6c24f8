import * as pulumi from "@pulumi/pulumi";
import type { Manifest } from "../lib/gitops/objects";

/** "kubernetes:apps/v1:Deployment" is an object; a provider is none. */
const OBJECT = /^kubernetes:/;

/** Values that only a server knows, by their path. */
function unknowns(value: unknown, at: string): string[] {
  if (pulumi.isUnknown(value)) return [at];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => unknowns(inner, `${at}.${key}`));
}

/**
 * Runs components without an engine and collects the Kubernetes objects that they ask for. It runs as a preview, in
 * which everything that a server would add is unknown: an object with any of that has no place in a file.
 */
export async function collect<T>(
  build: () => T,
  stack = "render",
): Promise<{ readonly objects: readonly Manifest[]; readonly built: T }> {
  const objects: Manifest[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource({ type, inputs, custom }) {
        if (custom !== false && OBJECT.test(type)) objects.push(inputs as Manifest);
        return { id: undefined, state: inputs as Record<string, unknown> };
      },
      call: () => ({}),
    },
    "backstage-keycloak",
    stack,
    true,
  );
  const built = build();
  await pulumi.runtime.disconnect();
  for (const object of objects) {
    const { kind, metadata } = object;
    if (kind === "Secret") throw new Error(`Secret ${metadata.name} has no place in Git; deliver it by the target`);
    const [unknown] = unknowns(object, kind);
    if (unknown !== undefined) throw new Error(`${unknown} of ${metadata.name} is known to a server only`);
  }
  return { objects, built };
}
