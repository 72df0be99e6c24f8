import * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";
import assert from "node:assert/strict";
import { parse } from "yaml";
import { portal } from "../../e2e/components/portal";
import { record, type Recording } from "../../recorder";

/** Somebody's own program: whatever one component makes, the others find there under the names that it has. */
describe("components under other names", () => {
  let recording: Recording<unknown>;
  before(async () => {
    recording = await record(() =>
      portal(
        { keycloakUrl: "https://id.example.com", url: "https://portal.example.com", image: "a:1", nodePort: 30001 },
        {
          keycloak: new keycloak.Provider("identity", { url: "https://id.example.com", clientId: "admin-cli" }),
          kubernetes: new k8s.Provider("cluster"),
        },
      ),
    );
  });
  const specOf = (type: string, name: string): Record<string, unknown> =>
    recording.find(`kubernetes:${type}`, name).inputs.spec as Record<string, unknown>;

  interface Container {
    env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string } } }[];
  }
  const pod = (): { containers: Container[]; volumes: object[]; serviceAccountName: string } =>
    (specOf("apps/v1:Deployment", "portal").template as { spec: ReturnType<typeof pod> }).spec;

  it("leads Backstage to the Service that the database has", () => {
    const service = recording.find("kubernetes:core/v1:Service", "pg").inputs.metadata as Record<string, string>;
    const host = `${service.name}.${service.namespace}.svc`;
    assert.equal(host, "pg.portal-system.svc");
    const { "app-config.yaml": text = "" } = recording.find("kubernetes:core/v1:ConfigMap", "portal-app-config").inputs
      .data as Record<string, string>;
    const config = parse(text) as { backend: { database: { connection: Record<string, unknown> } } };
    assert.equal(config.backend.database.connection.host, host);
    const { value = "" } = pod().containers[0]?.env.find(({ name }) => name === "GATE_DATABASE") ?? {};
    assert.equal((JSON.parse(value) as { host: string }).host, host);
  });

  it("reads its credentials from the Secrets that there are", () => {
    const secrets = recording.resources
      .filter(({ type }) => type === "kubernetes:core/v1:Secret")
      .map(({ inputs }) => (inputs.metadata as { name: string }).name);
    assert.deepEqual(secrets.sort(), ["pg", "portal-oidc"]);
    const read = JSON.stringify(pod()).matchAll(/"(?:secretKeyRef|secret)":\{[^}]*?"name":"([^"]+)"/g);
    const names = new Set([...read].map(([, name]) => name));
    assert.deepEqual([...names].sort(), secrets);
  });

  it("lets through what the pods are called, at the ports that they have", () => {
    const labels = specOf("apps/v1:StatefulSet", "pg").selector as { matchLabels: object };
    const [port] = specOf("core/v1:Service", "pg").ports as { port: number }[];
    const { egress } = specOf("networking.k8s.io/v1:NetworkPolicy", "portal") as { egress: object[] };
    assert.ok(
      egress.some((rule) => {
        const { to, ports } = rule as { to?: { podSelector?: object }[]; ports: { port: number }[] };
        return JSON.stringify(to?.[0]?.podSelector) === JSON.stringify(labels) && ports[0]?.port === port?.port;
      }),
      JSON.stringify(egress),
    );
    const { podSelector, ingress } = specOf("networking.k8s.io/v1:NetworkPolicy", "pg") as {
      podSelector: object;
      ingress: { from: { podSelector: object }[] }[];
    };
    assert.deepEqual(podSelector, labels);
    assert.deepEqual(ingress[0]?.from[0]?.podSelector, specOf("apps/v1:Deployment", "portal").selector);
  });

  it("expects of the Secret what the Secret says", () => {
    const told = pod().containers[0]?.env.map(({ name }) => name) ?? [];
    assert.ok(told.includes("KEYCLOAK_CLIENT_ID"));
    const { data } = recording.find("kubernetes:core/v1:Secret", "credential").inputs as {
      data: Record<string, string>;
    };
    const says = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString();
    const { initContainers } = pod() as unknown as { initContainers: Container[] };
    const { value = "" } = initContainers[0]?.env.find(({ name }) => name === "GATE_EXPECTED") ?? {};
    const expected = JSON.parse(value) as { issuer: string; clientId: string; generations: Record<string, number> };
    assert.deepEqual([expected.issuer, expected.clientId], [says("KEYCLOAK_ISSUER"), says("KEYCLOAK_CLIENT_ID")]);
    assert.deepEqual([expected.issuer, expected.clientId], ["https://id.example.com/realms/company", "portal-web"]);
    const { database, ...others } = expected.generations;
    assert.deepEqual(others, JSON.parse(says("CREDENTIAL_GENERATIONS")));
    assert.equal(database, 1);
  });

  it("has no name of this program's own", () => {
    const names = recording.resources.map(({ name }) => name);
    const places = recording.resources.flatMap(({ inputs }) => {
      const { name, namespace } = (inputs.metadata ?? {}) as { name?: string; namespace?: string };
      return [name ?? "", namespace ?? ""];
    });
    assert.deepEqual(
      [...names, ...places].filter((name) => name.includes("backstage")),
      [],
    );
  });
});
