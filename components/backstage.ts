import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import { appConfig, type CatalogSource } from "../lib/backstage/appConfig";
import type { Expected } from "../lib/pod/contract";
import { databaseName, ownDatabaseHost } from "../lib/backstage/databaseConnection";
import {
  backstageScripts,
  gateBase,
  gateContainers,
  healthEnv,
  healthPortName,
  podScripts,
  probes,
  scrapeAnnotations,
  type GateSettings,
} from "../lib/pod/gates";
import { checksumAnnotation, dataHash } from "../lib/pod/hashes";
import {
  caParts,
  configPath,
  extraParts,
  filled,
  fromSecret,
  nodeUid,
  placement,
  podSecurity,
  referencesOf,
  topologySpread,
} from "../lib/pod/podSpec";
import { startOf, type Start } from "../lib/backstage/startCommand";
import { backstageUrls } from "../lib/keycloak/urls";
import { Account } from "./account";
import { Availability, type AvailabilityTransforms } from "./availability";
import type { ContractSecret } from "./contractSecret";
import type { Database } from "./database";
import { Exposure, servicePort, type ExposureTransforms } from "./exposure";
import { Network, type NetworkArgs, type NetworkTransforms } from "./network";
import type { Target } from "./support/target";
import { transformed, type Transform } from "./support/transform";

/** A way out for each child, where no setting leads. */
export interface BackstageTransforms extends AvailabilityTransforms, ExposureTransforms, NetworkTransforms {
  /** Changes the Deployment. @default as it is made */
  readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
  /** Changes the Service. @default as it is made */
  readonly service?: Transform<k8s.core.v1.ServiceArgs>;
}

export interface BackstageArgs {
  /** Where its objects go. */
  readonly target: Target;
  /** The credential: the Deployment cannot exist before it does, and rolls out when it changes. */
  readonly contract: ContractSecret;
  /** What its pods are made for, which the contract Secret must say of itself before they start. */
  readonly expected: Expected;
  /** Where it keeps its data: it starts once that is ready. */
  readonly database: Database;
  /** The namespace of everything here; an edge, not only a name. */
  readonly namespace: pulumi.Input<string>;
  /** Keycloak's public URL, which the pods must be allowed to call. */
  readonly keycloakUrl: string;
  /** Its image, its place in the cluster, its sign-in and its bounds. */
  readonly settings: Settings["backstage"];
  /** The environment of the client beside the one in use. @default there is none */
  readonly standbyEnvironment?: string | undefined;
  /** Where the catalog's users and groups come from. @default nowhere */
  readonly catalogSync?: CatalogSource;
  /** A way out for each child, where no setting leads. @default none */
  readonly transforms?: BackstageTransforms;
}

/** Backstage behind its gates: no pod serves before Keycloak has accepted the credential that the pod holds. */
export class Backstage extends pulumi.ComponentResource {
  /** The public URL in its canonical form. */
  readonly url: string;
  /** The Deployment's name, known only once its pods are ready. */
  readonly deploymentName: pulumi.Output<string>;
  /** The Service's name. */
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: BackstageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Backstage", name, { settings: args.settings }, opts);
    const { contract, database, namespace, settings, target, transforms } = args;
    const urls = backstageUrls(settings.url, settings.authProvider, settings.authEnvironment);
    const gates: GateSettings = {
      gateSeconds: settings.gateSeconds,
      expected: args.expected,
      requiredKeys: contract.keys,
    };
    const labels = { app: name };

    const configMap = (suffix: string, data: Record<string, string>): k8s.core.v1.ConfigMap =>
      new k8s.core.v1.ConfigMap(
        `${name}-${suffix}`,
        { metadata: { name: `${name}-${suffix}`, namespace, annotations: target.annotations("configuration") }, data },
        { parent: this, dependsOn: contract.ready },
      );
    const catalog = args.catalogSync === undefined ? {} : { catalogSync: args.catalogSync };
    const config = {
      "app-config.yaml": appConfig({
        ...settings,
        ...catalog,
        standbyEnvironment: args.standbyEnvironment,
        databaseService: databaseName(name),
      }),
    };
    const start = startOf(settings.command, settings.database, (own) =>
      ownDatabaseHost(own, databaseName(name), settings.namespace),
    );
    const scripts = podScripts(backstageScripts);
    const configs = configMap("app-config", config);
    const gate = configMap("gate", scripts);
    const account = new Account(name, { target, namespace, settings: settings.serviceAccount }, { parent: this });
    const fences = settings.networkPolicy.enabled ? this.network(name, args, labels) : [];

    // Environment variables are read once: only a changed template makes pods that read them again.
    const checksums = pulumi
      .all([
        configs.metadata.name,
        gate.metadata.name,
        contract.checksums,
        database.checksums,
        target.references(name, referencesOf(settings), namespace, { parent: this }),
      ])
      .apply(([configName, gateName, ...read]): Record<string, string> => ({
        ...scrapeAnnotations(settings.healthPort),
        ...Object.assign({}, ...read),
        [checksumAnnotation("configmap", configName)]: dataHash(config),
        [checksumAnnotation("configmap", gateName)]: dataHash(scripts),
      }));
    const several = settings.replicas > 1 || settings.autoscaling !== undefined;
    const spec = podSpec(args, gates, {
      start,
      startPath: urls.startPath,
      account: account.accountName,
      configs: configs.metadata.name,
      gate: gate.metadata.name,
      labels,
      several,
    });
    const longest = settings.rolloutSeconds * (settings.autoscaling?.maxReplicas ?? settings.replicas) + 30;
    const deployment = new k8s.apps.v1.Deployment(
      name,
      transformed(transforms?.deployment, {
        metadata: { name, namespace, labels, annotations: target.annotations("workload") },
        spec: {
          replicas: firstReplicas(settings),
          revisionHistoryLimit: 3,
          progressDeadlineSeconds: settings.rolloutSeconds,
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          selector: { matchLabels: labels },
          template: { metadata: { labels, annotations: checksums }, spec },
        },
      }),
      {
        parent: this,
        dependsOn: [...contract.ready, ...database.ready, ...account.ready, ...fences, configs, gate],
        // With an autoscaler the number is its own. Left out it would be one for a moment, until the autoscaler looks.
        ...(settings.autoscaling === undefined ? {} : { ignoreChanges: ["spec.replicas"] }),
        // Kubernetes' deadline counts anew with each pod that becomes ready. A little longer, so that its own verdict
        // is what the user reads.
        customTimeouts: { create: `${longest}s`, update: `${longest}s` },
      },
    );
    const service = new k8s.core.v1.Service(
      name,
      transformed(transforms?.service, {
        metadata: { name, namespace, labels, annotations: target.annotations("workload") },
        spec: {
          type: settings.nodePort === undefined ? "ClusterIP" : "NodePort",
          selector: labels,
          ports: [
            {
              ...servicePort,
              targetPort: "http",
              ...(settings.nodePort === undefined ? {} : { nodePort: settings.nodePort }),
            },
          ],
        },
      }),
      { parent: this, dependsOn: [deployment] },
    );
    const { autoscaling, exposure } = settings;
    const own = { target, namespace, ...(transforms === undefined ? {} : { transforms }) };
    if (several) new Availability(name, { ...own, autoscaling, deployment, labels }, { parent: this });
    if (exposure.kind !== "service")
      new Exposure(name, { ...own, service, settings: exposure, url: urls.base }, { parent: this });
    this.url = urls.base;
    this.deploymentName = deployment.metadata.name;
    this.serviceName = service.metadata.name;
    this.registerOutputs({ url: this.url, deploymentName: this.deploymentName, serviceName: this.serviceName });
  }

  private network(
    name: string,
    { keycloakUrl, namespace, settings, target, transforms }: BackstageArgs,
    labels: Record<string, string>,
  ): pulumi.Resource[] {
    const { database, networkPolicy: policy, port, healthPort } = settings;
    const network: NetworkArgs = {
      target,
      namespace,
      settings: {
        labels,
        port,
        healthPort,
        keycloakUrl,
        database,
        databaseLabels: { app: databaseName(name) },
        policy,
      },
      ...(transforms === undefined ? {} : { transforms }),
    };
    return new Network(name, network, { parent: this }).ready;
  }
}

interface PodNames {
  readonly start: Start;
  readonly startPath: string;
  readonly account: pulumi.Input<string>;
  readonly configs: pulumi.Input<string>;
  readonly gate: pulumi.Input<string>;
  readonly labels: Record<string, string>;
  readonly several: boolean;
}

/** The pod: the gates, one after the other, then Backstage. */
function podSpec(
  { contract, database, settings }: BackstageArgs,
  gates: GateSettings,
  names: PodNames,
): k8s.types.input.core.v1.PodSpec {
  const ca = caParts(settings);
  const extra = extraParts(settings);
  const base = gateBase(settings, [{ name: "tmp", mountPath: "/tmp" }]);
  return {
    serviceAccountName: names.account,
    automountServiceAccountToken: settings.serviceAccount.automountToken,
    enableServiceLinks: false,
    securityContext: podSecurity(nodeUid),
    ...placement(settings),
    ...filled({
      hostAliases: settings.hostAliases,
      topologySpreadConstraints: topologySpread(settings, names.several, names.labels),
    }),
    initContainers: gateContainers(base, gates, ca.env),
    containers: [
      {
        ...base,
        ...probes(),
        ...goesSlowly(settings),
        name: "backstage",
        command: names.start.command,
        args: [...settings.configFiles, `${configPath}/app-config.yaml`].flatMap((file) => ["--config", file]),
        ports: [
          { name: "http", containerPort: settings.port },
          { name: healthPortName, containerPort: settings.healthPort },
        ],
        env: [
          ...extra.env,
          // Anything else turns a broken sign-in provider into a warning.
          { name: "NODE_ENV", value: "production" },
          ...contract.keys.map((key) => fromSecret(key, contract.secretName, key)),
          ...database.parts.env,
          ...names.start.env,
          ...ca.env,
          ...healthEnv({ ...settings, startPath: names.startPath }),
        ],
        resources: resourcesOf(settings.resources),
        volumeMounts: [
          ...base.volumeMounts,
          { name: "app-config", mountPath: configPath, readOnly: true },
          ...database.parts.mounts,
          ...extra.mounts,
        ],
      },
    ],
    volumes: [
      {
        name: "secrets",
        projected: {
          sources: [
            // Optional, so that a missing Secret is the gate's clear line instead of a mount that hangs.
            { secret: { name: contract.secretName, optional: true } },
            ...(database.credential === undefined ? [] : [{ secret: database.credential }]),
          ],
        },
      },
      { name: "app-config", configMap: { name: names.configs } },
      { name: "gate", configMap: { name: names.gate } },
      { name: "tmp", emptyDir: {} },
      ...database.parts.volumes,
      ...ca.volumes,
      ...extra.volumes,
    ],
  };
}

/** How many pods there are at first: as many as told, within what an autoscaler may make of them. */
function firstReplicas({ autoscaling, replicas }: Settings["backstage"]): number {
  return autoscaling === undefined
    ? replicas
    : Math.min(Math.max(replicas, autoscaling.minReplicas), autoscaling.maxReplicas);
}

/**
 * Until every node has heard that a pod is going, requests still come in; with sessions of its own it could only spoil
 * them.
 */
function goesSlowly({ database }: Settings["backstage"]): Pick<k8s.types.input.core.v1.Container, "lifecycle"> {
  if (database.kind === "memory") return {};
  return { lifecycle: { preStop: { exec: { command: ["node", "-e", "setTimeout(() => {}, 5000)"] } } } };
}

function resourcesOf({
  requests,
  limits,
}: Settings["backstage"]["resources"]): k8s.types.input.core.v1.ResourceRequirements {
  const { cpu, memory } = limits;
  return { requests, limits: { memory, ...(cpu === undefined ? {} : { cpu }) } };
}
