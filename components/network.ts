import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { backstagePolicy, databasePolicy, type NetworkSettings } from "../lib/pod/network";
import type { Target } from "./support/target";
import { transformed, type Transform } from "./support/transform";

export interface NetworkTransforms {
  /** Changes the NetworkPolicies. @default as they are made */
  readonly networkPolicy?: Transform<k8s.networking.v1.NetworkPolicyArgs>;
}

export interface NetworkArgs {
  /** Where its objects go. */
  readonly target: Target;
  /** The namespace of the pods. */
  readonly namespace: pulumi.Input<string>;
  /** Who may call whom. */
  readonly settings: NetworkSettings;
  /** A way out, where no setting leads. @default none */
  readonly transforms?: NetworkTransforms;
}

/** NetworkPolicies: Backstage calls only what it needs, and its own PostgreSQL answers nobody else. */
export class Network extends pulumi.ComponentResource {
  /** What must be there before the pods that it fences in. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Network", name, { settings: args.settings }, opts);
    const { namespace, settings } = args;
    const policy = (
      suffix: string,
      spec: k8s.types.input.networking.v1.NetworkPolicySpec,
    ): k8s.networking.v1.NetworkPolicy => {
      const metadata = {
        name: `${name}${suffix}`,
        namespace,
        labels: settings.labels,
        annotations: args.target.annotations("database"),
      };
      return new k8s.networking.v1.NetworkPolicy(
        `${name}${suffix}`,
        transformed(args.transforms?.networkPolicy, { metadata, spec }),
        { parent: this },
      );
    };
    this.ready = [policy("", backstagePolicy(settings))];
    if (settings.database.kind === "postgres")
      this.ready.push(policy("-database", databasePolicy(settings.databaseLabels, settings.labels)));
    this.registerOutputs();
  }
}
