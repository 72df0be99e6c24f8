import { selectsPodsOf } from "../graph";
import { rollsOut } from "../kubernetes";
import { stackRule } from "../rule";

export const networkPolicy = stackRule({
  name: "network-policy",
  description: "A NetworkPolicy must say who may call the pods, and whom they may call.",
  severity: "medium",
  remediation:
    "Add a NetworkPolicy in the same namespace whose podSelector chooses the pods; lib/pod/network.ts has those of this program.",
  url: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
  findings: (nodes) =>
    nodes
      .filter(
        (node) =>
          rollsOut(node.type) &&
          !nodes.some(
            (policy) =>
              policy.type === "kubernetes:networking.k8s.io/v1:NetworkPolicy" &&
              selectsPodsOf(policy, "spec.podSelector", node),
          ),
      )
      .map((node) => ({ node, fault: "no NetworkPolicy selects spec.template.metadata.labels; add one" })),
});
