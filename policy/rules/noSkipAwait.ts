import { annotated, chain } from "../graph";
import { isKubernetes } from "../kubernetes";
import { stackRule } from "../rule";

export const noSkipAwait = stackRule({
  name: "no-skip-await",
  description: "No resource that the sign-in stands on may skip Pulumi's wait until it is ready.",
  severity: "high",
  remediation: "Remove the annotation pulumi.com/skipAwait; bound the wait with customTimeouts instead.",
  url: "https://www.pulumi.com/registry/packages/kubernetes/",
  findings: (nodes) =>
    [...chain(nodes)]
      .filter((node) => isKubernetes(node.type) && annotated(node, "pulumi.com/skipAwait") === "true")
      .map((node) => ({ node, fault: 'metadata.annotations["pulumi.com/skipAwait"] ends the wait; remove it' })),
});
