import { testGraph, testResource, U, type Graph, type Link, type Resource } from "./harness";

const wave = (value: number) => ({ "argocd.argoproj.io/sync-wave": String(value) });
const secretValue = "s3cretS3cretS3cretS3cret";
const gate = (name: string) => ({ name, volumeMounts: [{ name: "secrets", mountPath: "/var/secrets" }] });

/** The chain as this program builds it, one resource of each kind. */
const stack: Graph = {
  password: { type: "random:index/randomPassword:RandomPassword", props: { length: 48 } },
  realm: { type: "keycloak:index/realm:Realm", props: { realm: "platform" } },
  scope: { type: "keycloak:openid/clientScope:ClientScope", props: { name: "groups" }, edges: { realmId: ["realm"] } },
  mapper: {
    type: "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper",
    props: { name: "groups" },
    edges: { clientScopeId: ["scope"] },
  },
  client: {
    type: "keycloak:openid/client:Client",
    props: { clientId: "backstage", realmId: "platform", clientSecret: secretValue },
    edges: { realmId: ["realm"], clientSecret: ["password"] },
  },
  bindings: {
    type: "keycloak:openid/clientDefaultScopes:ClientDefaultScopes",
    props: { defaultScopes: ["groups"] },
    edges: { clientId: ["client"], defaultScopes: ["scope"] },
  },
  other: {
    type: "keycloak:openid/client:Client",
    props: { clientId: "other", realmId: "other", clientSecret: "another0Another0" },
  },
  namespace: { type: "kubernetes:core/v1:Namespace", props: { metadata: { name: "backstage", annotations: wave(5) } } },
  secret: {
    type: "kubernetes:core/v1:Secret",
    props: {
      metadata: { name: "credential", namespace: "backstage", annotations: wave(15) },
      data: { CLIENT_SECRET: Buffer.from(secretValue).toString("base64") },
    },
    needs: ["realm", "mapper", "bindings"],
    edges: { data: ["client"], metadata: ["namespace"] },
  },
  deployment: {
    type: "kubernetes:apps/v1:Deployment",
    props: {
      metadata: { name: "backstage", namespace: "backstage", annotations: wave(25) },
      spec: {
        template: {
          spec: {
            initContainers: [gate("wait-for-secrets"), gate("verify-credentials")],
            containers: [
              {
                name: "backstage",
                env: [
                  { name: "CLIENT_SECRET", valueFrom: { secretKeyRef: { name: "credential", key: "CLIENT_SECRET" } } },
                ],
              },
            ],
            volumes: [
              { name: "secrets", secret: { secretName: "credential" } },
              { name: "theirs", secret: { secretName: "not-of-this-stack" } },
            ],
          },
        },
      },
    },
    needs: ["secret"],
    edges: { spec: ["secret"], metadata: ["namespace"] },
  },
};

const cut = { "deployment/needs": [], "deployment/edges/spec": undefined };
const byHand = { "secret/edges/data": undefined, "secret/needs": ["realm", "mapper"] };
testGraph("chain-order", stack, [
  ["a Deployment that only names the Secret", cut, ["Deployment deployment does not depend on Secret secret"]],
  [
    "the same through a volume only",
    { ...cut, "deployment/props/spec/template/spec/containers/0/env": [] },
    ["does not depend on Secret secret"],
  ],
  [
    "a Deployment that reaches the Secret through another resource",
    {
      ...cut,
      "deployment/needs": ["between"],
      between: { type: "kubernetes:core/v1:ConfigMap", props: {}, needs: ["secret"] } satisfies Link,
    },
    [],
  ],
  ["a Secret of the same name in another namespace", { ...cut, "secret/props/metadata/namespace": "another" }, []],
  ["a name that is not known yet", { ...cut, "secret/props/metadata/name": U }, []],
  [
    "a Secret with the value and no edge",
    byHand,
    ["Secret secret does not depend on Client client", "Secret secret does not depend on ClientDefaultScopes bindings"],
  ],
  [
    "the same as stringData",
    { ...byHand, "secret/props/data": undefined, "secret/props/stringData": { A: secretValue } },
    ["on Client client", "on ClientDefaultScopes bindings"],
  ],
  [
    "a Secret with the password instead of the client",
    { ...byHand, "secret/props/data": U, "secret/edges/data": ["password"] },
    ["on Client client", "on ClientDefaultScopes bindings"],
  ],
  [
    "a Secret that comes before the bindings",
    { "secret/needs": ["realm", "mapper"] },
    ["Secret secret does not depend on ClientDefaultScopes bindings"],
  ],
  [
    "a Secret that comes before the scope's mapper",
    { "secret/needs": ["realm", "bindings"] },
    ["does not depend on GroupMembershipProtocolMapper mapper"],
  ],
  [
    "a client that only names its realm",
    { "client/edges/realmId": undefined, "scope/edges/realmId": undefined, "secret/needs": ["mapper", "bindings"] },
    ["Secret secret does not depend on Realm realm"],
  ],
  ["a Secret without a client's secret", { ...byHand, "secret/props/data": { OTHER: "YQ==" } }, []],
  [
    "an ExternalSecret that only its name leads to",
    {
      ...cut,
      secret: {
        type: "kubernetes:external-secrets.io/v1:ExternalSecret",
        props: { metadata: { name: "x", namespace: "backstage" }, spec: { target: { name: "credential" } } },
      } satisfies Link,
    },
    ["does not depend on ExternalSecret secret"],
  ],
  [
    "an ExternalSecret that is named like its Secret",
    {
      ...cut,
      secret: {
        type: "kubernetes:external-secrets.io/v1:ExternalSecret",
        props: { metadata: { name: "credential", namespace: "backstage" } },
      } satisfies Link,
    },
    ["does not depend on ExternalSecret secret"],
  ],
]);

const pod = "deployment/props/spec/template/spec";
const gates = `${pod}/initContainers`;
testGraph("gates", stack, [
  [
    "no gates",
    { [gates]: undefined },
    ["initContainers lacks the gate wait-for-secrets", "lacks the gate verify-credentials"],
  ],
  ["the second gate missing", { [`${gates}/1`]: undefined }, ["lacks the gate verify-credentials"]],
  [
    "the gates in another order",
    { [gates]: [gate("verify-credentials"), gate("wait-for-secrets")] },
    ["initContainers[0] runs before wait-for-secrets"],
  ],
  [
    "a gate without the Secret",
    { [`${gates}/0/volumeMounts`]: [] },
    ["initContainers[0].volumeMounts lacks the Secret"],
  ],
  [
    "a gate with another Secret",
    { [`${gates}/0/volumeMounts/0/name`]: "theirs" },
    ["initContainers[0].volumeMounts lacks the Secret"],
  ],
  [
    "a gate as a sidecar",
    { [`${gates}/1/restartPolicy`]: "Always" },
    ["initContainers[1].restartPolicy makes the gate a sidecar"],
  ],
  [
    "the Secret in a projected volume",
    { [`${pod}/volumes/0`]: { name: "secrets", projected: { sources: [{ secret: { name: "credential" } }] } } },
    [],
  ],
  [
    "a Deployment without a client's secret",
    { [gates]: undefined, "secret/props/data": {}, "secret/edges/data": undefined },
    [],
  ],
  ["a Deployment that the profile does not name", { [gates]: undefined }, [], { deployments: ["another"] }],
  [
    "a Deployment that the profile names",
    { [gates]: undefined },
    ["wait-for-secrets", "verify-credentials"],
    { deployments: ["deployment"] },
  ],
  ["the profile's own gates", {}, ["lacks the gate check"], { gates: ["wait-for-secrets", "check"] }],
]);

const skip = { "pulumi.com/skipAwait": "true" };
testGraph("no-skip-await", stack, [
  ["on the Deployment", { "deployment/props/metadata/annotations": skip }, ["deployment: "]],
  ["on the Secret", { "secret/props/metadata/annotations": skip }, ["secret: "]],
  ["on the namespace", { "namespace/props/metadata/annotations": skip }, ["namespace: "]],
  ["switched off", { "deployment/props/metadata/annotations": { "pulumi.com/skipAwait": "false" } }, []],
  [
    "beside the chain",
    { beside: { type: "kubernetes:core/v1:Service", props: { metadata: { annotations: skip } } } satisfies Link },
    [],
  ],
]);

const annotations = (key: string, values: Record<string, string>) => ({
  [`${key}/props/metadata/annotations`]: values,
});
const hook = "argocd.argoproj.io/hook";
const job: Link = {
  type: "kubernetes:batch/v1:Job",
  props: { metadata: { annotations: { ...wave(30), [hook]: "PostSync" } } },
};
testGraph("sync-waves", stack, [
  ["a Deployment before its Secret", annotations("deployment", wave(10)), ["deployment: "]],
  ["a Secret after its Deployment, a link away", { ...annotations("namespace", wave(20)) }, ["secret: "]],
  ["the same wave", { ...annotations("deployment", wave(15)) }, []],
  [
    "no wave, which is 0",
    { "deployment/props/metadata/annotations": undefined },
    ["Secret secret, which it depends on", "Namespace namespace, which it depends on"],
  ],
  [
    "no waves at all",
    {
      "deployment/props/metadata/annotations": undefined,
      "secret/props/metadata/annotations": undefined,
      "namespace/props/metadata/annotations": undefined,
    },
    [],
  ],
  [
    "a wave that is no number",
    annotations("deployment", { "argocd.argoproj.io/sync-wave": "late" }),
    ['sync-wave"] is not a whole number'],
  ],
  ["a hook that nobody needs", { job }, []],
  [
    "a hook that Argo CD does not know",
    { job: { ...job, props: { metadata: { annotations: { [hook]: "HookFailed" } } } } },
    ['hook"] is not one of PreSync'],
  ],
  ["two hooks", { job: { ...job, props: { metadata: { annotations: { [hook]: "PreSync,PostSync" } } } } }, []],
  [
    "a delete policy that Argo CD does not know",
    {
      job: {
        ...job,
        props: { metadata: { annotations: { [hook]: "Sync", "argocd.argoproj.io/hook-delete-policy": "Always" } } },
      },
    },
    ['hook-delete-policy"] is not one of HookSucceeded'],
  ],
  [
    "a hook that makes the Secret",
    annotations("secret", { ...wave(15), [hook]: "PreSync" }),
    ["depends on Secret secret, which only a hook makes"],
  ],
  [
    "a hook that makes the Secret, and is also skipped",
    annotations("secret", { ...wave(15), [hook]: "Skip,PreSync" }),
    ["depends on Secret secret, which only a hook makes"],
  ],
  ["something skipped that makes the Secret", annotations("secret", { ...wave(15), [hook]: "Skip" }), []],
  [
    "no dry run of a kind that is always there",
    annotations("secret", {
      ...wave(15),
      "argocd.argoproj.io/sync-options": "Prune=false,SkipDryRunOnMissingResource=true",
    }),
    ['sync-options"] skips the dry run'],
  ],
  [
    "no dry run of a custom resource",
    {
      custom: {
        type: "kubernetes:external-secrets.io/v1:ExternalSecret",
        props: { metadata: { annotations: { "argocd.argoproj.io/sync-options": "SkipDryRunOnMissingResource=true" } } },
      } satisfies Link,
    },
    [],
  ],
]);

const external: Resource = {
  type: "kubernetes:external-secrets.io/v1:ExternalSecret",
  props: {
    metadata: { name: "backstage-oidc" },
    spec: {
      refreshInterval: "30s",
      refreshPolicy: "Periodic",
      target: { name: "credential", deletionPolicy: "Retain" },
    },
  },
};
const spec = "props/spec";
testResource("external-secrets", external, [
  ["one single sync", { [`${spec}/refreshInterval`]: "0" }, ["spec.refreshInterval is not a duration above zero"]],
  ["no time at all", { [`${spec}/refreshInterval`]: "0s" }, ["spec.refreshInterval is not a duration above zero"]],
  ["no duration", { [`${spec}/refreshInterval`]: "sometimes" }, ["spec.refreshInterval is not a duration"]],
  ["unsaid", { [`${spec}/refreshInterval`]: undefined }, ["spec.refreshInterval is missing"]],
  [
    "too rarely",
    { [`${spec}/refreshInterval`]: "1h0m0s" },
    ["spec.refreshInterval is longer than the profile's maxRefresh"],
  ],
  ["as rarely as the profile allows", { [`${spec}/refreshInterval`]: "1h" }, [], { maxRefresh: "1h" }],
  ["only when it changes", { [`${spec}/refreshPolicy`]: "OnChange" }, ["spec.refreshPolicy is not Periodic"]],
  ["no policy, which is Periodic", { [`${spec}/refreshPolicy`]: undefined }, []],
  [
    "a Secret that goes with it",
    { [`${spec}/target/deletionPolicy`]: "Delete" },
    ["spec.target.deletionPolicy is not Retain"],
  ],
  ["no target", { [`${spec}/target`]: undefined }, ["spec.target.deletionPolicy is not Retain"]],
  [
    "a ClusterExternalSecret",
    {
      type: "kubernetes:external-secrets.io/v1:ClusterExternalSecret",
      props: { spec: { externalSecretSpec: { refreshInterval: "0", target: { deletionPolicy: "Retain" } } } },
    },
    ["spec.externalSecretSpec.refreshInterval"],
  ],
  [
    "a PushSecret that deletes",
    { type: "kubernetes:external-secrets.io/v1alpha1:PushSecret", props: { spec: { deletionPolicy: "Delete" } } },
    ["spec.deletionPolicy deletes the remote secret"],
  ],
  ["a PushSecret that keeps", { type: "kubernetes:external-secrets.io/v1alpha1:PushSecret", props: { spec: {} } }, []],
]);

const rendered: Resource = {
  type: "kubernetes:core/v1:Secret",
  props: { metadata: { name: "a" }, stringData: { a: secretValue } },
  provider: { enableSecretMutable: "true" },
};
testResource("no-rendered-secret", rendered, [
  ["rendered", { "provider/renderYamlToDirectory": "manifests" }, ["data would be written in clear"]],
  ["rendered to where nobody knows yet", { "provider/renderYamlToDirectory": U }, ["data would be written in clear"]],
  ["by the default provider", { provider: undefined }, []],
  [
    "a ConfigMap, rendered",
    { type: "kubernetes:core/v1:ConfigMap", "provider/renderYamlToDirectory": "manifests" },
    [],
  ],
]);
