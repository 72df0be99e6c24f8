import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { backstagePolicy, databasePolicy, type NetworkSettings } from "../lib/pod/network";
import type { Target } from "./support/target";
import { transformed, type Transform } from "./support/transform";

export interface NetworkTransforms {
  /** Changes the NetworkPolicies. @default as they are made */
  readonly networkPolicy?: Transform<k8s.networking.v1.NetworkPolicyArgs>;
}

export interface NetworkArgs extends NetworkSettings {
  /** Where its objects go. */
  readonly target: Target;
  /** The namespace of the pods. */
  readonly namespace: pulumi.Input<string>;
  /** A way out, where no setting leads. @default none */
  readonly transforms?: NetworkTransforms | undefined;
}

/** NetworkPolicies: Backstage calls only what it needs, and its own PostgreSQL answers nobody else. */
export class Network extends pulumi.ComponentResource {
  /** What must be there before the pods that it fences in. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Network", name, { namespace: args.namespace }, opts);
    const { namespace, labels, database } = args;
    const policy = (
      own: string,
      spec: k8s.types.input.networking.v1.NetworkPolicySpec,
    ): k8s.networking.v1.NetworkPolicy => {
      const metadata = {
        name: own,
        namespace,
        labels,
        annotations: args.target.annotations("database"),
      };
      return new k8s.networking.v1.NetworkPolicy(own, transformed(args.transforms?.networkPolicy, { metadata, spec }), {
        parent: this,
      });
    };
    this.ready = [policy(name, backstagePolicy(args))];
    if (database !== undefined && "labels" in database)
      this.ready.push(policy(database.name, databasePolicy(database, labels)));
    this.registerOutputs();
  }
}
