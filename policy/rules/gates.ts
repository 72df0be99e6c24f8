import { gateNames } from "../../lib/pod/gates";
import { signIns } from "../graph";
import { agree, initContainers, podSpec, type Located } from "../kubernetes";
import { valueAt, items, unknown, type Value } from "../values";
import { stackRule } from "../rule";

/** Is it known of none of these that it is what is looked for? Then it is missing. */
const lacks = (located: readonly Located[], key: string, wanted: Value): boolean =>
  !located.some(({ item }) => agree(valueAt(item, key), wanted));

/** Does the container mount the Secret, as far as is known? */
function mounts(container: Value, spec: Value, secret: string): boolean {
  const mounted = items(valueAt(container, "volumeMounts"), "");
  const volumes = items(valueAt(spec, "volumes"), "").filter(
    ({ item }) =>
      agree(valueAt(item, "secret.secretName"), secret) ||
      !lacks(items(valueAt(item, "projected.sources"), ""), "secret.name", secret),
  );
  const unknownYet = [valueAt(container, "volumeMounts"), valueAt(spec, "volumes")].includes(unknown);
  return unknownYet || volumes.some(({ item }) => !lacks(mounted, "name", valueAt(item, "name")));
}

function faultsOf(spec: Located, secret: string, gates: readonly string[]): string[] {
  if (valueAt(spec.item, "initContainers") === unknown) return [];
  const all = initContainers(spec);
  const position = (gate: string): number => all.findIndex(({ item }) => valueAt(item, "name") === gate);
  return gates.flatMap((gate, index) => {
    const found = all[position(gate)];
    if (found === undefined)
      return lacks(all, "name", gate)
        ? [`${spec.path}.initContainers lacks the gate ${gate}; add it before the containers`]
        : [];
    const before = gates[index - 1] ?? "";
    const faults: string[] = [];
    if (position(gate) < position(before)) faults.push(`${found.path} runs before ${before}; put it after`);
    if (valueAt(found.item, "restartPolicy") === "Always")
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
