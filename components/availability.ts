import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Target } from "./support/target";
import { transformed, type Transform } from "./support/transform";

/** The bounds of an autoscaler. */
export interface AutoscalingArgs {
  /** The fewest pods. */
  readonly minReplicas: number;
  /** The most pods. */
  readonly maxReplicas: number;
  /** The processor use that is aimed at, in percent of what is requested. */
  readonly cpuPercent: number;
}

export interface AvailabilityTransforms {
  /** Changes the PodDisruptionBudget. @default as it is made */
  readonly disruptionBudget?: Transform<k8s.policy.v1.PodDisruptionBudgetArgs>;
  /** Changes the HorizontalPodAutoscaler. @default as it is made */
  readonly autoscaler?: Transform<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs>;
}

export interface AvailabilityArgs {
  /** Where its objects go. */
  readonly target: Target;
  /** The namespace of both. */
  readonly namespace: pulumi.Input<string>;
  /** The Deployment whose pods these count. */
  readonly deployment: k8s.apps.v1.Deployment;
  /** The labels by which the pods are found. */
  readonly labels: Readonly<Record<string, string>>;
  /** The bounds of the autoscaler. @default there is none */
  readonly autoscaling?: AutoscalingArgs | undefined;
  /** A way out for each child, where no setting leads. @default none */
  readonly transforms?: AvailabilityTransforms | undefined;
}

/** For several pods: at most one is taken away at a time, and an autoscaler chooses their number when asked. */
export class Availability extends pulumi.ComponentResource {
  /** The PodDisruptionBudget's name. */
  readonly disruptionBudgetName: pulumi.Output<string>;

  constructor(name: string, args: AvailabilityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Availability", name, { autoscaling: args.autoscaling }, opts);
    const { autoscaling, deployment, labels, namespace, transforms } = args;
    const metadata = { name, namespace, labels, annotations: args.target.annotations("workload") };
    const budget = new k8s.policy.v1.PodDisruptionBudget(
      name,
      // A pod that is not ready serves nobody, so a node may be drained of it at any time.
      transformed(transforms?.disruptionBudget, {
        metadata,
        spec: { maxUnavailable: 1, selector: { matchLabels: labels }, unhealthyPodEvictionPolicy: "AlwaysAllow" },
      }),
      { parent: this },
    );
    if (autoscaling !== undefined) {
      new k8s.autoscaling.v2.HorizontalPodAutoscaler(
        name,
        transformed(transforms?.autoscaler, {
          metadata,
          spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deployment.metadata.name },
            minReplicas: autoscaling.minReplicas,
            maxReplicas: autoscaling.maxReplicas,
            metrics: [
              {
                type: "Resource",
                resource: { name: "cpu", target: { type: "Utilization", averageUtilization: autoscaling.cpuPercent } },
              },
            ],
          },
        }),
        { parent: this, dependsOn: [deployment] },
      );
    }
    this.disruptionBudgetName = budget.metadata.name;
    this.registerOutputs({ disruptionBudgetName: this.disruptionBudgetName });
  }
}
