import * as k8s from "@pulumi/kubernetes";
import assert from "node:assert/strict";
import type { BackstageTransforms } from "../../../components/backstage";
import { identity } from "../../../program/identity";
import { targetOf } from "../../../program/targets";
import { workload } from "../../../program/workload";
import { decidedSettings, parseConfig } from "../../../config";
import { record, type Recording } from "../../recorder";

/** The whole workload with these settings of Backstage, behind a minimal identity. */
const build = (over: Record<string, unknown>, transforms?: BackstageTransforms) => () => {
  const settings = decidedSettings(
    parseConfig({
      environment: "prod",
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform" },
      backstage: { url: "https://dev.example.com", image: "registry.example.com/backstage:1", ...over },
    }),
  );
  return workload(
    settings,
    identity(settings, {}),
    { kubernetes: new k8s.Provider("kubernetes") },
    targetOf(settings),
    transforms,
  );
};

interface Container {
  name: string;
  env: { name: string; value?: string }[];
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  resources: unknown;
}
interface Pod {
  serviceAccountName: string;
  automountServiceAccountToken: boolean;
  topologySpreadConstraints: { topologyKey: string }[];
  hostAliases: unknown;
  nodeSelector: unknown;
  tolerations: unknown;
  imagePullSecrets: unknown;
  initContainers: Container[];
  containers: Container[];
  volumes: { name: string }[];
}
type Deployment = { replicas?: number; template: { metadata: { annotations: Record<string, string> }; spec: Pod } };
const deployment = (recording: Recording<unknown>): Deployment =>
  recording.find("kubernetes:apps/v1:Deployment", "backstage").inputs.spec as Deployment;
const specOf = (recording: Recording<unknown>, type: string, name = "backstage"): Record<string, unknown> =>
  recording.find(`kubernetes:${type}`, name).inputs.spec as Record<string, unknown>;
const kinds = (recording: Recording<unknown>): string[] =>
  recording.resources
    .filter(({ parent, custom }) => custom && /workload:Backstage/.test(parent))
    .map(({ type, name }) => `${type.replace(/.*:/, "")} ${name}`)
    .sort();

const base = [
  "ConfigMap backstage-app-config",
  "ConfigMap backstage-gate",
  "Deployment backstage",
  "NetworkPolicy backstage",
  "Service backstage",
  "ServiceAccount backstage",
];
const memory = { database: { kind: "memory" } };

for (const preview of [false, true]) {
  describe(`the workload (${preview ? "preview" : "update"})`, () => {
    it("is as small as its settings", async () => {
      const recording = await record(build(memory), preview);
      assert.deepEqual(kinds(recording), base);
      const { spec } = deployment(recording).template;
      assert.equal(spec.automountServiceAccountToken, false);
      assert.equal(spec.serviceAccountName, "backstage");
      for (const empty of [
        "topologySpreadConstraints",
        "hostAliases",
        "tolerations",
        "nodeSelector",
        "imagePullSecrets",
      ])
        assert.ok(!(empty in spec), empty);
      assert.equal(
        recording.find("kubernetes:core/v1:ServiceAccount", "backstage").inputs.automountServiceAccountToken,
        false,
      );
    });

    it("signs in by the auth provider that the image has, at Keycloak, in the app-config and in the gates", async () => {
      const recording = await record(build({ ...memory, authProvider: "keycloak" }), preview);
      const client = recording.find("keycloak:openid/client:Client", "backstage").inputs;
      assert.deepEqual(client.validRedirectUris, ["https://dev.example.com/api/auth/keycloak/handler/frame"]);
      const { "app-config.yaml": config } = recording.find("kubernetes:core/v1:ConfigMap", "backstage-app-config")
        .inputs.data as Record<string, string>;
      assert.match(config ?? "", /providers:\n +keycloak:/);
      const text = JSON.stringify(deployment(recording));
      assert.match(text, /\/api\/auth\/keycloak\/start\?env=prod/);
      assert.doesNotMatch(text, /\/api\/auth\/oidc/);
    });

    it("has all that several replicas behind an Ingress need", async () => {
      const exposure = { kind: "ingress", className: "nginx", tlsSecret: "backstage-tls" };
      const recording = await record(build({ replicas: 3, exposure }), preview);
      assert.deepEqual(
        kinds(recording),
        [...base, "Ingress backstage", "NetworkPolicy backstage-database", "PodDisruptionBudget backstage"].sort(),
      );
      assert.equal(deployment(recording).replicas, 3);
      assert.deepEqual(
        deployment(recording).template.spec.topologySpreadConstraints.map(({ topologyKey }) => topologyKey),
        ["kubernetes.io/hostname"],
      );
      assert.equal(specOf(recording, "policy/v1:PodDisruptionBudget").maxUnavailable, 1);
      const { tls, rules, ingressClassName } = specOf(recording, "networking.k8s.io/v1:Ingress");
      assert.deepEqual(tls, [{ hosts: ["dev.example.com"], secretName: "backstage-tls" }]);
      assert.equal(ingressClassName, "nginx");
      assert.equal((rules as { host: string }[])[0]?.host, "dev.example.com");
    });

    it("leaves the number of pods to the autoscaler, from no fewer than it would have", async () => {
      const recording = await record(build({ autoscaling: { maxReplicas: 5 } }), preview);
      // Left out, it would be one until the autoscaler looks.
      assert.equal(deployment(recording).replicas, 2);
      assert.deepEqual(recording.find("kubernetes:apps/v1:Deployment", "backstage").ignoreChanges, ["spec.replicas"]);
      const several = await record(build({ replicas: 9, autoscaling: { maxReplicas: 5 } }), preview);
      assert.equal(deployment(several).replicas, 5);
      const { minReplicas, maxReplicas, scaleTargetRef } = specOf(recording, "autoscaling/v2:HorizontalPodAutoscaler");
      assert.deepEqual([minReplicas, maxReplicas], [2, 5]);
      assert.deepEqual(scaleTargetRef, { apiVersion: "apps/v1", kind: "Deployment", name: "backstage" });
      assert.ok(kinds(recording).includes("PodDisruptionBudget backstage"));
    });

    it("strips the sub-path in an HTTPRoute", async () => {
      const exposure = { kind: "gateway", gateway: "public", gatewayNamespace: "gateways", sectionName: "https" };
      const recording = await record(build({ ...memory, url: "https://dev.example.com/portal", exposure }), preview);
      const { parentRefs, hostnames, rules } = specOf(recording, "gateway.networking.k8s.io/v1:HTTPRoute");
      assert.deepEqual(parentRefs, [{ name: "public", namespace: "gateways", sectionName: "https" }]);
      assert.deepEqual(hostnames, ["dev.example.com"]);
      assert.deepEqual((rules as { matches: unknown; filters: unknown }[])[0]?.matches, [
        { path: { type: "PathPrefix", value: "/portal" } },
      ]);
      assert.deepEqual((rules as { filters: { urlRewrite: unknown }[] }[])[0]?.filters[0]?.urlRewrite, {
        path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" },
      });
    });

    it("gives a token only when asked, and with it exactly the rights that are named", async () => {
      const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }];
      const recording = await record(build({ ...memory, serviceAccount: { automountToken: true, rules } }), preview);
      assert.deepEqual(recording.find("kubernetes:rbac.authorization.k8s.io/v1:Role", "backstage").inputs.rules, rules);
      assert.deepEqual(
        recording.find("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "backstage").inputs.subjects,
        [{ kind: "ServiceAccount", name: "backstage", namespace: "backstage" }],
      );
      assert.equal(deployment(recording).template.spec.automountServiceAccountToken, true);
      assert.ok(
        recording
          .reach(recording.find("kubernetes:apps/v1:Deployment", "backstage").urn)
          .has(recording.find("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "backstage").urn),
      );
    });
  });
}

describe("the pod", () => {
  it("carries every setting, and the chain's own variables win", async () => {
    const recording = await record(
      build({
        ...memory,
        resources: { requests: { cpu: "2" }, limits: { cpu: "4" } },
        nodeSelector: { "kubernetes.io/arch": "amd64" },
        tolerations: [{ key: "dedicated", value: "backstage", effect: "NoSchedule" }],
        imagePullSecrets: ["registry"],
        hostAliases: [{ ip: "10.0.0.1", hostnames: ["id.example.com"] }],
        caBundle: { configMap: "authorities" },
        extraEnv: [
          { name: "LOG_LEVEL", value: "debug" },
          { name: "GITHUB_TOKEN", secret: "github", key: "token" },
        ],
        extraVolumes: [{ name: "locations", mountPath: "/app/locations", configMap: "locations" }],
      }),
    );
    const { metadata, spec } = deployment(recording).template;
    const [backstage] = spec.containers;
    assert.deepEqual(backstage?.resources, {
      requests: { cpu: "2", memory: "384Mi" },
      limits: { cpu: "4", memory: "1Gi" },
    });
    assert.deepEqual(spec.nodeSelector, { "kubernetes.io/arch": "amd64" });
    assert.deepEqual(spec.tolerations, [
      { key: "dedicated", operator: "Equal", value: "backstage", effect: "NoSchedule" },
    ]);
    assert.deepEqual(spec.imagePullSecrets, [{ name: "registry" }]);
    assert.deepEqual(spec.hostAliases, [{ ip: "10.0.0.1", hostnames: ["id.example.com"] }]);
    for (const container of [...spec.initContainers, ...spec.containers]) {
      assert.equal(
        container.env.find(({ name }) => name === "NODE_EXTRA_CA_CERTS")?.value,
        "/etc/backstage-ca/ca.crt",
        container.name,
      );
      assert.ok(
        container.volumeMounts.some(({ mountPath }) => mountPath === "/etc/backstage-ca"),
        container.name,
      );
    }
    assert.deepEqual(backstage.env.slice(0, 2), [
      { name: "LOG_LEVEL", value: "debug" },
      { name: "GITHUB_TOKEN", valueFrom: { secretKeyRef: { name: "github", key: "token" } } },
    ]);
    assert.ok(backstage.volumeMounts.some(({ name, readOnly }) => name === "locations" && readOnly === true));
    for (const one of ["secret-github", "configmap-authorities", "configmap-locations"])
      assert.ok(`checksum/${one}` in metadata.annotations, one);
  });

  it("takes a transform as the way out", async () => {
    const recording = await record(
      build(memory, {
        deployment: (args) => ({ ...args, metadata: { ...(args.metadata as object), annotations: { seen: "yes" } } }),
      }),
    );
    assert.deepEqual(
      (recording.find("kubernetes:apps/v1:Deployment", "backstage").inputs.metadata as { annotations: unknown })
        .annotations,
      { seen: "yes" },
    );
  });
});
