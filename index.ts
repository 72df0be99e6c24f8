import * as k8s from "@pulumi/kubernetes";
import { Backstage } from "./components/backstage";
import { ContractSecret } from "./components/contractSecret";
import { identity } from "./components/identity";
import { PlatformClients } from "./components/platformClients";
import { providers } from "./components/providers";
import { catalogSource, loadConfig } from "./config";
import { backstageContractKeys, catalogKeys, contractKeys, contractSecretName } from "./lib/contract";
import { waveAnnotations } from "./lib/waves";
import { preflight } from "./verify/preflight";

export = async () => {
  const settings = loadConfig();
  const { backstage } = settings;
  await preflight(settings);
  const { keycloak, kubernetes } = providers(settings);
  const { realm, groupsScope, users, client, catalogSync } = identity(settings, { providers: [keycloak] });
  const namespace = new k8s.core.v1.Namespace(
    backstage.namespace,
    { metadata: { name: backstage.namespace, annotations: waveAnnotations("namespace") } },
    { provider: kubernetes },
  );
  const contract = new ContractSecret(
    contractSecretName,
    {
      realm,
      client,
      namespace: namespace.metadata.name,
      secretName: contractSecretName,
      keys: backstageContractKeys,
      sessionSecretKey: contractKeys.sessionSecret,
      ...(catalogSync === undefined ? {} : { further: { client: catalogSync.client, requires: catalogSync.ready, keys: catalogKeys } }),
    },
    { providers: [kubernetes], dependsOn: [namespace] },
  );
  const clients = new PlatformClients(
    "clients",
    { realm, groupsScope, clients: settings.clients, namespaces: { [backstage.namespace]: namespace } },
    { providers: [keycloak, kubernetes] },
  );
  const app = new Backstage(
    "backstage",
    { contract, namespace: namespace.metadata.name, settings: backstage, ...(catalogSync === undefined ? {} : { catalogSync: catalogSource(settings) }) },
    { providers: [kubernetes] },
  );

  return {
    backstageUrl: app.url,
    keycloakUrl: settings.keycloak.url,
    authEnvironment: backstage.authEnvironment,
    issuer: realm.issuer,
    namespace: namespace.metadata.name,
    deployment: app.deploymentName,
    contractSecret: contract.secretName,
    credential: contract.data,
    clientSecrets: clients.secrets,
    userPasswords: users.passwords,
    userPasswordsTemporary: !settings.isDev,
  };
};
