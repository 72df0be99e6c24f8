import "./lib/runtime/stackTraces";
import "./lib/runtime/lazyInstaller";
import "./lib/runtime/oldestNode";
import { all, getStack } from "@pulumi/pulumi";
import { platform } from "./program/platform";
import { providers } from "./program/providers";
import { SourceSecret } from "./components/sourceSecret";
import { targetOf } from "./program/targets";
import { loadConfig } from "./config";
import { signInClients } from "./lib/keycloak/rotation";
import { componentNames } from "./lib/ownership/resourceNames";
import { applicationName } from "./lib/gitops/argocd";
import { preflight } from "./preflight";

export = async () => {
  const { settings, adopted, foreign } = await preflight(loadConfig());
  const given = providers(settings);
  const target = targetOf(settings, foreign);

  const { realm, users, clients, namespace, contract, deployment } = platform(settings, given, target, adopted);
  // What Argo CD applies reads its credentials from here, by the External Secrets Operator.
  const namespaces = { protect: settings.namespaces.protect, foreign };
  const source =
    settings.mode === "direct"
      ? undefined
      : new SourceSecret(
          componentNames.source,
          { settings: settings.gitops.source, credentials: target.credentials, namespaces },
          { providers: [given.kubernetes] },
        ).secretName;

  const {
    rotation,
    gitops: { argocd },
  } = settings;
  return {
    mode: settings.mode,
    ...(argocd === undefined ? {} : { application: `${argocd.namespace}/${applicationName("backstage", getStack())}` }),
    backstageUrl: settings.backstage.url,
    keycloakUrl: settings.keycloak.url,
    authProvider: settings.backstage.authProvider,
    authEnvironment: signInClients(settings.backstage, rotation).active.environment,
    issuer: realm.issuer,
    rotation: {
      generation: rotation.generation,
      strategy: rotation.strategy,
      step: rotation.step,
      // Only what was delivered is over.
      graceBegan: all([rotation.overlap, source]).apply(([overlap]) => overlap?.from ?? 0),
      graceEnds: all([rotation.overlap, source]).apply(([overlap]) => overlap?.until ?? 0),
    },
    namespace: namespace.name,
    namespacesProtected: settings.namespaces.protect,
    deployment,
    contractSecret: contract.secretName,
    credential: contract.data,
    clientSecrets: clients.secrets,
    userPasswords: users.passwords,
    userPasswordsTemporary: !settings.isDev,
  };
};
