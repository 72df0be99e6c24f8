import { all, getStack } from "@pulumi/pulumi";
import type { DecidedSettings } from "../config";
import { applicationName } from "../lib/gitops/argocd";
import type { Made, Outputs } from "../lib/outputs";
import type { Program } from "./platform";

/** What a stack tells of itself, as docs/outputs.md has it. */
export function outputsOf(
  settings: DecidedSettings,
  { realm, users, clients, namespace, contract, deployment, source }: Program,
): Made<Outputs> {
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
