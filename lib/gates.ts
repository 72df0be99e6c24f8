import type { types } from "@pulumi/kubernetes";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import type { Settings } from "../config";
import { contractKeys, secretsPath } from "./contract";
import { caParts, containerSecurity, gatePath, type VolumeMount } from "./pod";

type Container = types.input.core.v1.Container;
type Probe = types.input.core.v1.Probe;
type EnvVar = types.input.core.v1.EnvVar;

/** Scripts of a pod, as a ConfigMap holds them. @default the gate's */
export function podScripts(names: readonly string[] = ["gate.mjs", "keycloak.mjs"]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(__dirname, "gate", name), "utf8")]));
}

export interface GateSettings {
  /** How long one gate tries before Kubernetes starts it again, in seconds. */
  readonly gateSeconds: number;
  /** The port that Backstage listens on. */
  readonly port: number;
  /** Where a sign-in starts, as a path on the backend. */
  readonly startPath: string;
  /** The keys that the contract Secret must have. @default those of every Backstage */
  readonly requiredKeys?: readonly string[];
}

/** What the gate's scripts read, as environment variables. */
export function gateEnv(settings: GateSettings): EnvVar[] {
  return Object.entries({
    GATE_SECRETS_PATH: secretsPath,
    GATE_REQUIRED_KEYS: (settings.requiredKeys ?? Object.values(contractKeys)).join(","),
    GATE_TIMEOUT_SECONDS: String(settings.gateSeconds),
    GATE_INTERVAL_SECONDS: "2",
    GATE_BACKSTAGE_URL: `http://127.0.0.1:${settings.port}`,
    GATE_START_PATH: settings.startPath,
  }).map(([name, value]) => ({ name, value }));
}

/** The order in which the gates run, each only after the one before it has passed. */
export const gateNames = ["wait-for-secrets", "verify-credentials"] as const;

const gateCommand = (mode: string): string[] => ["node", `${gatePath}/gate.mjs`, mode];

/** What every container that runs the gate's scripts has, Backstage's own included. */
export function gateBase({ image, imagePullPolicy, caBundle }: Pick<Settings["backstage"], "image" | "imagePullPolicy" | "caBundle">, more: VolumeMount[] = []) {
  const volumeMounts: VolumeMount[] = [
    { name: "secrets", mountPath: secretsPath, readOnly: true },
    { name: "gate", mountPath: gatePath, readOnly: true },
    ...more,
    ...caParts({ caBundle }).mounts,
  ];
  return { image, imagePullPolicy, securityContext: containerSecurity, volumeMounts };
}

/** The gates' containers, made from that base. */
export function gateContainers(base: Omit<Container, "name" | "env" | "resources">, settings: GateSettings, env: EnvVar[] = []): Container[] {
  const resources = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } };
  return gateNames.map((name) => ({ ...base, resources, name, command: gateCommand(name), env: [...env, ...gateEnv(settings)] }));
}

/**
 * The three probes. Readiness asks for a proof that a sign-in can work; liveness fails only when a restart heals; so
 * the start needs no more than a process that answers.
 */
export function probes(port: number): { startupProbe: Probe; readinessProbe: Probe; livenessProbe: Probe } {
  return {
    startupProbe: {
      httpGet: { path: "/.backstage/health/v1/liveness", port },
      periodSeconds: 1,
      failureThreshold: 180,
      timeoutSeconds: 5,
    },
    readinessProbe: {
      exec: { command: gateCommand("ready") },
      periodSeconds: 10,
      timeoutSeconds: 30,
      failureThreshold: 3,
    },
    livenessProbe: {
      exec: { command: gateCommand("live") },
      periodSeconds: 15,
      // The script bounds itself to less; a node that is slow must not look like a Backstage that needs a restart.
      timeoutSeconds: 60,
      // The script asks several times before it says no, and the sooner it is believed the sooner sign-in works again.
      failureThreshold: 1,
      terminationGracePeriodSeconds: 10,
    },
  };
}
