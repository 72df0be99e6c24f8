import type { types } from "@pulumi/kubernetes";
import { isIP } from "node:net";
import { ownDatabase } from "../backstage/databaseConnection";
import type { DatabaseSettings } from "../settings/database";
import type { ExposureSettings } from "../settings/exposure";

/** Who may call whom, as the specs of NetworkPolicies. */

type Spec = types.input.networking.v1.NetworkPolicySpec;
type Egress = types.input.networking.v1.NetworkPolicyEgressRule;
type Labels = Readonly<Record<string, string>>;

const tcp = (port: number | string) => ({ protocol: "TCP", port });

/** A port of one address; of any where only a name is known, for a policy knows no names. */
function toHost(host: string, port: number): Egress {
  const address = host.replace(/^\[|\]$/g, "");
  const bits = { 0: "", 4: "/32", 6: "/128" }[isIP(address)] ?? "";
  return { ports: [tcp(port)], ...(bits === "" ? {} : { to: [{ ipBlock: { cidr: `${address}${bits}` } }] }) };
}

export interface NetworkSettings {
  readonly labels: Labels;
  /** The TCP port that the backend listens on. */
  readonly port: number;
  /** The TCP port that metrics are asked at. */
  readonly healthPort: number;
  readonly keycloakUrl: string;
  readonly database: DatabaseSettings;
  /** The labels of a PostgreSQL of our own. */
  readonly databaseLabels: Labels;
  readonly policy: ExposureSettings["networkPolicy"];
}

const to = (labels: Labels) => [{ podSelector: { matchLabels: labels } }];

function databaseEgress({ database, databaseLabels }: NetworkSettings): Egress[] {
  if (database.kind === "memory") return [];
  if (database.kind === "external") return [toHost(database.host, database.port)];
  return [{ ports: [tcp(ownDatabase.port)], to: to(databaseLabels) }];
}

/** Backstage's pods. The kubelet's probes need no rule: a node may always call its own pods. */
export function backstagePolicy(settings: NetworkSettings): Spec {
  const { labels, policy, port, healthPort } = settings;
  const { hostname, port: explicit, protocol } = new URL(settings.keycloakUrl);
  const keycloakPort = explicit === "" ? (protocol === "https:" ? 443 : 80) : Number(explicit);
  const from = policy.fromNamespaces.map((matchLabels) => ({ namespaceSelector: { matchLabels } }));
  return {
    podSelector: { matchLabels: labels },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: [tcp(port), tcp(healthPort)], ...(from.length === 0 ? {} : { from }) }],
    egress: [
      { ports: [tcp(53), { protocol: "UDP", port: 53 }] },
      toHost(hostname, keycloakPort),
      ...databaseEgress(settings),
      { ports: [tcp(443)] },
      ...policy.egress.map((one) => ({ ports: [tcp(one.port)], to: [{ ipBlock: { cidr: one.cidr } }] })),
    ],
  };
}

/** A PostgreSQL of our own: only Backstage calls it, and it calls nobody. */
export function databasePolicy(own: Labels, from: Labels): Spec {
  return {
    podSelector: { matchLabels: own },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: [tcp(ownDatabase.port)], from: to(from) }],
    egress: [],
  };
}
