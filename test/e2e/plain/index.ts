import * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";

const client = new keycloak.openid.Client("grafana", {
  realmId: "platform",
  clientId: "grafana",
  accessType: "CONFIDENTIAL",
  standardFlowEnabled: true,
  validRedirectUris: ["https://grafana.example.com/*"],
});

new k8s.core.v1.Secret("grafana", {
  metadata: { name: "grafana-oidc" },
  stringData: { CLIENT_SECRET: client.clientSecret },
});

new k8s.apps.v1.Deployment(
  "grafana",
  {
    spec: {
      selector: { matchLabels: { app: "grafana" } },
      template: {
        metadata: { labels: { app: "grafana" } },
        spec: {
          containers: [
            { name: "grafana", image: "grafana/grafana:latest", envFrom: [{ secretRef: { name: "grafana-oidc" } }] },
          ],
        },
      },
    },
  },
  { dependsOn: [client] },
);
