import * as pulumi from "@pulumi/pulumi";
import { partName } from "../lib/resourceNames";
import type { ContractValue, Expected } from "../lib/pod/contract";
import type { OidcClient } from "./oidcClient";
import type { Realm } from "./realm";
import { generatedPassword } from "./support/generatedPassword";
import type { Credential, Target } from "./support/target";

export interface FurtherClient {
  /** What the Secret calls it, where it says of which generations its values are. */
  readonly name: string;
  /** The confidential client that the credential is of. */
  readonly client: OidcClient;
  /** What must be there, beside the client, before its credential is of use. @default nothing */
  readonly requires?: pulumi.Resource[];
  /** The keys of client id and secret in the Secret. */
  readonly keys: Readonly<Record<"clientId" | "clientSecret", string>>;
}

export interface ContractSecretArgs {
  /** The realm that issuer and endpoints are of. */
  readonly realm: Realm;
  /** The confidential client that the credential is of. */
  readonly client: OidcClient;
  /** Where the Secret goes, and how it gets there. */
  readonly target: Target;
  /** The namespace that the Secret is written to; an edge, not only a name. */
  readonly namespace: pulumi.Input<string>;
  /** Whose it is, by the client's id. */
  readonly owner: string;
  /** The Secret's name, fixed so that operators and GitOps manifests can rely on it. */
  readonly secretName: string;
  /** The name of the ExternalSecret that makes it, where one does. @default the Secret's */
  readonly externalName?: string;
  /** The key of each value that the Secret holds. */
  readonly keys: Readonly<Partial<Record<ContractValue, string>>>;
  /** The key of a generated secret that all replicas share. @default none is generated */
  readonly sessionSecretKey?: string;
  /** A higher number makes a new one. @default 1 */
  readonly sessionGeneration?: number;
  /** The key under which it says of which generations its values are. @default it does not say */
  readonly generationsKey?: string;
  /** Other clients whose credentials the application needs, under keys of their own. @default none */
  readonly further?: readonly FurtherClient[];
}

/** A public client has no secret, and so no contract. */
function secretOf(client: OidcClient): pulumi.Output<string> {
  if (client.clientSecret === undefined) throw new pulumi.RunError("a contract Secret needs a confidential client.");
  return client.clientSecret;
}

/** The Secret through which an application gets its credential, complete or not at all. */
export class ContractSecret extends pulumi.ComponentResource {
  /** The Secret's name, known only once it exists. */
  readonly secretName: pulumi.Output<string>;
  /** The Secret's contents; a secret. */
  readonly data: pulumi.Output<Record<string, string>>;
  /** The pod template annotations that make a changed credential, or another client, a rollout. */
  readonly checksums: pulumi.Output<Record<string, string>>;
  /** The Secret's keys, in the order of the settings. */
  readonly keys: readonly string[];
  /** What was delivered, for who keeps a copy of it. */
  readonly delivered: Credential;
  /** The namespace that it is in, and with it whatever reads it. */
  readonly namespace: pulumi.Input<string>;
  /** What a pod that reads it is made for, so that it can tell an older Secret from its own. */
  readonly expected: Expected;
  /** What a consumer of the Secret depends on. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: ContractSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:credential:ContractSecret", name, { secretName: args.secretName }, opts);
    const { realm, client, further = [] } = args;
    // One string that all replicas share; more than the 32 bytes that session signing asks for.
    const session =
      args.sessionSecretKey === undefined
        ? undefined
        : generatedPassword(partName(name, "session"), { generation: args.sessionGeneration ?? 1 }, { parent: this });
    const values: Record<ContractValue, pulumi.Input<string>> = {
      clientSecret: secretOf(client),
      clientId: client.clientId,
      issuer: realm.issuer,
      metadataUrl: realm.metadataUrl,
      jwksUrl: realm.urls.jwks,
      tokenUrl: realm.urls.token,
    };
    const data: Record<string, pulumi.Input<string>> = Object.fromEntries(
      Object.entries(args.keys).map(([value, key]) => [key, values[value as ContractValue]]),
    );
    if (session !== undefined && args.sessionSecretKey !== undefined) data[args.sessionSecretKey] = session.result;
    for (const { client: other, keys } of further) {
      data[keys.clientId] = other.clientId;
      data[keys.clientSecret] = secretOf(other);
    }
    const generations = {
      client: client.generation,
      ...(session === undefined ? {} : { session: args.sessionGeneration ?? 1 }),
      ...Object.fromEntries(further.map((other) => [other.name, other.client.generation])),
    };
    if (args.generationsKey !== undefined) data[args.generationsKey] = JSON.stringify(generations);
    this.expected = { issuer: realm.issuer, clientId: client.requestedId, generations };
    this.namespace = args.namespace;
    this.keys = Object.keys(data);
    this.data = pulumi.secret(pulumi.all(data));
    const { owner, secretName, namespace, target, externalName } = args;
    this.delivered = {
      owner,
      secretName,
      ...(externalName === undefined ? {} : { externalName }),
      namespace,
      keys: this.keys,
      data: this.data,
      clientUuid: client.uuid,
      requires: [
        ...realm.ready,
        ...client.ready,
        ...(session === undefined ? [] : [session]),
        ...further.flatMap(({ client: other, requires = [] }) => [...other.ready, ...requires]),
      ],
    };
    const delivery = target.deliver(name, this.delivered, { parent: this });
    this.secretName = delivery.secretName;
    this.checksums = delivery.checksums;
    this.ready = delivery.ready;
    this.registerOutputs({ secretName: this.secretName, data: this.data, checksums: this.checksums, keys: this.keys });
  }
}
