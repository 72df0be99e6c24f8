import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { catalogSource, type DecidedSettings } from "../config";
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
import { Backstage, type BackstageTransforms } from "../components/backstage";
import { ContractSecret } from "../components/contractSecret";
import { Database } from "../components/database";
import type { Identity } from "./identity";
import type { Credential, Target, TargetNamespace } from "../components/support/target";

export interface Workload {
  readonly namespace: TargetNamespace;
  readonly contract: ContractSecret;
  /** The Deployment's name. */
  readonly deployment: pulumi.Output<string>;
  /** What was delivered, for who keeps a copy of it. */
  readonly delivered: readonly Credential[];
}

/** The Kubernetes half of the chain: namespace, contract Secret, database, and Backstage behind its gates. */
export function workload(
  settings: DecidedSettings,
  { realm, client, standby, catalogSync }: Identity,
  kubernetes: k8s.Provider,
  target: Target,
  transforms?: BackstageTransforms,
): Workload {
  const { backstage, signIn } = settings;
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
  const retained = target.kept(opts);
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
  const app = target.make(
    () =>
      new Backstage(
        componentNames.backstage,
        {
          ...own,
          contract,
          expected: { ...expected, generations: { ...expected.generations, ...database.generations } },
          database,
          keycloakUrl: settings.keycloak.url,
          settings: { ...backstage, authEnvironment: signIn.active.environment },
          standbyEnvironment: signIn.standby?.environment,
          ...(catalogSync === undefined ? {} : { catalogSync: catalogSource(settings) }),
          ...(transforms === undefined ? {} : { transforms }),
        },
        retained,
      ),
  );
  const delivered = [contract.delivered, ...database.delivered];
  return {
    namespace,
    contract,
    delivered,
    deployment: app?.deploymentName ?? pulumi.output<string>(componentNames.backstage),
  };
}
