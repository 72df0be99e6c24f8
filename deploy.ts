import { all, getStack } from "@pulumi/pulumi";
import { program } from "./program/platform";
import { providers, type Parent } from "./program/providers";
import type { Settings } from "./config";
import { applicationName } from "./lib/gitops/argocd";
import type { Made, Outputs } from "./lib/outputs";
import { preflight } from "./preflight";

/**
 * Asks the servers, makes everything and tells what came of it.
 * @param parent the component, where this is one of somebody else's program
 */
export async function deploy(loaded: Settings, parent: Parent = {}): Promise<Made<Outputs>> {
  const settings = await preflight(loaded, parent.parent !== undefined);
  const { realm, users, clients, namespace, contract, deployment, source } = program(
    settings,
    providers(loaded, parent),
  );

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
}
