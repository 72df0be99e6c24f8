import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import { appConfig } from "../lib/appConfig";
import { contractKeys, secretsPath } from "../lib/contract";
import { databaseName } from "../lib/database";
import { gateContainers, gateEnv, gatePath, gateScripts, probes, type GateSettings } from "../lib/gates";
import { checksumAnnotation, dataHash } from "../lib/hashes";
import { backstageUrls } from "../lib/urls";
import { waveAnnotations } from "../lib/waves";
import { containerSecurity, fromSecret, podSecurity } from "../lib/pod";
import type { ContractSecret } from "./contractSecret";
import type { Database } from "./database";

export interface BackstageArgs {
  /** The credential: the Deployment cannot exist before it does, and rolls out when it changes. */
  readonly contract: ContractSecret;
  /** Where it keeps its data: it starts once that is ready. */
  readonly database: Database;
  /** The namespace of everything here; an edge, not only a name. */
  readonly namespace: pulumi.Input<string>;
  readonly settings: Settings["backstage"];
}

const CONFIG_PATH = "/etc/backstage";
/** The uid of `node` in Node's official images, on which Backstage's own Dockerfile builds. */
const UID = 1000;

/** Backstage behind its gates: no pod serves before Keycloak has accepted the credential that the pod holds. */
export class Backstage extends pulumi.ComponentResource {
  readonly url: string;
  readonly deploymentName: pulumi.Output<string>;
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: BackstageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Backstage", name, { settings: args.settings }, opts);
    const { contract, database, namespace, settings } = args;
    const { port } = settings;
    const urls = backstageUrls(settings.url, "oidc", settings.authEnvironment);
    const gates: GateSettings = { gateSeconds: settings.gateSeconds, port, startPath: urls.startPath };

    const configMap = (suffix: string, data: Record<string, string>): k8s.core.v1.ConfigMap =>
      new k8s.core.v1.ConfigMap(
        `${name}-${suffix}`,
        { metadata: { name: `${name}-${suffix}`, namespace, annotations: waveAnnotations("configuration") }, data },
        { parent: this, dependsOn: contract.ready },
      );
    const config = { "app-config.yaml": appConfig({ ...settings, port, databaseService: databaseName(name) }) };
    const scripts = gateScripts();
    const configs = configMap("app-config", config);
    const gate = configMap("gate", scripts);

    // Environment variables are read once: only a changed template makes pods that read them again.
    const checksums = pulumi
      .all([contract.data, contract.secretName, configs.metadata.name, gate.metadata.name, database.checksums])
      .apply(([data, secretName, configName, gateName, others]) => ({
        ...others,
        [checksumAnnotation("secret", secretName)]: dataHash(data),
        [checksumAnnotation("configmap", configName)]: dataHash(config),
        [checksumAnnotation("configmap", gateName)]: dataHash(scripts),
      }));

    const labels = { app: name };
    const common = {
      image: settings.image,
      imagePullPolicy: settings.imagePullPolicy,
      securityContext: containerSecurity,
      volumeMounts: [
        { name: "secrets", mountPath: secretsPath, readOnly: true },
        { name: "gate", mountPath: gatePath, readOnly: true },
        { name: "tmp", mountPath: "/tmp" },
      ],
    };
    const deployment = new k8s.apps.v1.Deployment(
      name,
      {
        metadata: { name, namespace, labels, annotations: waveAnnotations("workload") },
        spec: {
          replicas: settings.replicas,
          revisionHistoryLimit: 3,
          progressDeadlineSeconds: settings.rolloutSeconds,
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          selector: { matchLabels: labels },
          template: {
            // The hash is no secret, and marked as one it would hide the whole template from the reviewer.
            metadata: { labels, annotations: pulumi.unsecret(checksums) },
            spec: {
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              securityContext: podSecurity(UID),
              initContainers: gateContainers(
                { ...common, resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } } },
                gates,
              ),
              containers: [
                {
                  ...common,
                  ...probes(port),
                  name: "backstage",
                  command: settings.command,
                  args: [...settings.configFiles, `${CONFIG_PATH}/app-config.yaml`].flatMap((file) => ["--config", file]),
                  ports: [{ name: "http", containerPort: port }],
                  env: [
                    // Anything else turns a broken sign-in provider into a warning.
                    { name: "NODE_ENV", value: "production" },
                    ...Object.values(contractKeys).map((key) => fromSecret(key, contract.secretName, key)),
                    ...database.parts.env,
                    ...gateEnv(gates),
                  ],
                  resources: { requests: { cpu: "100m", memory: "384Mi" }, limits: { memory: "1Gi" } },
                  volumeMounts: [...common.volumeMounts, { name: "app-config", mountPath: CONFIG_PATH, readOnly: true }, ...database.parts.mounts],
                },
              ],
              volumes: [
                // Optional, so that a missing Secret is the gate's clear line instead of a mount that hangs.
                { name: "secrets", secret: { secretName: contract.secretName, optional: true } },
                { name: "app-config", configMap: { name: configs.metadata.name } },
                { name: "gate", configMap: { name: gate.metadata.name } },
                { name: "tmp", emptyDir: {} },
                ...database.parts.volumes,
              ],
            },
          },
        },
      },
      {
        parent: this,
        dependsOn: [...contract.ready, ...database.ready, configs, gate],
        // A little longer than the deadline, so that Kubernetes' own verdict is what the user reads.
        customTimeouts: { create: `${settings.rolloutSeconds + 30}s`, update: `${settings.rolloutSeconds + 30}s` },
      },
    );
    const service = new k8s.core.v1.Service(
      name,
      {
        metadata: { name, namespace, labels, annotations: waveAnnotations("workload") },
        spec: {
          type: settings.nodePort === undefined ? "ClusterIP" : "NodePort",
          selector: labels,
          ports: [{ name: "http", port: 80, targetPort: "http", ...(settings.nodePort === undefined ? {} : { nodePort: settings.nodePort }) }],
        },
      },
      { parent: this, dependsOn: [deployment] },
    );
    this.url = urls.base;
    this.deploymentName = deployment.metadata.name;
    this.serviceName = service.metadata.name;
    this.registerOutputs({ url: this.url, deploymentName: this.deploymentName, serviceName: this.serviceName });
  }
}
