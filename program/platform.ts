import type * as keycloak from "@pulumi/keycloak";
import type * as k8s from "@pulumi/kubernetes";
import type { Settings } from "../config";
import type { Adoption } from "../lib/keycloak/adoption";
import { identity, type Identity } from "./identity";
import { componentNames } from "../lib/ownership/resourceNames";
import { PlatformClients } from "../components/platformClients";
import type { Target } from "../components/support/target";
import { workload, type Workload } from "./workload";

export interface Platform extends Identity, Workload {
  readonly clients: PlatformClients;
}

/** The chain, each link behind the one before it: realm -> client -> contract Secret -> Backstage behind its gates. */
export function platform(
  settings: Omit<Settings, "adminSecret">,
  providers: { readonly keycloak: keycloak.Provider; readonly kubernetes: k8s.Provider },
  target: Target,
  adopted: Adoption = {},
): Platform {
  const { keycloak, kubernetes } = providers;
  const who = identity(settings, { providers: [keycloak] }, adopted);
  const what = workload(settings, who, kubernetes, target);
  const { realm, groupsScope } = who;
  const clients = new PlatformClients(
    componentNames.clients,
    {
      target,
      realm,
      groupsScope,
      clients: settings.clients,
      adopted,
      namespaces: { [settings.backstage.namespace]: what.namespace },
    },
    { providers: [keycloak, kubernetes] },
  );
  return { ...who, ...what, clients };
}
