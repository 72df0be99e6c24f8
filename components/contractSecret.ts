import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { contractKeys } from "../lib/contract";
import { waveAnnotations } from "../lib/waves";
import type { OidcClient } from "./oidcClient";
import type { Realm } from "./realm";

export interface ContractSecretArgs {
  readonly realm: Realm;
  readonly client: OidcClient;
  /** The namespace that the Secret is written to; an edge, not only a name. */
  readonly namespace: pulumi.Input<string>;
  /** The Secret's name, fixed so that operators and GitOps manifests can rely on it. */
  readonly secretName: string;
}

const base64Values = (data: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));

/** The Secret through which Backstage gets its credential, complete or not at all. */
export class ContractSecret extends pulumi.ComponentResource {
  readonly secretName: pulumi.Output<string>;
  /** The Secret's contents; a secret. */
  readonly data: pulumi.Output<Record<string, string>>;
  /** Keycloak's own id of the client that the credential is for. */
  readonly clientUuid: pulumi.Output<string>;
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: ContractSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:credential:ContractSecret", name, { secretName: args.secretName }, opts);
    // One string that all replicas share; more than the 32 bytes that session signing asks for.
    const session = new random.RandomPassword(`${name}-session`, { length: 48, special: false }, { parent: this });
    this.data = pulumi.secret(
      pulumi
        .all([args.client.clientSecret, args.client.clientId, session.result])
        .apply(([clientSecret, clientId, sessionSecret]): Record<string, string> => ({
          [contractKeys.clientSecret]: clientSecret,
          [contractKeys.clientId]: clientId,
          [contractKeys.issuer]: args.realm.issuer,
          [contractKeys.metadataUrl]: args.realm.metadataUrl,
          [contractKeys.sessionSecret]: sessionSecret,
        })),
    );
    const secret = new k8s.core.v1.Secret(
      name,
      {
        metadata: { name: args.secretName, namespace: args.namespace, annotations: waveAnnotations("credential") },
        type: "Opaque",
        // `data`, not `stringData`: that is write-only, so a value changed by hand would never show as drift.
        data: this.data.apply(base64Values),
      },
      { parent: this, dependsOn: [...args.realm.ready, ...args.client.ready, session] },
    );
    this.secretName = secret.metadata.name;
    this.clientUuid = args.client.uuid;
    this.ready = [secret];
    this.registerOutputs({ secretName: this.secretName, data: this.data, clientUuid: this.clientUuid });
  }
}
