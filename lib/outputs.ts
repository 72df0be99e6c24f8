import type { Input } from "@pulumi/pulumi";
import type { LastRotation } from "./keycloak/rotation";

/** What a stack's update gives to whoever comes after it: `verify`, the next run, other stacks. */
export interface Outputs {
  /** Who applies the Kubernetes objects: `direct` and `handover` Pulumi, `hybrid` Argo CD. */
  readonly mode: "direct" | "handover" | "hybrid";
  /** Argo CD's Application that Backstage is in, as namespace/name; absent without `gitops.argocd`. */
  readonly application?: string;
  /** Where people open Backstage. */
  readonly backstageUrl: string;
  /** The id of Backstage's sign-in provider, as in its path `/api/auth/<id>/start`. */
  readonly authProvider: string;
  /** The `auth.environment` that signs in; it takes turns in a rotation by `blue-green`. */
  readonly authEnvironment: string;
  /** Where browsers and pods find Keycloak. */
  readonly keycloakUrl: string;
  /** The realm's issuer, the `iss` of every token. */
  readonly issuer: string;
  /** How the client's secret came to be what it is; the next run goes on from it. */
  readonly rotation: LastRotation;
  /** The namespace of Backstage and all that belongs to it. */
  readonly namespace: string;
  /** Whether a run refuses to delete a namespace that the program has made. */
  readonly namespacesProtected: boolean;
  /** The name of Backstage's Deployment. */
  readonly deployment: string;
  /** The name of the Secret that Backstage's credential is in. */
  readonly contractSecret: string;
  /** Secret: what the contract Secret holds, by its keys. */
  readonly credential: Readonly<Record<string, string>>;
  /** Where the other clients' contract Secrets are, as namespace/name, by client id. */
  readonly clientSecrets: Readonly<Record<string, string>>;
  /** Secret: the initial passwords of the users that the program makes, by user name. */
  readonly userPasswords: Readonly<Record<string, string>>;
  /** Whether the first sign-in asks for another password, so that none of these goes on working. */
  readonly userPasswordsTemporary: boolean;
}

/** The same as the program gives it: what it makes is known only later. */
export type Made<T> = { readonly [K in keyof T]: Input<Made<T[K]>> };
