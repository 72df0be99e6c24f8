import * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { portal, type Site } from "./portal";

/** The portal on the local platform, which fills in what it generates. */
const config = new pulumi.Config();
const { url } = config.requireObject<{ url: string }>("keycloak");
const { database, ...site } = config.requireObject<Omit<Site, "keycloakUrl">>("backstage");

export = portal(
  { ...site, ...(database === undefined ? {} : { database }), keycloakUrl: url },
  {
    keycloak: new keycloak.Provider("identity", {
      url,
      realm: "master",
      clientId: "admin-cli",
      username: "admin",
      password: config.requireSecret("keycloakAdminPassword"),
      clientTimeout: 60,
    }),
    kubernetes: new k8s.Provider("cluster", { enableSecretMutable: true, enableConfigMapMutable: true }),
  },
);
