import assert from "node:assert/strict";
import { backstagePolicy, databasePolicy, type NetworkSettings } from "../../../../lib/pod/network";

const settings: NetworkSettings = {
  labels: { app: "backstage" },
  ports: [7007, 7008],
  keycloakUrl: "https://id.example.com:8443/auth",
  database: { name: "db", labels: { app: "db" }, port: 5433 },
};
const ports = (rules: unknown): unknown[] =>
  (rules as { ports: { port: unknown }[] }[]).flatMap((rule) => rule.ports.map(({ port }) => port));

describe("lib/pod/network", () => {
  it("lets Backstage call DNS, Keycloak, its database and 443, and be called at its ports", () => {
    const { ingress, egress, policyTypes } = backstagePolicy(settings);
    assert.deepEqual(policyTypes, ["Ingress", "Egress"]);
    assert.deepEqual(ports(ingress), [7007, 7008]);
    assert.deepEqual(ports(egress), [53, 53, 8443, 5433, 443]);
    assert.deepEqual((egress as { to: unknown }[])[2]?.to, [{ podSelector: { matchLabels: { app: "db" } } }]);
  });

  it("names an address where it knows one", () => {
    const { egress } = backstagePolicy({
      ...settings,
      keycloakUrl: "http://10.99.0.1:8080",
      database: { host: "10.99.0.2", port: 5432 },
    });
    assert.deepEqual((egress as unknown[])[1], {
      ports: [{ protocol: "TCP", port: 8080 }],
      to: [{ ipBlock: { cidr: "10.99.0.1/32" } }],
    });
    assert.deepEqual((egress as unknown[])[2], {
      ports: [{ protocol: "TCP", port: 5432 }],
      to: [{ ipBlock: { cidr: "10.99.0.2/32" } }],
    });
    const six = backstagePolicy({ ...settings, keycloakUrl: "https://[fd00::1]" });
    assert.deepEqual((six.egress as unknown[])[1], {
      ports: [{ protocol: "TCP", port: 443 }],
      to: [{ ipBlock: { cidr: "fd00::1/128" } }],
    });
  });

  it("narrows callers and widens calls as told", () => {
    const rules = {
      fromNamespaces: [{ role: "ingress" }],
      egress: [{ cidr: "10.0.0.0/8", port: 8443 }],
    };
    const { ingress, egress } = backstagePolicy({ ...settings, rules });
    assert.deepEqual((ingress as { from: unknown }[])[0]?.from, [
      { namespaceSelector: { matchLabels: { role: "ingress" } } },
    ]);
    assert.deepEqual((egress as unknown[]).at(-1), {
      ports: [{ protocol: "TCP", port: 8443 }],
      to: [{ ipBlock: { cidr: "10.0.0.0/8" } }],
    });
  });

  it("lets nobody but Backstage call its PostgreSQL, which calls nobody", () => {
    const { ingress, egress } = databasePolicy({ name: "db", labels: { app: "db" }, port: 5433 }, { app: "backstage" });
    assert.deepEqual((ingress as { from: unknown }[])[0]?.from, [
      { podSelector: { matchLabels: { app: "backstage" } } },
    ]);
    assert.deepEqual(ports(ingress), [5433]);
    assert.deepEqual(egress, []);
  });
});
