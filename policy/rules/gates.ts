import { gateNames } from "../../lib/pod/gates";
import { signIns } from "../graph";
import { agree, initContainers, podSpec, type Located } from "../kubernetes";
import { at, items, unknown, type Known } from "../values";
import { stackRule } from "../rule";

/** Is it known of none of these that it is what is looked for? Then it is missing. */
const lacks = (located: readonly Located[], key: string, wanted: Known): boolean =>
  !located.some(({ item }) => agree(at(item, key), wanted));

/** Does the container mount the Secret, as far as is known? */
function mounts(container: Known, spec: Known, secret: string): boolean {
  const mounted = items(at(container, "volumeMounts"), "");
  const volumes = items(at(spec, "volumes"), "").filter(
    ({ item }) =>
      agree(at(item, "secret.secretName"), secret) ||
      !lacks(items(at(item, "projected.sources"), ""), "secret.name", secret),
  );
  const unknownYet = [at(container, "volumeMounts"), at(spec, "volumes")].includes(unknown);
  return unknownYet || volumes.some(({ item }) => !lacks(mounted, "name", at(item, "name")));
}

function faultsOf(spec: Located, secret: string, gates: readonly string[]): string[] {
  if (at(spec.item, "initContainers") === unknown) return [];
  const all = initContainers(spec);
  const position = (gate: string): number => all.findIndex(({ item }) => at(item, "name") === gate);
  return gates.flatMap((gate, index) => {
    const found = all[position(gate)];
    if (found === undefined)
      return lacks(all, "name", gate)
        ? [`${spec.path}.initContainers lacks the gate ${gate}; add it before the containers`]
        : [];
    const before = gates[index - 1] ?? "";
    const faults: string[] = [];
    if (position(gate) < position(before)) faults.push(`${found.path} runs before ${before}; put it after`);
    if (at(found.item, "restartPolicy") === "Always")
      faults.push(`${found.path}.restartPolicy makes the gate a sidecar that nothing waits for; remove it`);
    if (!mounts(found.item, spec.item, secret))
      faults.push(`${found.path}.volumeMounts lacks the Secret of the credential; mount it`);
    return faults;
  });
}

export const gates = stackRule<{ gates: readonly string[]; deployments: readonly string[] }>({
  name: "gates",
  description:
    "A Deployment that signs people in must pass its gates, with the Secret mounted, before its containers start.",
  severity: "critical",
  remediation: "Add both init containers of lib/pod/gates.ts, in this order, each with the Secret's volume mounted.",
  url: "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/",
  config: {
    gates: {
      type: "array",
      items: { type: "string" },
      default: [...gateNames],
      description: "The init containers, in their order.",
    },
    deployments: {
      type: "array",
      items: { type: "string" },
      default: [],
      description:
        "The resources' names of the Deployments that need them; empty means each that reads a client's secret.",
    },
  },
  findings: (nodes, config) =>
    signIns(nodes)
      .filter(({ deployment }) => config.deployments.length === 0 || config.deployments.includes(deployment.name))
      .flatMap(({ deployment: node, secretName }) =>
        faultsOf(podSpec(node.type, node.props), secretName, config.gates).map((fault) => ({ node, fault })),
      ),
});
