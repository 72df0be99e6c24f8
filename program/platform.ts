import type * as keycloak from "@pulumi/keycloak";
import type * as k8s from "@pulumi/kubernetes";
import type { DecidedSettings } from "../config";
import { identity, type Identity } from "./identity";
import { componentNames } from "../lib/resourceNames";
import { PlatformClients } from "../components/platformClients";
import { SourceSecret } from "../components/sourceSecret";
import type { Target } from "../components/support/target";
import type { Parent } from "./providers";
import { targetOf } from "./targets";
import { workload, type Workload } from "./workload";

export interface Providers extends Parent {
  readonly keycloak: keycloak.Provider;
  readonly kubernetes: k8s.Provider;
}

export interface Platform extends Identity, Workload {
  readonly clients: PlatformClients;
}

/** The chain, each link behind the one before it: realm -> client -> contract Secret -> Backstage behind its gates. */
export function platform(
  settings: DecidedSettings,
  { keycloak, kubernetes, ...parent }: Providers,
  target: Target,
): Platform {
  const ofKeycloak = identity(settings, { ...parent, providers: [keycloak] });
  const ofKubernetes = workload(settings, ofKeycloak, { ...parent, kubernetes }, target);
  const { realm, groupsScope } = ofKeycloak;
  const clients = new PlatformClients(
    componentNames.clients,
    {
      target,
      realm,
      groupsScope,
      clients: settings.clients.map((client) => ({
        clientId: client.clientId,
        kind: client.kind,
        description: client.description,
        rootUrl: client.rootUrl,
        redirectUris: client.redirectUris,
        postLogoutRedirectUris: client.postLogoutRedirectUris.length === 0 ? undefined : client.postLogoutRedirectUris,
        webOrigins: client.webOrigins,
        defaultScopes: client.defaultScopes,
        optionalScopes: client.optionalScopes,
        audiences: client.mappers,
        lifetimes: client.lifetimes,
        secret: client.secret,
        saml: client.saml,
      })),
      adopted: settings.adopted,
      namespaces: { [settings.backstage.namespace]: ofKubernetes.namespace },
    },
    { ...parent, providers: [keycloak, kubernetes] },
  );
  const delivered = [...ofKubernetes.delivered, ...clients.delivered];
  return { ...ofKeycloak, ...ofKubernetes, clients, delivered };
}

export interface Program extends Platform {
  /** Where Argo CD's side reads the credentials from; undefined: Pulumi applies everything. */
  readonly source: SourceSecret | undefined;
}

/** All that `pulumi up` makes: the chain and, where Argo CD applies it, the Secret that its credentials come from. */
export function program(settings: DecidedSettings, { keycloak, kubernetes, ...parent }: Providers): Program {
  const chain = platform(settings, { ...parent, keycloak, kubernetes }, targetOf(settings));
  if (settings.mode === "direct") return { ...chain, source: undefined };
  const source = new SourceSecret(
    componentNames.source,
    {
      settings: settings.gitops.source,
      credentials: chain.delivered,
      namespaces: { protect: settings.namespaces.protect, foreign: settings.foreignNamespaces },
    },
    { ...parent, providers: [kubernetes] },
  );
  return { ...chain, source };
}
