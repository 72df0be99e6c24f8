import { containers, kindOf, podSpec } from "../kubernetes";
import { valueAt, isAbsent } from "../values";
import { resourceRule } from "../rule";

interface Config {
  readonly deployment: readonly string[];
  readonly statefulSet: readonly string[];
}

const list = (byDefault: readonly string[], description: string) => ({
  type: "array" as const,
  items: { type: "string" as const },
  default: [...byDefault],
  description,
});

export const probes = resourceRule<Config>({
  name: "probes",
  description: "Containers must have the probes that tell when they are ready and when only a restart helps.",
  severity: "medium",
  remediation: "Add the probes; lib/pod/gates.ts has Backstage's own, which prove that a sign-in can work.",
  url: "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
  config: {
    deployment: list(["readinessProbe", "livenessProbe"], "The probes of a Deployment's containers."),
    // A restart in the middle of a database's recovery prolongs it.
    statefulSet: list(["readinessProbe"], "The probes of a StatefulSet's containers."),
  },
  concerns: (type) => /^kubernetes:apps\/v1:(Deployment|StatefulSet)$/.test(type),
  faults: ({ type, props }, config) => {
    const wanted = kindOf(type) === "Deployment" ? config.deployment : config.statefulSet;
    return containers(podSpec(type, props)).flatMap(({ path, item }) =>
      wanted.filter((probe) => isAbsent(valueAt(item, probe))).map((probe) => `${path}.${probe} is missing; add it`),
    );
  },
});
