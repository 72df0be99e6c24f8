import type * as pulumi from "@pulumi/pulumi";
import type { Link } from "../../lib/gitops/waves";
import type { Reference } from "./references";

/** The values that an application reads from a Secret. */
export interface Credential {
  /** Whose they are: the first part of their keys in the source Secret. */
  readonly owner: string;
  /** The Secret's name, fixed so that operators and manifests can rely on it. */
  readonly secretName: string;
  /** The name of the ExternalSecret that makes it, where one does. @default the Secret's */
  readonly externalName?: string;
  /** The namespace that the Secret is in. */
  readonly namespace: pulumi.Input<string>;
  /** The Secret's keys. */
  readonly keys: readonly string[];
  /** Its contents; a secret. */
  readonly data: pulumi.Output<Record<string, string>>;
  /** Keycloak's own id of the client that they are for: another client is a rollout too. @default none */
  readonly clientUuid?: pulumi.Output<string>;
  /** What must be there before they are worth anything: no Secret that holds them comes earlier. */
  readonly requires: readonly pulumi.Resource[];
}

export interface Delivery {
  readonly secretName: pulumi.Output<string>;
  /** What readers of the Secret depend on. */
  readonly ready: pulumi.Resource[];
  /** The pod template annotations that make a changed value a rollout. */
  readonly checksums: pulumi.Output<Record<string, string>>;
}

export interface TargetNamespace {
  readonly name: pulumi.Input<string>;
  readonly ready: pulumi.Resource[];
}

/** Where the Kubernetes objects of a run go: to the cluster, to Git, or nowhere, because Argo CD has them from Git. */
export interface Target {
  /** Makes objects beside credentials, where this run makes any. */
  make<T>(objects: () => T): T | undefined;
  /** The options of objects: those that a later run drops may have to stay, for Argo CD to take over. */
  kept<T extends pulumi.ResourceOptions>(opts: T): T;
  /** The annotations of every object that stands for this link of the chain. */
  annotations(link: Link): Record<string, string>;
  namespace(name: string, opts: pulumi.CustomResourceOptions): TargetNamespace;
  /** Makes the Secret, or what makes it. */
  deliver(name: string, credential: Credential, opts: pulumi.CustomResourceOptions): Delivery;
  /** The pod template annotations for objects that somebody else writes. */
  references(
    name: string,
    list: readonly Reference[],
    namespace: pulumi.Input<string>,
    opts: pulumi.CustomResourceOptions,
  ): pulumi.Output<Record<string, string>>;
}

/** What becomes of namespaces. */
export interface NamespaceRules {
  /** Refuse to delete one that the program has made. @default true */
  readonly protect?: boolean;
  /** Those that were there before: they are used, and neither made nor changed. @default none */
  readonly foreign?: ReadonlySet<string>;
}

export const base64Values = (data: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
