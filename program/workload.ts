import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { catalogSource, type Settings } from "../config";
import {
  backstageContractKeys,
  catalogKeys,
  contractKeys,
  contractSecretName,
  externalSecretName,
  standbyKeys,
} from "../lib/pod/contract";
import { expectedOf } from "../lib/pod/expected";
import { componentNames } from "../lib/ownership/resourceNames";
import { placement } from "../lib/pod/podSpec";
import { signInClients } from "../lib/keycloak/rotation";
import { Backstage, type BackstageTransforms } from "../components/backstage";
import { ContractSecret } from "../components/contractSecret";
import { Database } from "../components/database";
import type { Identity } from "./identity";
import type { Target, TargetNamespace } from "../components/support/target";

export interface Workload {
  readonly namespace: TargetNamespace;
  readonly contract: ContractSecret;
  /** The Deployment's name. */
  readonly deployment: pulumi.Output<string>;
}

/** The Kubernetes half of the chain: namespace, contract Secret, database, and Backstage behind its gates. */
export function workload(
  settings: Omit<Settings, "adminSecret">,
  { realm, client, standby, catalogSync }: Identity,
  kubernetes: k8s.Provider,
  target: Target,
  transforms?: BackstageTransforms,
): Workload {
  const { backstage } = settings;
  const expected = expectedOf(settings);
  const namespace = target.namespace(backstage.namespace, { provider: kubernetes });
  const opts = { providers: [kubernetes], dependsOn: namespace.ready };
  const own = { target, namespace: namespace.name };
  const contract = new ContractSecret(
    contractSecretName,
    {
      ...own,
      realm,
      client,
      owner: backstage.clientId,
      secretName: contractSecretName,
      externalName: externalSecretName,
      keys: backstageContractKeys,
      sessionSecretKey: contractKeys.sessionSecret,
      sessionGeneration: settings.rotation.sessionSecret,
      generations: expected.generations,
      further: [
        ...(standby === undefined ? [] : [{ client: standby, keys: standbyKeys }]),
        ...(catalogSync === undefined
          ? []
          : [{ client: catalogSync.client, requires: catalogSync.ready, keys: catalogKeys }]),
      ],
    },
    opts,
  );
  const retained = { ...opts, retainOnDelete: target.retain };
  const database = new Database(
    componentNames.database,
    {
      ...own,
      settings: backstage.database,
      passwordGeneration: settings.rotation.database,
      rolloutSeconds: backstage.rolloutSeconds,
      placement: placement(backstage),
    },
    retained,
  );
  if (!target.objects) return { namespace, contract, deployment: pulumi.output<string>(componentNames.backstage) };
  const environments = signInClients(backstage, settings.rotation);
  const app = new Backstage(
    componentNames.backstage,
    {
      ...own,
      contract,
      expected: { ...expected, generations: { ...expected.generations, ...database.generations } },
      database,
      keycloakUrl: settings.keycloak.url,
      settings: { ...backstage, authEnvironment: environments.active.environment },
      standbyEnvironment: environments.standby?.environment,
      ...(catalogSync === undefined ? {} : { catalogSync: catalogSource(settings) }),
      ...(transforms === undefined ? {} : { transforms }),
    },
    retained,
  );
  return { namespace, contract, deployment: app.deploymentName };
}
