/** The program with one thing broken each: what somebody's edit would do, and what the policy pack says to it. */

type Props = Record<string, unknown>;
export interface Variant {
  readonly type: string;
  readonly name: string;
  /** Breaks the resource's properties and options in place. */
  readonly change: (props: Props, opts: { dependsOn?: unknown }) => void;
  readonly policy: string;
  /** A part of each message, in their order. */
  readonly says: readonly string[];
}

interface Container {
  env: { name: string; value: string }[];
  securityContext: Props;
  [key: string]: unknown;
}
interface Deployment {
  metadata: { annotations: Record<string, string> };
  spec: { template: { metadata: Props; spec: { initContainers: Container[]; containers: [Container] } } };
}

const onClient = (policy: string, says: string, changes: Props): Variant => ({
  type: "keycloak:openid/client:Client",
  name: "backstage",
  change: (props) => Object.assign(props, changes),
  policy,
  says: [says],
});
const onDeployment = (policy: string, says: readonly string[], change: (deployment: Deployment) => void): Variant => ({
  type: "kubernetes:apps/v1:Deployment",
  name: "backstage",
  change: (props) => change(props as unknown as Deployment),
  policy,
  says,
});

/** A secret that a message must not repeat. */
export const planted = "hunter2hunter2";

const container = "spec.template.spec.containers[0]";
export const variants: Readonly<Record<string, Variant>> = {
  "a Secret that does not wait for the client's scopes": {
    type: "kubernetes:core/v1:Secret",
    name: "backstage-env-vars",
    change: (_, opts) => (opts.dependsOn = []),
    policy: "chain-order",
    says: [
      "ClientDefaultScopes backstage",
      "ClientOptionalScopes backstage",
      "ClientScope groups",
      "GroupMembershipProtocolMapper groups",
    ].map((needed) => `Secret backstage-env-vars does not depend on ${needed}; add it to dependsOn.`),
  },
  "a gate left out": onDeployment(
    "gates",
    ["spec.template.spec.initContainers lacks the gate verify-credentials; add it before the containers."],
    ({ spec }) => spec.template.spec.initContainers.pop(),
  ),
  "no hashes in the template": onDeployment(
    "template-hashes",
    ["secret-backstage-env-vars", "configmap-backstage-app-config", "configmap-backstage-gate"].map(
      (name) => `spec.template.metadata.annotations["checksum/${name}"] is not a SHA-256 hash; add it.`,
    ),
    ({ spec }) => (spec.template.metadata.annotations = {}),
  ),
  "a Deployment that is not waited for": onDeployment(
    "no-skip-await",
    ['metadata.annotations["pulumi.com/skipAwait"] ends the wait; remove it.'],
    ({ metadata }) => {
      metadata.annotations["pulumi.com/skipAwait"] = "true";
    },
  ),
  "a wildcard in the redirect URI": onClient(
    "client-redirect-uris",
    "validRedirectUris[0] has a wildcard; write each redirect URI out.",
    { validRedirectUris: ["http://10.0.0.1/*"] },
  ),
  "no PKCE": onClient("client-pkce", "pkceCodeChallengeMethod is not S256; set it.", { pkceCodeChallengeMethod: "" }),
  "direct access grants": onClient(
    "client-flows",
    "directAccessGrantsEnabled is on, which takes people's passwords; set it to false.",
    { directAccessGrantsEnabled: true },
  ),
  "a public client with a secret": onClient(
    "client-confidential",
    "accessType is not CONFIDENTIAL although there is a clientSecret; set it.",
    { accessType: "PUBLIC" },
  ),
  "certificates that nobody checks": onDeployment(
    "production",
    [
      `is NODE_TLS_REJECT_UNAUTHORIZED, which turns the check of certificates off; trust the authority by NODE_EXTRA_CA_CERTS.`,
    ],
    ({ spec }) => spec.template.spec.containers[0].env.push({ name: "NODE_TLS_REJECT_UNAUTHORIZED", value: "0" }),
  ),
  "a secret in clear": onDeployment(
    "no-literal-secret",
    [".value holds a secret in clear, by its name or its form; read it from a Secret."],
    ({ spec }) => spec.template.spec.containers[0].env.push({ name: "GITHUB_TOKEN", value: planted }),
  ),
  "a privileged container": onDeployment(
    "hardened-pod",
    [`${container}.securityContext.privileged is not false; set it.`],
    ({ spec }) => {
      spec.template.spec.containers[0].securityContext = {
        ...spec.template.spec.containers[0].securityContext,
        privileged: true,
      };
    },
  ),
  "a guest": {
    type: "kubernetes:core/v1:ConfigMap",
    name: "backstage-app-config",
    change: (props) => (props.data = { "app-config.yaml": "auth: {environment: dev, providers: {guest: {}}}" }),
    policy: "sign-in-config",
    says: [
      'data["app-config.yaml"].auth.providers.guest must not be there; remove it, for it lets people in past Keycloak.',
    ],
  },
};
