import { allContainers, hasPods, podSpec } from "../kubernetes";
import { valueAt, isAbsent } from "../values";
import { resourceRule } from "../rule";

export const containerResources = resourceRule<{ required: readonly string[] }>({
  name: "container-resources",
  description: "Containers must say what they need and the most memory that they may take.",
  severity: "medium",
  remediation:
    "Set resources.requests and resources.limits.memory; a limit on the processor only slows the start down.",
  url: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
  config: {
    required: {
      type: "array",
      items: { type: "string" },
      default: ["requests.cpu", "requests.memory", "limits.memory"],
      description: "What each container must set, below resources.",
    },
  },
  concerns: hasPods,
  faults: ({ type, props }, { required }) =>
    allContainers(podSpec(type, props)).flatMap(({ path, item }) =>
      required
        .filter((key) => isAbsent(valueAt(item, `resources.${key}`)))
        .map((key) => `${path}.resources.${key} is missing; set it`),
    ),
});
