import "./lib/runtime/stackTraces";
import "./lib/runtime/oldestNode";
import { all, getStack } from "@pulumi/pulumi";
import { program } from "./program/platform";
import { providers } from "./program/providers";
import { loadConfig } from "./config";
import type { Made, Outputs } from "./lib/outputs";
import { applicationName } from "./lib/gitops/argocd";
import { preflight } from "./preflight";

export = async (): Promise<Made<Outputs>> => {
  const loaded = loadConfig();
  const settings = await preflight(loaded);
  const { realm, users, clients, namespace, contract, deployment, source } = program(settings, providers(loaded));

  const {
    rotation,
    overlap,
    gitops: { argocd },
  } = settings;
  // Only what was delivered is over.
  const grace = all([overlap, source?.secretName]).apply(([decided]) => decided ?? { from: 0, until: 0 });
  return {
    mode: settings.mode,
    ...(argocd === undefined ? {} : { application: `${argocd.namespace}/${applicationName("backstage", getStack())}` }),
    backstageUrl: settings.backstage.url,
    keycloakUrl: settings.keycloak.url,
    authProvider: settings.backstage.authProvider,
    authEnvironment: settings.signIn.active.environment,
    issuer: realm.issuer,
    rotation: {
      generation: rotation.generation,
      strategy: rotation.strategy,
      step: rotation.step,
      graceBegan: grace.from,
      graceEnds: grace.until,
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
