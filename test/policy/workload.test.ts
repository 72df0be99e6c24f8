import { containerSecurity, podSecurity } from "../../lib/pod/podSpec";
import { testGraph, testResource, type Graph, type Resource } from "./harness";

const hash = "0123456789abcdef".repeat(4);
const digest = `registry.example.com/backstage@sha256:${hash}`;
const resources = { requests: { cpu: "100m", memory: "384Mi" }, limits: { memory: "1Gi" } };
const container = { image: digest, securityContext: containerSecurity, resources };

const deployment: Resource = {
  type: "kubernetes:apps/v1:Deployment",
  props: {
    metadata: { name: "backstage", namespace: "backstage", annotations: { "example.com/team": "platform" } },
    spec: {
      replicas: 2,
      template: {
        metadata: {
          labels: { app: "backstage" },
          annotations: {
            "checksum/secret-credential": hash,
            "checksum/secret-more": hash,
            "checksum/secret-all": hash,
            "checksum/configmap-app-config": hash,
          },
        },
        spec: {
          securityContext: podSecurity(1000),
          initContainers: [
            { name: "wait-for-secrets", ...container, volumeMounts: [{ name: "secrets", mountPath: "/var/secrets" }] },
          ],
          containers: [
            {
              name: "backstage",
              ...container,
              env: [
                { name: "NODE_ENV", value: "production" },
                { name: "CLIENT_SECRET", valueFrom: { secretKeyRef: { name: "credential", key: "CLIENT_SECRET" } } },
                { name: "LOG_LEVEL", value: "info" },
              ],
              envFrom: [{ secretRef: { name: "more" } }],
              readinessProbe: { httpGet: { path: "/", port: 7007 } },
              livenessProbe: { httpGet: { path: "/", port: 7007 } },
            },
          ],
          volumes: [
            { name: "secrets", secret: { secretName: "credential" } },
            { name: "config", configMap: { name: "app-config" } },
            { name: "all", projected: { sources: [{ secret: { name: "all" } }] } },
          ],
        },
      },
    },
  },
};
const template = "props/spec/template";
const spec = `${template}/spec`;
const main = `${spec}/containers/0`;
const statefulSet = { type: "kubernetes:apps/v1:StatefulSet" };

testResource("template-hashes", deployment, [
  [
    "no hash of a Secret",
    remove("checksum/secret-credential"),
    ['annotations["checksum/secret-credential"] is not a SHA-256 hash'],
  ],
  [
    "no hash of a ConfigMap, in a StatefulSet",
    { ...statefulSet, ...remove("checksum/configmap-app-config") },
    ['annotations["checksum/configmap-app-config"]'],
  ],
  ["no hash of a projected Secret", remove("checksum/secret-all"), ['annotations["checksum/secret-all"]']],
  ["no hash of a Secret in envFrom", remove("checksum/secret-more"), ['annotations["checksum/secret-more"]']],
  [
    "something that is no hash",
    { [`${template}/metadata/annotations`]: { ...annotations(), "checksum/secret-all": "always the same" } },
    ["is not a SHA-256 hash"],
  ],
  [
    "no annotations at all",
    { [`${template}/metadata/annotations`]: undefined },
    ["secret-credential", "secret-more", "secret-all", "configmap-app-config"],
  ],
  [
    "nothing that is read",
    { [spec]: { containers: [{ name: "a" }] }, [`${template}/metadata/annotations`]: undefined },
    [],
  ],
]);

function annotations(): Record<string, string> {
  return {
    "checksum/secret-credential": hash,
    "checksum/secret-more": hash,
    "checksum/secret-all": hash,
    "checksum/configmap-app-config": hash,
  };
}
/** The annotations without one, whose name has the separator of a path in it. */
function remove(name: string): Record<string, unknown> {
  return {
    [`${template}/metadata/annotations`]: Object.fromEntries(
      Object.entries(annotations()).filter(([key]) => key !== name),
    ),
  };
}

const env = `${main}/env`;
testResource("production", deployment, [
  ["development", { [`${env}/0/value`]: "development" }, ["env[0].value of NODE_ENV is not production"]],
  ["without NODE_ENV", { [`${env}/0`]: undefined }, ["containers[0].env lacks NODE_ENV"]],
  ["without any variable", { [env]: undefined }, ["containers[0].env lacks NODE_ENV"]],
  ["without it in a container that is not Node", { [`${env}/0`]: undefined, [`${main}/name`]: "proxy" }, []],
  [
    "without it in a container that the profile names",
    { [`${env}/0`]: undefined, [`${main}/name`]: "portal" },
    ["lacks NODE_ENV"],
    { containers: ["backstage", "portal"] },
  ],
  [
    "without the check of certificates",
    { [`${env}/3`]: { name: "NODE_TLS_REJECT_UNAUTHORIZED", value: "0" } },
    ["env[3] is NODE_TLS_REJECT_UNAUTHORIZED"],
  ],
  [
    "without it in a gate",
    { [`${spec}/initContainers/0/env`]: [{ name: "NODE_TLS_REJECT_UNAUTHORIZED", value: "0" }] },
    ["initContainers[0].env[0] is NODE_TLS"],
  ],
  [
    "skipTLSVerify in an app-config",
    {
      type: "kubernetes:core/v1:ConfigMap",
      props: { data: { "app-config.yaml": "kubernetes: {clusters: [{skipTLSVerify: true}]}" } },
    },
    ["kubernetes.clusters.0.skipTLSVerify turns"],
  ],
  [
    "skipTLSVerify that is off",
    {
      type: "kubernetes:core/v1:ConfigMap",
      props: { data: { "app-config.yaml": "kubernetes: {skipTLSVerify: false}" } },
    },
    [],
  ],
  ["no app-config", { type: "kubernetes:core/v1:ConfigMap", props: {} }, []],
  [
    "a provider that checks nothing",
    { type: "pulumi:providers:keycloak", props: { tlsInsecureSkipVerify: true } },
    ["tlsInsecureSkipVerify turns"],
  ],
]);

const appConfig = (yaml: string) => ({ "props/data": { "app-config.yaml": yaml } });
testResource(
  "sign-in-config",
  {
    type: "kubernetes:core/v1:ConfigMap",
    props: {
      metadata: { name: "app-config" },
      data: {
        "app-config.yaml": "auth: {environment: prod, providers: {oidc: {prod: {clientId: a}}}}",
        "gate.mjs": "auth: guest",
      },
    },
  },
  [
    [
      "a guest",
      appConfig("auth: {environment: prod, providers: {guest: {}}}"),
      ['data["app-config.yaml"].auth.providers.guest must not be there'],
    ],
    [
      "an open backend",
      appConfig("backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}"),
      ["dangerouslyDisableDefaultAuthPolicy must not be there"],
    ],
    [
      "a provider for another environment",
      appConfig("auth: {environment: prod, providers: {oidc: {development: {}}}}"),
      ["auth.providers.oidc has no key that equals auth.environment"],
    ],
    [
      "no environment",
      appConfig("auth: {providers: {oidc: {prod: {}}}}"),
      ["auth.environment is not the environment", "auth.providers.oidc has no key"],
    ],
    [
      "another environment",
      appConfig("auth: {environment: staging, providers: {oidc: {staging: {}}}}"),
      ["auth.environment is not the environment"],
    ],
    [
      "the second client's environment",
      appConfig("auth: {environment: prod-green, providers: {oidc: {prod: {}, prod-green: {}}}}"),
      [],
    ],
    ["no sign-in", appConfig("app: {title: Portal}"), []],
    ["what is no YAML", appConfig("{"), []],
    ["no data", { "props/data": undefined }, []],
  ],
  { environment: "prod" },
);
testResource(
  "sign-in-config",
  {
    type: "kubernetes:core/v1:ConfigMap",
    props: { data: { "app-config.yaml": "auth: {environment: any, providers: {oidc: {any: {}}}}" } },
  },
  [],
);

const generated = "Zq8vT2mKx7LpR4wNc9YbHs3D";
testResource("no-literal-secret", deployment, [
  [
    "a password in a variable",
    { [`${env}/2`]: { name: "DB_PASSWORD", value: "hunter2hunter2" } },
    ["env[2].value holds a secret in clear"],
  ],
  ["a reference in a variable", { [`${env}/2`]: { name: "DB_PASSWORD", value: "$(OTHER)" } }, []],
  [
    "a URL with a password",
    { [`${env}/2`]: { name: "DB_URL", value: "postgres://a:hunter2hunter2@db/x" } },
    ["env[2].value holds a secret in clear"],
  ],
  [
    "something generated in a variable",
    { [`${env}/2/value`]: generated },
    ["env[2].value holds what only a generator writes"],
  ],
  ["something generated that the profile knows", { [`${env}/2/value`]: generated }, [], { allow: ["LOG_LEVEL"] }],
  ["something generated below the profile's entropy", { [`${env}/2/value`]: generated }, [], { entropy: 5.5 }],
  ["a hash, a name and an image", { [`${env}/2/value`]: `${hash} emailLocalPartMatchingUserEntityName ${digest}` }, []],
  [
    "a password in an argument",
    { [`${main}/args`]: ["--password", "hunter2hunter2"] },
    ["containers[0].args.1 holds a secret in clear"],
  ],
  [
    "a script that reads one",
    { [`${main}/command`]: ["sh", "-c", 'PGPASSWORD=$(cat "$FILE") TOKEN=$OTHER exec psql'] },
    [],
  ],
  [
    "a password by another name",
    { [`${env}/2`]: { name: "SMTP_PASS", value: "hunter2hunter2" } },
    ["env[2].value holds a secret in clear"],
  ],
  ["the name of a Secret to pull with", { [`${env}/2`]: { name: "IMAGE_PULL_SECRET", value: "regcred" } }, []],
  [
    "a secret in an annotation",
    { "props/metadata/annotations": { "example.com/token": "hunter2hunter2" } },
    ['metadata.annotations["example.com/token"] holds a secret'],
  ],
  [
    "a secret in a pod's annotation",
    { [`${template}/metadata/annotations`]: { apiKey: "hunter2hunter2" } },
    ['spec.template.metadata.annotations["apiKey"] holds a secret'],
  ],
  [
    "a gate's variable",
    { [`${spec}/initContainers/0/env`]: [{ name: "TOKEN", value: "hunter2hunter2" }] },
    ["initContainers[0].env[0].value holds a secret"],
  ],
  [
    "a secret in a ConfigMap",
    { type: "kubernetes:core/v1:ConfigMap", "props/data": { password: "hunter2hunter2" } },
    ['data["password"] holds a secret'],
  ],
  [
    "a secret in an app-config",
    { type: "kubernetes:core/v1:ConfigMap", "props/data": { "a.yaml": "auth: {session: {secret: hunter2hunter2}}" } },
    ['data["a.yaml"].auth.session.secret holds a secret'],
  ],
  [
    "a variable in an app-config",
    { type: "kubernetes:core/v1:ConfigMap", "props/data": { "a.yaml": "secret: ${SESSION}" } },
    [],
  ],
  [
    "a private key in a ConfigMap",
    { type: "kubernetes:core/v1:ConfigMap", "props/data": { key: "-----BEGIN PRIVATE KEY-----\nabc" } },
    ['data["key"] holds a secret'],
  ],
  [
    "a certificate",
    {
      type: "kubernetes:core/v1:ConfigMap",
      "props/data": { ca: `-----BEGIN CERTIFICATE-----\n${generated}\n-----END CERTIFICATE-----` },
    },
    [],
  ],
  ["the data of a Secret", { type: "kubernetes:core/v1:Secret", "props/data": { password: generated } }, []],
  ["no annotations", { "props/metadata/annotations": undefined }, []],
]);

testResource("probes", deployment, [
  ["no readiness", { [`${main}/readinessProbe`]: undefined }, ["containers[0].readinessProbe is missing"]],
  ["no liveness", { [`${main}/livenessProbe`]: undefined }, ["containers[0].livenessProbe is missing"]],
  ["no liveness of a database", { ...statefulSet, [`${main}/livenessProbe`]: undefined }, []],
  [
    "no readiness of a database",
    { ...statefulSet, [`${main}/readinessProbe`]: undefined },
    ["readinessProbe is missing"],
  ],
  ["a probe that the profile adds", {}, ["startupProbe is missing"], { deployment: ["startupProbe"] }],
  ["none asked for", { [`${main}/livenessProbe`]: undefined }, [], { deployment: [] }],
]);

testResource("container-resources", deployment, [
  ["no resources", { [`${main}/resources`]: undefined }, ["requests.cpu", "requests.memory", "limits.memory"]],
  [
    "no limit in a gate",
    { [`${spec}/initContainers/0/resources/limits`]: undefined },
    ["initContainers[0].resources.limits.memory is missing"],
  ],
  [
    "a limit that the profile adds",
    {},
    ["initContainers[0].resources.limits.cpu", "containers[0].resources.limits.cpu"],
    { required: ["limits.cpu"] },
  ],
  [
    "a Job",
    { type: "kubernetes:batch/v1:Job", [`${main}/resources/requests/cpu`]: undefined },
    ["containers[0].resources.requests.cpu is missing"],
  ],
  [
    "a CronJob",
    {
      type: "kubernetes:batch/v1:CronJob",
      props: { spec: { jobTemplate: { spec: { template: { spec: { containers: [{ resources: {} }] } } } } } },
    },
    ["spec.jobTemplate.spec.template.spec.containers[0]", "requests.memory", "limits.memory"],
  ],
  [
    "a Pod",
    {
      type: "kubernetes:core/v1:Pod",
      props: { spec: { containers: [{ resources: { requests: { cpu: "1", memory: "1" } } }] } },
    },
    ["spec.containers[0].resources.limits.memory"],
  ],
]);

const security = `${main}/securityContext`;
testResource("hardened-pod", deployment, [
  [
    "root",
    { [`${spec}/securityContext/runAsNonRoot`]: false },
    ["initContainers[0].securityContext.runAsNonRoot", "containers[0].securityContext.runAsNonRoot"],
  ],
  [
    "root in one container",
    { [`${security}/runAsNonRoot`]: false },
    ["containers[0].securityContext.runAsNonRoot is not true"],
  ],
  [
    "no seccomp",
    { [`${spec}/securityContext/seccompProfile`]: undefined, [`${security}/seccompProfile`]: { type: "Localhost" } },
    ["initContainers[0].securityContext.seccompProfile"],
  ],
  ["privileged", { [`${security}/privileged`]: true }, ["securityContext.privileged is not false"]],
  ["privileged unsaid", { [`${security}/privileged`]: undefined }, []],
  [
    "escalation unsaid",
    { [`${security}/allowPrivilegeEscalation`]: undefined },
    ["allowPrivilegeEscalation is not false"],
  ],
  [
    "a root file system to write to",
    { [`${security}/readOnlyRootFilesystem`]: false },
    ["readOnlyRootFilesystem is not true"],
  ],
  ["capabilities kept", { [`${security}/capabilities`]: undefined }, ["capabilities.drop lacks ALL"]],
  [
    "a capability added",
    { [`${security}/capabilities/add`]: ["SYS_ADMIN"] },
    ["capabilities.add[0] adds a capability"],
  ],
  ["the one capability that the standard allows", { [`${security}/capabilities/add`]: ["NET_BIND_SERVICE"] }, []],
  ["the host's network", { [`${spec}/hostNetwork`]: true }, ["spec.template.spec.hostNetwork is on"]],
  [
    "the node's files",
    { [`${spec}/volumes/0`]: { name: "a", hostPath: { path: "/etc/kubernetes" } } },
    ["volumes[0].hostPath shows the node's files"],
  ],
  [
    "no context at all",
    { [security]: undefined },
    ["allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities.drop"],
  ],
]);

const image = `${main}/image`;
testResource("pinned-image", deployment, [
  ["a tag", { [image]: "registry.example.com/backstage:1.2.3" }, ["containers[0].image is not named by its digest"]],
  ["a tag where the profile allows it", { [image]: "registry.example.com/backstage:1.2.3" }, [], { allowTags: true }],
  [
    "latest where the profile allows tags",
    { [image]: "registry.example.com/backstage:latest" },
    ["image names the tag latest"],
    { allowTags: true },
  ],
  [
    "neither where the profile allows tags",
    { [image]: "registry.example.com/backstage" },
    ["image names neither a tag nor a digest"],
    { allowTags: true },
  ],
  ["a malformed digest", { [image]: "registry.example.com/backstage@sha256:abc" }, ["image has a malformed digest"]],
  ["none", { [image]: undefined }, ["containers[0].image must be an image reference"]],
  [
    "a gate's tag",
    { [`${spec}/initContainers/0/image`]: "docker.io/library/busybox:1.35" },
    ["initContainers[0].image is not named by its digest"],
  ],
]);

const clusterRole: Resource = {
  type: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
  props: { metadata: { name: "reader" }, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }] },
};
testResource("secret-access", clusterRole, [
  ["Secrets", { "props/rules/0/resources": ["pods", "secrets"] }, ["rules[0] reads Secrets in every namespace"]],
  ["everything", { "props/rules/0": { apiGroups: ["*"], resources: ["*"], verbs: ["*"] } }, ["rules[0] reads Secrets"]],
  [
    "Secrets that are only made",
    { "props/rules/0": { apiGroups: [""], resources: ["secrets"], verbs: ["create"] } },
    [],
  ],
  [
    "another group's secrets",
    { "props/rules/0": { apiGroups: ["example.com"], resources: ["secrets"], verbs: ["get"] } },
    [],
  ],
  ["no rules", { "props/rules": undefined }, []],
  [
    "a Role in one namespace",
    { type: "kubernetes:rbac.authorization.k8s.io/v1:Role", "props/rules/0/resources": ["secrets"] },
    [],
  ],
  [
    "a binding to cluster-admin",
    {
      type: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
      props: { roleRef: { kind: "ClusterRole", name: "cluster-admin" } },
    },
    ["roleRef is a role that reads every Secret"],
  ],
  [
    "a binding to view",
    {
      type: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
      props: { roleRef: { kind: "ClusterRole", name: "view" } },
    },
    [],
  ],
]);

const placed = { name: "backstage", namespace: "backstage" };
const labelled: Graph = {
  deployment: { ...deployment },
  budget: {
    type: "kubernetes:policy/v1:PodDisruptionBudget",
    props: { metadata: placed, spec: { selector: { matchLabels: { app: "backstage" } } } },
  },
  policy: {
    type: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    props: { metadata: placed, spec: { podSelector: { matchLabels: { app: "backstage" } } } },
  },
};
const scaler = (name: string) => ({
  scaler: {
    type: "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    props: { metadata: placed, spec: { minReplicas: 1, scaleTargetRef: { name } } },
  },
});
testGraph("availability", labelled, [
  ["one replica", { "deployment/props/spec/replicas": 1 }, ["spec.replicas is less than the profile's minReplicas"]],
  ["replicas unsaid", { "deployment/props/spec/replicas": undefined }, ["spec.replicas is less"]],
  ["fewer than the profile's", {}, ["spec.replicas is less"], { minReplicas: 3 }],
  [
    "one where the profile wants no more",
    { "deployment/props/spec/replicas": 1, budget: undefined },
    [],
    { minReplicas: 1 },
  ],
  ["an autoscaler that goes down to one", scaler("backstage"), ["spec.replicas is less"]],
  ["somebody else's autoscaler", scaler("other"), []],
  ["no budget", { budget: undefined }, ["no PodDisruptionBudget selects"]],
  [
    "a budget of other pods",
    { "budget/props/spec/selector/matchLabels/app": "another" },
    ["no PodDisruptionBudget selects"],
  ],
  [
    "a budget in another namespace",
    { "budget/props/metadata/namespace": "another" },
    ["no PodDisruptionBudget selects"],
  ],
]);
testGraph("network-policy", labelled, [
  ["none", { policy: undefined }, ["deployment: "]],
  ["one of other pods", { "policy/props/spec/podSelector/matchLabels/app": "another" }, ["no NetworkPolicy selects"]],
  ["one in another namespace", { "policy/props/metadata/namespace": "another" }, ["no NetworkPolicy selects"]],
  ["one of every pod", { "policy/props/spec/podSelector": {} }, []],
]);
