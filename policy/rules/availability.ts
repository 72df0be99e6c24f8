import { selectsPodsOf } from "../graph";
import { deploymentType, identity } from "../kubernetes";
import { valueAt } from "../values";
import { stackRule, type Node } from "../rule";

/** The autoscaler's lower bound, or the Deployment's own number; undefined while it is not known. */
function replicas(deployment: Node, nodes: readonly Node[]): number | undefined {
  const own = identity(deployment.props);
  const scaler = nodes.find(
    ({ type, props }) =>
      own !== undefined &&
      /^kubernetes:autoscaling\/[^:]+:HorizontalPodAutoscaler$/.test(type) &&
      identity(props, "spec.scaleTargetRef.name") === own,
  );
  const told = valueAt((scaler ?? deployment).props, scaler === undefined ? "spec.replicas" : "spec.minReplicas") ?? 1;
  return typeof told === "number" ? told : undefined;
}

export const availability = stackRule<{ minReplicas: number }>({
  name: "availability",
  description: "A Deployment must have several replicas, and a PodDisruptionBudget that keeps some of them.",
  severity: "medium",
  remediation:
    "Set replicas to 2 or more, with a database that they share, and add a PodDisruptionBudget for the pods' labels.",
  url: "https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
  config: {
    minReplicas: {
      type: "integer",
      minimum: 1,
      default: 2,
      description: "How many replicas at least; 1 asks for no PodDisruptionBudget.",
    },
  },
  findings: (nodes, { minReplicas }) =>
    nodes
      .filter(({ type }) => type === deploymentType)
      .flatMap((node) => {
        const faults: string[] = [];
        const count = replicas(node, nodes);
        if (count !== undefined && count < minReplicas)
          faults.push("spec.replicas is less than the profile's minReplicas; raise it");
        const kept = nodes.some(
          (budget) =>
            budget.type === "kubernetes:policy/v1:PodDisruptionBudget" && selectsPodsOf(budget, "spec.selector", node),
        );
        if (minReplicas > 1 && !kept)
          faults.push("no PodDisruptionBudget selects spec.template.metadata.labels; add one");
        return faults.map((fault) => ({ node, fault }));
      }),
});
