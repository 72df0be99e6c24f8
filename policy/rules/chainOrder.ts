import { reach, requirements, secretsRead } from "../graph";
import { kindOf } from "../kubernetes";
import { stackRule, type Finding, type Node } from "../rule";

const named = ({ type, name }: Node): string => `${kindOf(type)} ${name}`;

export const chainOrder = stackRule({
  name: "chain-order",
  description:
    "A Deployment must come after each Secret that it reads, and a Secret after the OIDC client whose " +
    "secret it holds, with its scopes, mappers and realm.",
  severity: "critical",
  remediation: "Pass the other resource's outputs instead of strings, and add dependsOn: a name alone makes no edge.",
  url: "https://www.pulumi.com/docs/iac/concepts/resources/options/dependson/",
  findings: (nodes) => {
    const findings = new Map<string, Finding>();
    const reached = new Map<Node, Set<Node>>();
    const require = (node: Node, needed: Node): void => {
      const before = reached.get(node) ?? reach(node);
      reached.set(node, before);
      if (before.has(needed)) return;
      const fault = `${named(node)} does not depend on ${named(needed)}; add it to dependsOn`;
      findings.set(`${node.urn} ${needed.urn}`, { node, fault });
    };
    for (const { deployment, secret, clients } of secretsRead(nodes)) {
      require(deployment, secret);
      for (const client of clients) {
        for (const needed of [client, ...requirements(client, nodes)]) require(secret, needed);
      }
    }
    return [...findings.values()];
  },
});
