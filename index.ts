import "./lib/stackTraces";
import { identity } from "./components/identity";
import { PlatformClients } from "./components/platformClients";
import { providers } from "./components/providers";
import { workload } from "./components/workload";
import { loadConfig } from "./config";
import { preflight } from "./verify/preflight";

export = async () => {
  const settings = loadConfig();
  const adopted = await preflight(settings);
  const { keycloak, kubernetes } = providers(settings);

  // Each link depends on the one before it: realm -> client -> contract Secret -> Backstage behind its gates.
  const who = identity(settings, { providers: [keycloak] }, adopted);
  const { namespace, contract, app } = workload(settings, who, kubernetes);
  const clients = new PlatformClients(
    "clients",
    { realm: who.realm, groupsScope: who.groupsScope, clients: settings.clients, adopted: adopted.clients, namespaces: { [settings.backstage.namespace]: namespace } },
    { providers: [keycloak, kubernetes] },
  );

  return {
    backstageUrl: app.url,
    keycloakUrl: settings.keycloak.url,
    authProvider: settings.backstage.authProvider,
    authEnvironment: settings.backstage.authEnvironment,
    issuer: who.realm.issuer,
    namespace: namespace.metadata.name,
    deployment: app.deploymentName,
    contractSecret: contract.secretName,
    credential: contract.data,
    clientSecrets: clients.secrets,
    userPasswords: who.users.passwords,
    userPasswordsTemporary: !settings.isDev,
  };
};
