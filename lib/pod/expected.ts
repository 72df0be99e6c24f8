import type { Settings } from "../../config";
import type { Expected } from "./contract";
import type { SignInClients } from "../keycloak/rotation";
import { keycloakUrls } from "../keycloak/urls";

/** What Backstage's pods are made for: the contract Secret by these settings. */
export function expectedOf({
  catalogSync,
  keycloak,
  realm,
  rotation,
  signIn: { active, standby },
}: Pick<Settings, "catalogSync" | "keycloak" | "realm" | "rotation"> & { readonly signIn: SignInClients }): Expected {
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
