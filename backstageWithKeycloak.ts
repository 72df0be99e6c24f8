import * as pulumi from "@pulumi/pulumi";
import { parseConfig } from "./config";
import { deploy } from "./deploy";
import type { Made, Outputs } from "./lib/outputs";
import { COMPONENT_TYPE } from "./preflight/lastUpdate";

/** The inputs of the whole program. */
export interface BackstageWithKeycloakArgs {
  /**
   * The settings of docs/configuration.md, as a stack's file has them. Plain values that are known at preview: the
   * servers are asked before anything is made.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what the SDK's analyzer knows of a free value
  settings: { [key: string]: any };
  /** What `keycloak.admin` signs in with: a password, a client's secret or a private key. */
  adminSecret: pulumi.Input<string>;
}

/**
 * The whole program as one component, for a program of somebody else's, in any of Pulumi's languages. One a stack: it
 * compares its objects with the stack's state.
 */
export class BackstageWithKeycloak extends pulumi.ComponentResource<Made<Outputs>> {
  /** Where people open Backstage. */
  public readonly backstageUrl: pulumi.Output<string>;
  /** The realm's issuer, the `iss` of every token. */
  public readonly issuer: pulumi.Output<string>;
  /** The namespace of Backstage and all that belongs to it. */
  public readonly namespace: pulumi.Output<string>;
  /** The name of Backstage's Deployment. */
  public readonly deployment: pulumi.Output<string>;
  /** The name of the Secret that Backstage's credential is in. */
  public readonly contractSecret: pulumi.Output<string>;
  /** Where the other clients' contract Secrets are, as namespace/name, by client id. */
  public readonly clientSecrets: pulumi.Output<{ [clientId: string]: string }>;
  /** Secret: the initial passwords of the users that the program makes, by user name. */
  public readonly userPasswords: pulumi.Output<{ [username: string]: string }>;

  constructor(name: string, args: BackstageWithKeycloakArgs, opts?: pulumi.ComponentResourceOptions) {
    super(COMPONENT_TYPE, name, { ...args, adminSecret: pulumi.secret(args.adminSecret) }, opts);
    const outputs = pulumi.output(this.getData());
    this.backstageUrl = outputs.backstageUrl;
    this.issuer = outputs.issuer;
    this.namespace = outputs.namespace;
    this.deployment = outputs.deployment;
    this.contractSecret = outputs.contractSecret;
    this.clientSecrets = outputs.clientSecrets;
    this.userPasswords = outputs.userPasswords;
  }

  /** The children come after the servers have answered, so whoever depends on this waits for its data. */
  protected override async initialize(args: pulumi.Inputs): Promise<Made<Outputs>> {
    const { settings, adminSecret } = args as BackstageWithKeycloakArgs;
    const outputs = await deploy(
      { ...parseConfig(settings), adminSecret: pulumi.output(adminSecret) },
      { parent: this },
    );
    this.registerOutputs(outputs);
    return outputs;
  }
}
