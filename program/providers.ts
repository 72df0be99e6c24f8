import * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import { keycloakUrls } from "../lib/keycloak/urls";
import type { Providers } from "./platform";

/** What everything is a child of: nothing in our own program, the component in somebody else's. */
export type Parent = Pick<pulumi.ComponentResourceOptions, "parent">;

/** The provider does not mark its credentials as secret itself. */
function credentials({ keycloak: { admin }, adminSecret }: Settings): keycloak.ProviderArgs {
  const secret = pulumi.secret(adminSecret);
  if (admin.method === "password") return { clientId: "admin-cli", username: admin.username, password: secret };
  const clientId = admin.clientId ?? "";
  if (admin.method === "client-secret") return { clientId, clientSecret: secret };
  return { clientId, jwtSigningKey: secret, jwtSigningAlg: admin.signingAlgorithm };
}

/** The two explicit providers; nothing in this program may use a default one. */
export function providers(settings: Settings, parent: Parent = {}): Providers {
  const { origin, basePath } = keycloakUrls(settings.keycloak.url, settings.keycloak.admin.realm);
  return {
    ...parent,
    keycloak: new keycloak.Provider(
      "keycloak",
      {
        // A plain string: an unknown URL would make the engine skip every check at preview.
        url: origin,
        basePath,
        realm: settings.keycloak.admin.realm,
        ...credentials(settings),
        ...(settings.keycloak.version === undefined ? {} : { keycloakVersion: settings.keycloak.version }),
        // The default of 5 s is less than a realm can take; what then exists answers 409 on the next try.
        clientTimeout: 60,
      },
      parent,
    ),
    kubernetes: new k8s.Provider(
      "kubernetes",
      {
        ...(settings.kubeconfig === "" ? {} : { kubeconfig: pulumi.secret(settings.kubeconfig) }),
        // Without these a changed value deletes the object first, and pods that start in the gap fail.
        enableSecretMutable: true,
        enableConfigMapMutable: true,
        // Pulumi is the one owner: a value that was changed by hand, or made by a run that was killed, is set right.
        enablePatchForce: true,
        upsertExistingObjects: true,
      },
      parent,
    ),
  };
}
