import * as pulumi from "@pulumi/pulumi";
import type { Adoption } from "../lib/keycloak/adoption";
import type { ContractValue } from "../lib/pod/contract";
import { ContractSecret } from "./contractSecret";
import type { GroupsScope } from "./groupsScope";
import { OidcClient, type OidcClientArgs } from "./oidcClient";
import type { Realm } from "./realm";
import { SamlClient, type SamlArgs } from "./samlClient";
import type { Credential, Target, TargetNamespace } from "./support/target";

/** Where the contract Secret of a client goes. */
export interface ClientSecretArgs {
  /** Its namespace. */
  readonly namespace: string;
  /** Its name. */
  readonly name: string;
  /** Make the namespace too, unless it is there already. @default false */
  readonly createNamespace?: boolean;
  /** A higher number makes a new client secret. @default 1 */
  readonly generation?: number;
  /** The key of each value that it holds. */
  readonly keys: Readonly<Partial<Record<ContractValue, string>>>;
}

/** An application that signs people in at the realm. */
export interface PlatformClient extends Pick<
  OidcClientArgs,
  | "clientId"
  | "description"
  | "postLogoutRedirectUris"
  | "webOrigins"
  | "defaultScopes"
  | "optionalScopes"
  | "audiences"
  | "lifetimes"
> {
  /** With a secret; without one, by PKCE; or one that speaks SAML. @default confidential */
  readonly kind?: "confidential" | "public" | "saml";
  /** The application's public URL. */
  readonly rootUrl: string;
  /** Where Keycloak may send the browser, compared character by character. */
  readonly redirectUris: string[];
  /** The contract Secret of a confidential client. @default there is none */
  readonly secret?: ClientSecretArgs | undefined;
  /** What only a SAML client has. @default it is none */
  readonly saml?: SamlArgs | undefined;
}

export interface PlatformClientsArgs {
  /** Where contract Secrets go. */
  readonly target: Target;
  /** The realm that the clients belong to. */
  readonly realm: Realm;
  /** The scope behind the name `groups`. */
  readonly groupsScope: GroupsScope;
  /** The clients, and where the contract Secret of each goes. */
  readonly clients: readonly PlatformClient[];
  /** What is taken over. @default nothing */
  readonly adopted?: Adoption;
  /** Namespaces that the program makes elsewhere, by name. */
  readonly namespaces: Readonly<Record<string, TargetNamespace>>;
}

/** The clients of the platform's other applications, and a contract Secret for each that has a secret. */
export class PlatformClients extends pulumi.ComponentResource {
  /** Where each client's contract Secret is, as namespace/name. */
  readonly secrets: pulumi.Output<Record<string, string>>;
  /** What was delivered, for who keeps a copy of it. */
  readonly delivered: readonly Credential[];

  constructor(name: string, args: PlatformClientsArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      "backstage-keycloak:identity:PlatformClients",
      name,
      { clients: args.clients.map(({ clientId }) => clientId) },
      opts,
    );
    const { realm, groupsScope, target } = args;
    // A Map: a namespace may be called `constructor`, and every object has one of those.
    const namespaces = new Map(Object.entries(args.namespaces));
    for (const { secret } of args.clients) {
      if (secret?.createNamespace !== true || namespaces.has(secret.namespace)) continue;
      namespaces.set(secret.namespace, target.namespace(secret.namespace, { parent: this }));
    }
    const secrets: Record<string, pulumi.Output<string>> = {};
    const delivered: Credential[] = [];
    for (const { clientId, kind, secret, saml, description, rootUrl, redirectUris, ...one } of args.clients) {
      const common = { realm, clientId, description, rootUrl, redirectUris };
      if (saml !== undefined) {
        new SamlClient(clientId, { ...common, saml }, { parent: this });
        continue;
      }
      const client = new OidcClient(
        clientId,
        {
          ...common,
          postLogoutRedirectUris: one.postLogoutRedirectUris,
          webOrigins: one.webOrigins,
          defaultScopes: one.defaultScopes,
          optionalScopes: one.optionalScopes,
          audiences: one.audiences,
          lifetimes: one.lifetimes,
          groupsScope,
          kind: kind === "public" ? "public" : "confidential",
          secretGeneration: secret?.generation ?? 1,
          adopted: args.adopted,
        },
        { parent: this },
      );
      if (secret === undefined) continue;
      const made = namespaces.get(secret.namespace);
      const contract = new ContractSecret(
        clientId,
        {
          target,
          realm,
          client,
          owner: clientId,
          namespace: made?.name ?? secret.namespace,
          secretName: secret.name,
          keys: secret.keys,
        },
        { parent: this, dependsOn: made?.ready ?? [] },
      );
      delivered.push(contract.delivered);
      secrets[clientId] = pulumi.interpolate`${secret.namespace}/${contract.secretName}`;
    }
    this.secrets = pulumi.all(secrets);
    this.delivered = delivered;
    this.registerOutputs({ secrets: this.secrets });
  }
}
