import { gateNames } from "../../lib/gates";
import { signIns } from "../graph";
import { initContainers, podSpec, type Located } from "../kubernetes";
import { at, items, text, unknown } from "../known";
import { stackRule } from "../rule";

/** The names of the volumes that show a Secret. */
const volumesOf = (spec: Located, secret: string): string[] =>
  items(at(spec.item, "volumes"), "")
    .filter(({ item }) => at(item, "secret.secretName") === secret || items(at(item, "projected.sources"), "").some((source) => at(source.item, "secret.name") === secret))
    .flatMap(({ item }) => text(at(item, "name")) ?? []);

function faultsOf(spec: Located, secret: string, gates: readonly string[]): string[] {
  // Nobody knows yet which containers there will be.
  if (at(spec.item, "initContainers") === unknown) return [];
  const all = initContainers(spec);
  const volumes = volumesOf(spec, secret);
  const position = (gate: string): number => all.findIndex(({ item }) => at(item, "name") === gate);
  return gates.flatMap((gate, index) => {
    const found = all[position(gate)];
    if (found === undefined) return [`${spec.path}.initContainers lacks the gate ${gate}; add it before the containers`];
    const faults: string[] = [];
    if (index > 0 && position(gate) < position(gates[index - 1] ?? "")) faults.push(`${found.path} runs before ${gates[index - 1] ?? ""}; put it after`);
    if (at(found.item, "restartPolicy") === "Always") faults.push(`${found.path}.restartPolicy makes the gate a sidecar that nothing waits for; remove it`);
    const mounted = items(at(found.item, "volumeMounts"), "").some(({ item }) => volumes.includes(text(at(item, "name")) ?? ""));
    if (!mounted) faults.push(`${found.path}.volumeMounts lacks the Secret of the credential; mount it`);
    return faults;
  });
}

export const gates = stackRule<{ gates: readonly string[]; deployments: readonly string[] }>({
  name: "gates",
  description: "A Deployment that signs people in must pass its gates, with the Secret mounted, before its containers start.",
  severity: "critical",
  remediation: "Add both init containers of lib/gates.ts, in this order, each with the Secret's volume mounted.",
  url: "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/",
  config: {
    gates: { type: "array", items: { type: "string" }, default: [...gateNames], description: "The init containers, in their order." },
    deployments: { type: "array", items: { type: "string" }, default: [], description: "The resources' names of the Deployments that need them; empty means each that reads a client's secret." },
  },
  findings: (nodes, config) =>
    signIns(nodes)
      .filter(({ deployment, clients }) => clients.length > 0 && (config.deployments.length === 0 || config.deployments.includes(deployment.name)))
      .flatMap(({ deployment: node, secretName }) =>
        faultsOf(podSpec(node.type, node.props), secretName, config.gates).map((fault) => ({ node, fault })),
      ),
});
