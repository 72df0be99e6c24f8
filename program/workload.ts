import * as pulumi from "@pulumi/pulumi";
import type { DecidedSettings } from "../config";
import {
  backstageContractKeys,
  catalogKeys,
  contractKeys,
  contractSecretName,
  externalSecretName,
  standbyKeys,
} from "../lib/pod/contract";
import { componentNames } from "../lib/resourceNames";
import { Backstage, type BackstageTransforms } from "../components/backstage";
import { ContractSecret } from "../components/contractSecret";
import { Database, type DatabaseArgs } from "../components/database";
import type { Identity } from "./identity";
import type { Providers } from "./platform";
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
  { kubernetes, ...parent }: Omit<Providers, "keycloak">,
  target: Target,
  transforms?: BackstageTransforms,
): Workload {
  const { backstage, signIn } = settings;
  const namespace = target.namespace(backstage.namespace, { ...parent, provider: kubernetes });
  const opts = { ...parent, providers: [kubernetes], dependsOn: namespace.ready };
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
      generationsKey: contractKeys.generations,
      further: [
        ...(standby === undefined ? [] : [{ name: "standby", client: standby, keys: standbyKeys }]),
        ...(catalogSync === undefined
          ? []
          : [{ name: "catalog", client: catalogSync.client, requires: catalogSync.ready, keys: catalogKeys }]),
      ],
    },
    opts,
  );
  const retained = target.kept(opts);
  const database = new Database(
    componentNames.database,
    { ...own, server: databaseServer(backstage, settings.rotation.database) },
    retained,
  );
  const { exposure, networkPolicy, resources } = backstage;
  const { cpu } = resources.limits;
  const app = target.make(
    () =>
      new Backstage(
        componentNames.backstage,
        {
          target,
          contract,
          database,
          url: backstage.url,
          image: backstage.image,
          imagePullPolicy: backstage.imagePullPolicy,
          command: backstage.command,
          configFiles: backstage.configFiles,
          appConfig: backstage.appConfig,
          authProvider: backstage.authProvider,
          authEnvironment: signIn.active.environment,
          standbyEnvironment: signIn.standby?.environment,
          resolvers: backstage.resolvers,
          additionalScopes: backstage.additionalScopes,
          sessionDuration: backstage.sessionDuration,
          catalogSync,
          replicas: backstage.replicas,
          autoscaling: backstage.autoscaling,
          port: backstage.port,
          healthPort: backstage.healthPort,
          nodePort: backstage.nodePort,
          exposure: exposure.kind === "service" ? undefined : exposure,
          networkPolicy: networkPolicy.enabled && {
            fromNamespaces: networkPolicy.fromNamespaces,
            egress: networkPolicy.egress,
          },
          resources: {
            requests: resources.requests,
            limits: { memory: resources.limits.memory, ...(cpu === undefined ? {} : { cpu }) },
          },
          nodeSelector: backstage.nodeSelector,
          tolerations: backstage.tolerations,
          topologySpread: backstage.topologySpread,
          imagePullSecrets: backstage.imagePullSecrets,
          hostAliases: backstage.hostAliases,
          caBundle: backstage.caBundle,
          extraEnv: backstage.extraEnv,
          extraVolumes: backstage.extraVolumes,
          serviceAccount: backstage.serviceAccount,
          gateSeconds: backstage.gateSeconds,
          startSeconds: backstage.startSeconds,
          rolloutSeconds: backstage.rolloutSeconds,
          transforms,
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

/** The database by the settings; undefined: it is in memory. */
function databaseServer(backstage: DecidedSettings["backstage"], passwordGeneration: number): DatabaseArgs["server"] {
  const { database, nodeSelector, tolerations, imagePullSecrets, rolloutSeconds } = backstage;
  if (database.kind !== "postgres") return database.kind === "memory" ? undefined : database;
  return {
    kind: "postgres",
    image: database.image,
    storage: database.storage,
    storageClassName: database.storageClassName,
    clusterIP: database.clusterIP,
    protect: database.protect,
    passwordGeneration,
    nodeSelector,
    tolerations,
    imagePullSecrets,
    rolloutSeconds,
  };
}
