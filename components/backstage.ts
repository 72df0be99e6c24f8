import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { appConfig, type SignInArgs } from "../lib/backstage/appConfig";
import { startCommand } from "../lib/backstage/startCommand";
import { backstageUrls } from "../lib/keycloak/urls";
import { partName } from "../lib/resourceNames";
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
import type { NetworkRules } from "../lib/pod/network";
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
  type PodArgs,
} from "../lib/pod/podSpec";
import { backstageDefaults, rolloutSecondsOf } from "../lib/settings/backstage";
import { Account, type AccountRights } from "./account";
import { Availability, type AutoscalingArgs, type AvailabilityTransforms } from "./availability";
import type { CatalogSync } from "./catalogSync";
import type { ContractSecret } from "./contractSecret";
import type { Database } from "./database";
import { Exposure, type ExposureTransforms, type GatewayExposure, type IngressExposure } from "./exposure";
import { Network, type NetworkTransforms } from "./network";
import { withDefaults } from "./support/defaults";
import type { Target } from "./support/target";
import { transformed, type Transform } from "./support/transform";

/** A way out for each child, where no setting leads. */
export interface BackstageTransforms extends AvailabilityTransforms, ExposureTransforms, NetworkTransforms {
  /** Changes the Deployment. @default as it is made */
  readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
  /** Changes the Service. @default as it is made */
  readonly service?: Transform<k8s.core.v1.ServiceArgs>;
}

/** The Service's port that Backstage is reached at. */
const SERVICE_PORT = { name: "http", port: 80 };

export interface BackstageArgs extends PodArgs, SignInArgs {
  /** Where its objects go. */
  readonly target: Target;
  /** The credential, and the namespace of everything here: a rollout follows when it changes. */
  readonly contract: ContractSecret;
  /** Where it keeps its data: it starts once that is ready. */
  readonly database: Database;
  /** Backstage's public URL. */
  readonly url: string;
  /** What starts Backstage in the image, by `node`. @default node packages/backend */
  readonly command?: readonly string[];
  /** Config files of the image; the component's own is read after them and so wins. @default app-config.yaml */
  readonly configFiles?: readonly string[];
  /** More app-config, over the image's own and under the component's. @default none */
  readonly appConfig?: Readonly<Record<string, unknown>>;
  /** By what the catalog gets the realm's users and groups. @default it does not */
  readonly catalogSync?: CatalogSync | undefined;
  /** How many pods, unless there is `autoscaling`; more than one need a database that they share. @default 1 */
  readonly replicas?: number;
  /** Let a HorizontalPodAutoscaler choose the number of pods. @default there are `replicas` */
  readonly autoscaling?: AutoscalingArgs | undefined;
  /** The TCP port that the backend listens on. @default 7007 */
  readonly port?: number;
  /** The TCP port that the kubelet asks for its health, and Prometheus for the last proof. @default 7008 */
  readonly healthPort?: number;
  /** The port of every node that leads to the Service. @default none */
  readonly nodePort?: number | undefined;
  /** What leads to the Service from outside. @default nothing that is made here */
  readonly exposure?: IngressExposure | GatewayExposure | undefined;
  /** Who may call Backstage, and whom it may call; `false`: no NetworkPolicies. @default anybody, and what it needs */
  readonly networkPolicy?: NetworkRules | false;
  /** The ServiceAccount of the pods. @default without a token and rights */
  readonly serviceAccount?: AccountRights;
  /** How long one gate tries before Kubernetes starts it again, in seconds; less than `rolloutSeconds`. @default 240 */
  readonly gateSeconds?: number;
  /** How long Backstage may start before it is restarted, in seconds. @default 600 */
  readonly startSeconds?: number;
  /** How long a rollout may go without a pod that becomes ready, in seconds. @default a minute more than both */
  readonly rolloutSeconds?: number;
  /** A way out for each child, where no setting leads. @default none */
  readonly transforms?: BackstageTransforms | undefined;
}

const filledIn = (args: BackstageArgs) => withDefaults(args, backstageDefaults);
type Filled = ReturnType<typeof filledIn>;

/** Backstage behind its gates: no pod serves before Keycloak has accepted the credential that the pod holds. */
export class Backstage extends pulumi.ComponentResource {
  /** The public URL in its canonical form. */
  readonly url: string;
  /** The Deployment's name, known only once its pods are ready. */
  readonly deploymentName: pulumi.Output<string>;
  /** The Service's name. */
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, given: BackstageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Backstage", name, { url: given.url, image: given.image }, opts);
    const args = filledIn(given);
    const { contract, database, target, transforms, autoscaling, exposure, replicas, nodePort } = args;
    const { namespace } = contract;
    const rolloutSeconds = rolloutSecondsOf(args);
    const urls = backstageUrls(args.url, args.authProvider, args.authEnvironment);
    const labels = { app: name };

    const configMap = (
      suffix: string,
      data: pulumi.Input<Record<string, pulumi.Input<string>>>,
    ): k8s.core.v1.ConfigMap => {
      const own = partName(name, suffix);
      const metadata = { name: own, namespace, annotations: target.annotations("configuration") };
      return new k8s.core.v1.ConfigMap(own, { metadata, data }, { parent: this, dependsOn: contract.ready });
    };
    const config = pulumi.output(database.connection).apply((connection) => ({
      "app-config.yaml": appConfig({
        ...args,
        standbyEnvironment: args.standbyEnvironment,
        catalogSync: args.catalogSync?.source,
        database: connection,
      }),
    }));
    const scripts = podScripts(backstageScripts);
    const configs = configMap("app-config", config);
    const gate = configMap("gate", scripts);
    const account = new Account(name, { target, namespace, rights: args.serviceAccount }, { parent: this });
    const own = { target, namespace, transforms };
    const calls = { keycloakUrl: contract.expected.issuer, database: database.called };
    const { networkPolicy: rules = {} } = args;
    const fences =
      rules === false
        ? []
        : new Network(name, { ...own, ...calls, rules, labels, ports: [args.port, args.healthPort] }, { parent: this })
            .ready;

    // Environment variables are read once: only a changed template makes pods that read them again.
    const checksums = pulumi
      .all([
        configs.metadata.name,
        gate.metadata.name,
        config,
        contract.checksums,
        database.checksums,
        target.references(name, referencesOf({ caBundle: undefined, ...args }), namespace, { parent: this }),
      ])
      .apply(([configName, gateName, said, ...read]): Record<string, string> => ({
        ...scrapeAnnotations(args.healthPort),
        ...Object.assign({}, ...read),
        [checksumAnnotation("configmap", configName)]: dataHash(said),
        [checksumAnnotation("configmap", gateName)]: dataHash(scripts),
      }));
    const several = replicas > 1 || autoscaling !== undefined;
    const spec = podSpec(args, {
      startPath: urls.startPath,
      account: account.accountName,
      configs: configs.metadata.name,
      gate: gate.metadata.name,
      labels,
      several,
    });
    const longest = rolloutSeconds * (autoscaling?.maxReplicas ?? replicas) + 30;
    const deployment = new k8s.apps.v1.Deployment(
      name,
      transformed(transforms?.deployment, {
        metadata: { name, namespace, labels, annotations: target.annotations("workload") },
        spec: {
          replicas: firstReplicas(args),
          revisionHistoryLimit: 3,
          progressDeadlineSeconds: rolloutSeconds,
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          selector: { matchLabels: labels },
          template: { metadata: { labels, annotations: checksums }, spec },
        },
      }),
      {
        parent: this,
        dependsOn: [...contract.ready, ...database.ready, ...account.ready, ...fences, configs, gate],
        // With an autoscaler the number is its own. Left out it would be one for a moment, until the autoscaler looks.
        ...(autoscaling === undefined ? {} : { ignoreChanges: ["spec.replicas"] }),
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
          type: nodePort === undefined ? "ClusterIP" : "NodePort",
          selector: labels,
          ports: [{ ...SERVICE_PORT, targetPort: "http", ...(nodePort === undefined ? {} : { nodePort }) }],
        },
      }),
      { parent: this, dependsOn: [deployment] },
    );
    if (several) new Availability(name, { ...own, autoscaling, deployment, labels }, { parent: this });
    if (exposure !== undefined)
      new Exposure(name, { ...own, service, port: SERVICE_PORT, exposure, url: urls.base }, { parent: this });
    this.url = urls.base;
    this.deploymentName = deployment.metadata.name;
    this.serviceName = service.metadata.name;
    this.registerOutputs({ url: this.url, deploymentName: this.deploymentName, serviceName: this.serviceName });
  }
}

interface PodNames {
  readonly startPath: string;
  readonly account: pulumi.Input<string>;
  readonly configs: pulumi.Input<string>;
  readonly gate: pulumi.Input<string>;
  readonly labels: Record<string, string>;
  readonly several: boolean;
}

/** The pod: the gates, one after the other, then Backstage. */
function podSpec(args: Filled, names: PodNames): k8s.types.input.core.v1.PodSpec {
  const { contract, database } = args;
  const { expected, keys } = contract;
  const gates: GateSettings = {
    gateSeconds: args.gateSeconds,
    expected: { ...expected, generations: { ...expected.generations, ...database.generations } },
    requiredKeys: keys,
  };
  const ca = caParts(args);
  const extra = extraParts(args);
  const base = gateBase(args, [{ name: "tmp", mountPath: "/tmp" }]);
  return {
    serviceAccountName: names.account,
    automountServiceAccountToken: args.serviceAccount.automountToken,
    enableServiceLinks: false,
    securityContext: podSecurity(nodeUid),
    ...placement(args),
    ...filled({
      hostAliases: args.hostAliases,
      topologySpreadConstraints: topologySpread(args, names.several, names.labels),
    }),
    initContainers: gateContainers(base, gates, ca.env),
    containers: [
      {
        ...base,
        ...probes(),
        ...goesSlowly(args),
        name: "backstage",
        command: startCommand(args.command),
        args: [...args.configFiles, `${configPath}/app-config.yaml`].flatMap((file) => ["--config", file]),
        ports: [
          { name: "http", containerPort: args.port },
          { name: healthPortName, containerPort: args.healthPort },
        ],
        env: [
          ...extra.env,
          // Anything else turns a broken sign-in provider into a warning.
          { name: "NODE_ENV", value: "production" },
          ...keys.map((key) => fromSecret(key, contract.secretName, key)),
          ...database.parts.env,
          ...ca.env,
          ...healthEnv({ ...args, startPath: names.startPath }),
        ],
        resources: args.resources,
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
function firstReplicas({ autoscaling, replicas }: Filled): number {
  return autoscaling === undefined
    ? replicas
    : Math.min(Math.max(replicas, autoscaling.minReplicas), autoscaling.maxReplicas);
}

/**
 * Until every node has heard that a pod is going, requests still come in; with sessions of its own it could only spoil
 * them.
 */
function goesSlowly({ database }: Filled): Pick<k8s.types.input.core.v1.Container, "lifecycle"> {
  if (database.connection === undefined) return {};
  return { lifecycle: { preStop: { exec: { command: ["node", "-e", "setTimeout(() => {}, 5000)"] } } } };
}
