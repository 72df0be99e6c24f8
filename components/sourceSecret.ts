import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { syncOptionsAnnotation } from "../lib/gitops/annotations";
import { sourceKey } from "../lib/gitops/sourceKey";
import { stackMark } from "../lib/ownership/stackMark";
import { base64Values, type Credential, type NamespaceRules } from "./support/target";

/** The Secret's place. */
export interface SourceArgs {
  /** Its name. */
  readonly name: string;
  /** Its namespace. */
  readonly namespace: string;
  /** Make the namespace too. @default false */
  readonly createNamespace?: boolean;
}

export interface SourceSecretArgs {
  /** Its name and namespace. */
  readonly settings: SourceArgs;
  /** What it holds, under keys that begin with whose it is. */
  readonly credentials: readonly Credential[];
  /** What becomes of its namespace, where it makes that. @default it is made, and protected */
  readonly namespaces?: NamespaceRules;
}

/** An Argo CD that sees the object leaves it alone. */
const ours = { [syncOptionsAnnotation]: "Prune=false", "argocd.argoproj.io/compare-options": "IgnoreExtraneous" };

/**
 * The credentials of every application in one Secret beside Keycloak, from which the External Secrets Operator reads.
 */
export class SourceSecret extends pulumi.ComponentResource {
  /** The Secret's name, known only once it exists. */
  readonly secretName: pulumi.Output<string>;

  constructor(name: string, args: SourceSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:credential:SourceSecret", name, { settings: args.settings }, opts);
    const { createNamespace = false, name: secretName, namespace } = args.settings;
    const { protect = true, foreign } = args.namespaces ?? {};
    const annotations = { ...ours, ...stackMark(pulumi.getStack()) };
    const made =
      createNamespace && foreign?.has(namespace) !== true
        ? new k8s.core.v1.Namespace(
            namespace,
            { metadata: { name: namespace, annotations } },
            { parent: this, protect },
          )
        : undefined;
    const data = pulumi.all(
      args.credentials.map(({ owner, data }) =>
        data.apply((values) => Object.entries(values).map(([key, value]) => [sourceKey(owner, key), value] as const)),
      ),
    );
    const secret = new k8s.core.v1.Secret(
      name,
      {
        metadata: { name: secretName, namespace: made?.metadata.name ?? namespace, annotations },
        type: "Opaque",
        data: pulumi.secret(data.apply((lists) => base64Values(Object.fromEntries(lists.flat())))),
      },
      { parent: this, dependsOn: args.credentials.flatMap(({ requires }) => requires) },
    );
    this.secretName = secret.metadata.name;
    this.registerOutputs({ secretName: this.secretName });
  }
}
