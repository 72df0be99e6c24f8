import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Target } from "./support/target";

/** What the account of the pods is and may do. */
export interface AccountRights {
  /** Its annotations, such as those that give it a role of a cloud. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Mount a token of the Kubernetes API into the pods. @default false */
  readonly automountToken?: boolean;
  /** What that token may do, in the account's namespace only. @default nothing */
  readonly rules?: k8s.types.input.rbac.v1.PolicyRule[];
}

export interface AccountArgs {
  /** Where its objects go. */
  readonly target: Target;
  /** The namespace of everything here, and the only one that a token of the account reaches. */
  readonly namespace: pulumi.Input<string>;
  /** Its token, its annotations and what it may do. @default neither */
  readonly rights?: AccountRights | undefined;
}

/** A ServiceAccount of its own: without a token and without rights, unless the inputs name them one by one. */
export class Account extends pulumi.ComponentResource {
  /** The name that a pod runs under. */
  readonly accountName: pulumi.Output<string>;
  /** What a pod of the account depends on: without its rights the pod would start and fail. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: AccountArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Account", name, { namespace: args.namespace }, opts);
    const { namespace, rights: { annotations = {}, automountToken = false, rules = [] } = {} } = args;
    const metadata = { name, namespace, labels: { app: name }, annotations: args.target.annotations("configuration") };
    const account = new k8s.core.v1.ServiceAccount(
      name,
      {
        metadata: { ...metadata, annotations: { ...annotations, ...metadata.annotations } },
        automountServiceAccountToken: automountToken,
      },
      { parent: this },
    );
    this.accountName = account.metadata.name;
    this.ready = [account];
    if (rules.length > 0) {
      const role = new k8s.rbac.v1.Role(name, { metadata, rules }, { parent: this });
      const binding = new k8s.rbac.v1.RoleBinding(
        name,
        {
          metadata,
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
          subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }],
        },
        { parent: this, dependsOn: [role, account] },
      );
      this.ready.push(role, binding);
    }
    this.registerOutputs({ accountName: this.accountName });
  }
}
