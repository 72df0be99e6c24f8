import { appConfig } from "../../lib/backstage/appConfig";
import { contractKeys, contractSecretName, secretsPath } from "../../lib/pod/contract";
import { probes } from "../../lib/pod/gates";
import { configPath, containerSecurity, fromSecret, nodeUid, podSecurity } from "../../lib/pod/podSpec";
import { authEnvironment, authProvider, clientId, sessionSecret, type Site } from "./site";

/**
 * Backstage as a chart of plain manifests has it: the program's own image, resources and strategy, but not its gates.
 */

const PORT = 7007;
const labels = { app: "backstage" };

/**
 * The known fix's init container, in Node because that is what the image has: a file that is there and not all too
 * short.
 */
const WAIT = `
const fs = require("node:fs");
const tryIt = (left) => {
  let length = 0;
  try { length = fs.readFileSync("${secretsPath}/${contractKeys.clientSecret}", "utf8").trim().length; } catch {}
  if (length > 10) process.exit(0);
  if (left === 0) process.exit(1);
  setTimeout(tryIt, 10000, left - 1);
};
tryIt(30);`;

export function configMap({ name, url }: Site): object {
  const config = appConfig({
    url,
    port: PORT,
    authProvider,
    authEnvironment,
    resolvers: [{ resolver: "emailLocalPartMatchingUserEntityName", dangerouslyAllowSignInWithoutUserInCatalog: true }],
    additionalScopes: [],
    sessionDuration: 86_400,
  });
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: name, name: "app-config" },
    data: { "app-config.yaml": config },
  };
}

export const service = ({ name, nodePort }: Site): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: name, name: "backstage" },
  spec: { type: "NodePort", selector: labels, ports: [{ name: "http", port: 80, targetPort: "http", nodePort }] },
});

/** @param waits with the init container */
export function deployment({ name, image, oidc }: Site, waits: boolean): object {
  const base = { image, imagePullPolicy: "IfNotPresent", securityContext: containerSecurity };
  const secrets = { name: "secrets", mountPath: secretsPath, readOnly: true };
  const own = probes();
  // What asks Keycloak is the project's; what stays is the period, and Backstage's own word.
  const http = (path: string, { periodSeconds }: { periodSeconds?: unknown }): object => ({
    httpGet: { path, port: PORT },
    periodSeconds,
    timeoutSeconds: 5,
  });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: name, name: "backstage", labels },
    spec: {
      replicas: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: podSecurity(nodeUid),
          ...(waits
            ? {
                initContainers: [
                  { ...base, name: "wait-for-secrets", command: ["node", "-e", WAIT], volumeMounts: [secrets] },
                ],
              }
            : {}),
          containers: [
            {
              ...base,
              name: "backstage",
              command: ["node", "/app/index.js"],
              args: ["--config", `${configPath}/app-config.yaml`],
              ports: [{ name: "http", containerPort: PORT }],
              env: [
                { name: "NODE_ENV", value: "production" },
                { name: contractKeys.metadataUrl, value: oidc.metadata },
                { name: contractKeys.clientId, value: clientId },
                { name: contractKeys.sessionSecret, value: sessionSecret },
                fromSecret(contractKeys.clientSecret, contractSecretName, contractKeys.clientSecret),
              ],
              resources: { requests: { cpu: "100m", memory: "384Mi" }, limits: { memory: "1Gi" } },
              startupProbe: { ...http("/.backstage/health/v1/liveness", own.startupProbe), failureThreshold: 180 },
              readinessProbe: http("/.backstage/health/v1/readiness", own.readinessProbe),
              livenessProbe: http("/.backstage/health/v1/liveness", own.livenessProbe),
              volumeMounts: [
                { name: "app-config", mountPath: configPath, readOnly: true },
                { name: "tmp", mountPath: "/tmp" },
              ],
            },
          ],
          volumes: [
            { name: "app-config", configMap: { name: "app-config" } },
            { name: "tmp", emptyDir: {} },
            ...(waits ? [{ name: "secrets", secret: { secretName: contractSecretName } }] : []),
          ],
        },
      },
    },
  };
}
