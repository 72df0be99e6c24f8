import * as k8s from "@pulumi/kubernetes";
import { catalogSource, type Settings } from "../config";
import { backstageContractKeys, catalogKeys, contractKeys, contractSecretName } from "../lib/contract";
import { databaseName } from "../lib/database";
import { placement } from "../lib/pod";
import { waveAnnotations } from "../lib/waves";
import { Backstage, type BackstageTransforms } from "./backstage";
import { ContractSecret } from "./contractSecret";
import { Database } from "./database";
import type { Identity } from "./identity";

export interface Workload {
  readonly namespace: k8s.core.v1.Namespace;
  readonly contract: ContractSecret;
  readonly app: Backstage;
}

/** The Kubernetes half of the chain: namespace, contract Secret, database, and Backstage behind its gates. */
export function workload(
  settings: Omit<Settings, "adminSecret">,
  { realm, client, catalogSync }: Identity,
  kubernetes: k8s.Provider,
  transforms?: BackstageTransforms,
): Workload {
  const { backstage } = settings;
  const namespace = new k8s.core.v1.Namespace(
    backstage.namespace,
    { metadata: { name: backstage.namespace, annotations: waveAnnotations("namespace") } },
    { provider: kubernetes },
  );
  const own = { providers: [kubernetes], dependsOn: [namespace] };
  const { name } = namespace.metadata;
  const contract = new ContractSecret(
    contractSecretName,
    {
      realm,
      client,
      namespace: name,
      secretName: contractSecretName,
      keys: backstageContractKeys,
      sessionSecretKey: contractKeys.sessionSecret,
      ...(catalogSync === undefined ? {} : { further: { client: catalogSync.client, requires: catalogSync.ready, keys: catalogKeys } }),
    },
    own,
  );
  const database = new Database(
    databaseName("backstage"),
    { namespace: name, settings: backstage.database, rolloutSeconds: backstage.rolloutSeconds, placement: placement(backstage) },
    own,
  );
  const app = new Backstage(
    "backstage",
    {
      contract,
      database,
      namespace: name,
      keycloakUrl: settings.keycloak.url,
      settings: backstage,
      ...(catalogSync === undefined ? {} : { catalogSync: catalogSource(settings) }),
      ...(transforms === undefined ? {} : { transforms }),
    },
    own,
  );
  return { namespace, contract, app };
}
