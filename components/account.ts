import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PodSettings } from "../lib/settings/pod";
import type { Target } from "./support/target";

export interface AccountArgs {
  /** Where its objects go. */
  readonly target: Target;
  /** The namespace of everything here, and the only one that a token of the account reaches. */
  readonly namespace: pulumi.Input<string>;
  /** Its token, its annotations and the rights that it has. */
  readonly settings: PodSettings["serviceAccount"];
}

/** A ServiceAccount of its own: without a token and without rights, unless the settings name them one by one. */
export class Account extends pulumi.ComponentResource {
  /** The name that a pod runs under. */
  readonly accountName: pulumi.Output<string>;
  /** What a pod of the account depends on: without its rights the pod would start and fail. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: AccountArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Account", name, { settings: args.settings }, opts);
    const { namespace, settings } = args;
    const metadata = { name, namespace, labels: { app: name }, annotations: args.target.annotations("configuration") };
    const account = new k8s.core.v1.ServiceAccount(
      name,
      {
        metadata: { ...metadata, annotations: { ...settings.annotations, ...metadata.annotations } },
        automountServiceAccountToken: settings.automountToken,
      },
      { parent: this },
    );
    this.accountName = account.metadata.name;
    this.ready = [account];
    if (settings.rules.length > 0) {
      const role = new k8s.rbac.v1.Role(name, { metadata, rules: settings.rules }, { parent: this });
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
