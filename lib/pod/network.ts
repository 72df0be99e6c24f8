import type { types } from "@pulumi/kubernetes";
import { isIP } from "node:net";
import type { DatabaseConnection } from "../backstage/databaseConnection";

/** Who may call whom, as the specs of NetworkPolicies. */

type Spec = types.input.networking.v1.NetworkPolicySpec;
type Egress = types.input.networking.v1.NetworkPolicyEgressRule;
export type Labels = Readonly<Record<string, string>>;

const tcp = (port: number | string) => ({ protocol: "TCP", port });

/** A port of one address; of any where only a name is known, for a policy knows no names. */
function toHost(host: string, port: number): Egress {
  const address = host.replace(/^\[|\]$/g, "");
  const bits = { 0: "", 4: "/32", 6: "/128" }[isIP(address)] ?? "";
  return { ports: [tcp(port)], ...(bits === "" ? {} : { to: [{ ipBlock: { cidr: `${address}${bits}` } }] }) };
}

/** Pods, and the TCP port at which they are called. */
export interface CalledPods {
  /** What they are called together. */
  readonly name: string;
  /** By which they are found. */
  readonly labels: Labels;
  /** The TCP port. */
  readonly port: number;
}

/** A port of a network. */
export interface AllowedCall {
  /** The network, as `10.0.0.0/8`. */
  readonly cidr: string;
  /** The TCP port. */
  readonly port: number;
}

/** Who may call Backstage, and whom it may call beside DNS, Keycloak, its database and port 443. */
export interface NetworkRules {
  /** Labels of the namespaces that may call it. @default anybody */
  readonly fromNamespaces?: readonly Labels[];
  /** What it may call, such as a load balancer's inner address. @default nothing more */
  readonly egress?: readonly AllowedCall[];
}

export interface NetworkSettings {
  /** By which Backstage's pods are found. */
  readonly labels: Labels;
  /** The TCP ports that it is called at. */
  readonly ports: readonly number[];
  /** Any URL of Keycloak's. */
  readonly keycloakUrl: string;
  /** Who else may call, and be called. @default anybody, and nobody */
  readonly rules?: NetworkRules;
  /** The pods of its database, or where that is. @default it calls none */
  readonly database?: CalledPods | Pick<DatabaseConnection, "host" | "port"> | undefined;
}

const to = (labels: Labels) => [{ podSelector: { matchLabels: labels } }];

function databaseEgress({ database }: NetworkSettings): Egress[] {
  if (database === undefined) return [];
  if ("host" in database) return [toHost(database.host, database.port)];
  return [{ ports: [tcp(database.port)], to: to(database.labels) }];
}

/** Backstage's pods. The kubelet's probes need no rule: a node may always call its own pods. */
export function backstagePolicy(settings: NetworkSettings): Spec {
  const { labels, ports, rules: { fromNamespaces = [], egress = [] } = {} } = settings;
  const { hostname, port: explicit, protocol } = new URL(settings.keycloakUrl);
  const keycloakPort = explicit === "" ? (protocol === "https:" ? 443 : 80) : Number(explicit);
  const from = fromNamespaces.map((matchLabels) => ({ namespaceSelector: { matchLabels } }));
  return {
    podSelector: { matchLabels: labels },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: ports.map(tcp), ...(from.length === 0 ? {} : { from }) }],
    egress: [
      { ports: [tcp(53), { protocol: "UDP", port: 53 }] },
      toHost(hostname, keycloakPort),
      ...databaseEgress(settings),
      { ports: [tcp(443)] },
      ...egress.map((one) => ({ ports: [tcp(one.port)], to: [{ ipBlock: { cidr: one.cidr } }] })),
    ],
  };
}

/** A PostgreSQL of our own: only Backstage calls it, and it calls nobody. */
export function databasePolicy({ labels, port }: CalledPods, from: Labels): Spec {
  return {
    podSelector: { matchLabels: labels },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: [tcp(port)], from: to(from) }],
    egress: [],
  };
}
