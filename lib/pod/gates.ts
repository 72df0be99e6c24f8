import type { types } from "@pulumi/kubernetes";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { contractKeys, secretsPath, type Expected } from "./contract";
import { caParts, containerSecurity, gatePath, type PodArgs, type VolumeMount } from "./podSpec";

type Container = types.input.core.v1.Container;
type Probe = types.input.core.v1.Probe;
type EnvVar = types.input.core.v1.EnvVar;

const GATE_SCRIPTS = ["contract.mjs", "gate.mjs", "keycloak.mjs"];

/** The scripts in Backstage's pod: the gates', and what is loaded into Backstage's own process. */
export const backstageScripts = [...GATE_SCRIPTS, "database.mjs", "health.mjs", "judge.mjs", "preload.mjs"];

/** Scripts of a pod, as a ConfigMap holds them. @default the gates' */
export function podScripts(names: readonly string[] = GATE_SCRIPTS): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(__dirname, "scripts", name), "utf8")]));
}

export interface GateSettings {
  /** How long one gate tries before Kubernetes starts it again, in seconds. */
  readonly gateSeconds: number;
  /** The Secret that the pod is made for; an older one is waited for. */
  readonly expected: Expected;
  /** The keys that the contract Secret must have. @default those of every Backstage */
  readonly requiredKeys?: readonly string[];
}

export interface HealthSettings {
  /** The port that Backstage listens on. */
  readonly port: number;
  /** The port that its health is asked at. */
  readonly healthPort: number;
  /** Where a sign-in starts, as a path on the backend. */
  readonly startPath: string;
  /** How long Backstage may start once it is its turn, in seconds. */
  readonly startSeconds: number;
}

/**
 * How often a running pod proves its credential anew, in seconds; each pod a little later, so that they do not ask in
 * step.
 */
const PROOF_SECONDS = 60;

const variables = (values: Readonly<Record<string, string>>): EnvVar[] =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

/** What the gates read, as environment variables. */
export function gateEnv(settings: GateSettings): EnvVar[] {
  return variables({
    GATE_SECRETS_PATH: secretsPath,
    GATE_REQUIRED_KEYS: (settings.requiredKeys ?? Object.values(contractKeys)).join(","),
    GATE_TIMEOUT_SECONDS: String(settings.gateSeconds),
    GATE_EXPECTED: JSON.stringify(settings.expected),
  });
}

/** What the health server reads, as environment variables of Backstage's container. */
export function healthEnv(settings: HealthSettings): EnvVar[] {
  return variables({
    GATE_SECRETS_PATH: secretsPath,
    GATE_BACKSTAGE_URL: `http://127.0.0.1:${settings.port}`,
    GATE_START_PATH: settings.startPath,
    GATE_HEALTH_PORT: String(settings.healthPort),
    GATE_START_SECONDS: String(settings.startSeconds),
    GATE_PROOF_SECONDS: String(PROOF_SECONDS),
  });
}

/** The order in which the gates run, each only after the one before it has passed. */
export const gateNames = ["wait-for-secrets", "verify-credentials"] as const;

const gateCommand = (mode: string): string[] => ["node", `${gatePath}/gate.mjs`, mode];

/** What every container that runs the gate's scripts has, Backstage's own included. */
export function gateBase(
  { image, imagePullPolicy, caBundle }: Pick<PodArgs, "image" | "imagePullPolicy" | "caBundle">,
  more: VolumeMount[] = [],
) {
  const volumeMounts: VolumeMount[] = [
    { name: "secrets", mountPath: secretsPath, readOnly: true },
    { name: "gate", mountPath: gatePath, readOnly: true },
    ...more,
    ...caParts({ caBundle }).mounts,
  ];
  return {
    image,
    imagePullPolicy: imagePullPolicy ?? "IfNotPresent",
    securityContext: containerSecurity,
    volumeMounts,
  };
}

/** The gates' containers, made from that base. */
export function gateContainers(
  base: Omit<Container, "name" | "env" | "resources">,
  settings: GateSettings,
  env: EnvVar[] = [],
): Container[] {
  const resources = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } };
  return gateNames.map((name) => ({
    ...base,
    resources,
    name,
    command: gateCommand(name),
    env: [...env, ...gateEnv(settings)],
  }));
}

/** The name of the container's port that its health is asked at. */
export const healthPortName = "health";

/** Tells Prometheus where the last proof is. */
export const scrapeAnnotations = (healthPort: number): Record<string, string> => ({
  "prometheus.io/scrape": "true",
  "prometheus.io/port": String(healthPort),
  "prometheus.io/path": "/metrics",
});

/**
 * The three probes, all of the health server in Backstage's own process (`lib/pod/scripts/health.mjs`), which costs no
 * new process each time. Readiness asks for a proof that a sign-in can work; liveness fails only when a restart heals,
 * and bounds a start by `startSeconds`, which the kubelet could only count from the container's first moment.
 */
export function probes(): { startupProbe: Probe; readinessProbe: Probe; livenessProbe: Probe } {
  const asked = (path: string): Probe => ({ httpGet: { path, port: healthPortName } });
  return {
    startupProbe: { ...asked("/startup"), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 },
    readinessProbe: { ...asked("/ready"), periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 3 },
    livenessProbe: {
      ...asked("/live"),
      periodSeconds: 5,
      // The answer is there at once; a node that is slow must not look like a Backstage that needs a restart.
      timeoutSeconds: 10,
      // Longer than readiness takes to lead requests elsewhere.
      failureThreshold: 3,
      terminationGracePeriodSeconds: 10,
    },
  };
}
