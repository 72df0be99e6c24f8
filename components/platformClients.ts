import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import type { Adoption } from "../lib/keycloak/adoption";
import { ContractSecret } from "./contractSecret";
import type { GroupsScope } from "./groupsScope";
import { OidcClient } from "./oidcClient";
import type { Realm } from "./realm";
import { SamlClient } from "./samlClient";
import type { Credential, Target, TargetNamespace } from "./support/target";

export interface PlatformClientsArgs {
  /** Where contract Secrets go. */
  readonly target: Target;
  /** The realm that the clients belong to. */
  readonly realm: Realm;
  /** The scope behind the name `groups`. */
  readonly groupsScope: GroupsScope;
  /** The clients, and where the contract Secret of each goes. */
  readonly clients: Settings["clients"];
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
    for (const { clientId, kind, secret, saml, mappers, ...settings } of args.clients) {
      if (saml !== undefined) {
        new SamlClient(clientId, { realm, clientId, saml, ...settings }, { parent: this });
        continue;
      }
      const { postLogoutRedirectUris, ...rest } = settings;
      const client = new OidcClient(
        clientId,
        {
          realm,
          groupsScope,
          clientId,
          kind: kind === "public" ? "public" : "confidential",
          ...rest,
          ...(postLogoutRedirectUris.length === 0 ? {} : { postLogoutRedirectUris }),
          audiences: mappers,
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
