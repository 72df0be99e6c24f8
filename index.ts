import * as k8s from "@pulumi/kubernetes";
import { Backstage } from "./components/backstage";
import { ContractSecret } from "./components/contractSecret";
import { Database } from "./components/database";
import { OidcClient } from "./components/oidcClient";
import { providers } from "./components/providers";
import { Realm } from "./components/realm";
import { TestUsers } from "./components/testUsers";
import { loadConfig } from "./config";
import { contractSecretName } from "./lib/contract";
import { databaseName } from "./lib/database";
import { placement } from "./lib/pod";
import { backstageUrls } from "./lib/urls";
import { waveAnnotations } from "./lib/waves";
import { preflight } from "./verify/preflight";

export = async () => {
  const settings = loadConfig();
  const { backstage } = settings;
  await preflight(settings);

  const { keycloak, kubernetes } = providers(settings);
  const urls = backstageUrls(backstage.url, "oidc", backstage.authEnvironment);

  const realm = new Realm(settings.realm.name, { keycloakUrl: settings.keycloak.url, realm: settings.realm.name, ...settings.realm }, { providers: [keycloak] });
  const users = new TestUsers("users", { realm, users: settings.users }, { providers: [keycloak] });
  const client = new OidcClient(
    backstage.clientId,
    { realm, clientId: backstage.clientId, rootUrl: urls.base, redirectUri: urls.redirectUri, secretGeneration: settings.rotation.generation },
    { providers: [keycloak] },
  );
  const namespace = new k8s.core.v1.Namespace(
    backstage.namespace,
    { metadata: { name: backstage.namespace, annotations: waveAnnotations("namespace") } },
    { provider: kubernetes },
  );
  const contract = new ContractSecret(
    contractSecretName,
    { realm, client, namespace: namespace.metadata.name, secretName: contractSecretName },
    { providers: [kubernetes], dependsOn: [namespace] },
  );
  const database = new Database(
    databaseName("backstage"),
    { namespace: namespace.metadata.name, settings: backstage.database, rolloutSeconds: backstage.rolloutSeconds, placement: placement(backstage) },
    { providers: [kubernetes], dependsOn: [namespace] },
  );
  const app = new Backstage(
    "backstage",
    { contract, database, namespace: namespace.metadata.name, keycloakUrl: settings.keycloak.url, settings: backstage },
    { providers: [kubernetes], dependsOn: [namespace] },
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
    userPasswords: users.passwords,
  };
};
