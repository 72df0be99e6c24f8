import type { Settings } from "../../config";
import type { Expected } from "./contract";
import { signInClients } from "../keycloak/rotation";
import { keycloakUrls } from "../keycloak/urls";

/** What Backstage's pods are made for: the contract Secret by these settings. */
export function expectedOf({
  backstage,
  catalogSync,
  keycloak,
  realm,
  rotation,
}: Omit<Settings, "adminSecret">): Expected {
  const { active, standby } = signInClients(backstage, rotation);
  return {
    issuer: keycloakUrls(keycloak.url, realm.name).issuer,
    clientId: active.clientId,
    generations: {
      client: active.generation,
      ...(standby === undefined ? {} : { standby: standby.generation }),
      session: rotation.sessionSecret,
      ...(catalogSync.enabled ? { catalog: rotation.catalogSync } : {}),
    },
  };
}
