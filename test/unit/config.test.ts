import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { ConfigError, parseConfig } from "../../config";
import { configurationPage } from "../../lib/settings/reference";

type Values = Record<string, unknown>;

/** A whole valid configuration outside dev. */
const valid = (): { keycloak: Values; realm: Values; backstage: Values } & Values => ({
  environment: "prod",
  keycloak: { url: "https://id.example.com" },
  realm: { name: "platform" },
  backstage: { url: "https://backstage.example.com", image: "registry.example.com/backstage:1.2.3" },
});

const dev = (): ReturnType<typeof valid> => ({ ...valid(), environment: "dev" });

const withBackstage = (over: Values): Values => ({ ...valid(), backstage: { ...valid().backstage, ...over } });

/** The one sentence that a configuration is refused with. */
function refusal(values: Values): string {
  try {
    parseConfig(values);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  throw new assert.AssertionError({ message: "the configuration was accepted" });
}

describe("config", () => {
  it("fills in the defaults", () => {
    const { isDev, realm, backstage, keycloak, users, rotation } = parseConfig(valid());
    assert.equal(isDev, false);
    assert.deepEqual(realm, { name: "platform", displayName: "platform", protect: true });
    assert.deepEqual(keycloak, { url: "https://id.example.com", admin: { realm: "master", username: "admin" }, waitSeconds: 120 });
    assert.equal(backstage.authEnvironment, "prod");
    assert.equal(backstage.namespace, "backstage");
    assert.equal(backstage.replicas, 1);
    assert.deepEqual(users, []);
    assert.deepEqual(rotation, { generation: 1 });
  });

  it("protects the realm outside dev, and in dev when asked", () => {
    assert.equal(parseConfig(dev()).realm.protect, false);
    assert.equal(parseConfig({ ...dev(), realm: { name: "platform", protect: true } }).realm.protect, true);
  });

  it("accepts the file of the dev stack", () => {
    const file = parse(readFileSync(path.join(__dirname, "../../Pulumi.dev.yaml"), "utf8")) as { config: Values };
    const values = Object.fromEntries(Object.entries(file.config).map(([key, value]) => [key.replace("backstage-keycloak:", ""), value]));
    assert.equal(parseConfig(values).isDev, true);
  });

  it("is described key by key in docs/configuration.md; npm run docs writes that page", () => {
    assert.equal(readFileSync(path.join(__dirname, "../../docs/configuration.md"), "utf8"), configurationPage());
  });

  it("declares in Pulumi.yaml exactly the keys that the loader knows", () => {
    const project = parse(readFileSync(path.join(__dirname, "../../Pulumi.yaml"), "utf8")) as { config: Record<string, { description?: string }> };
    for (const key of Object.keys(project.config)) {
      if (key === "keycloakAdminPassword") continue;
      assert.doesNotMatch(refusal({ ...valid(), [key]: Symbol.for("wrong") }), /is not a setting/, key);
    }
    assert.match(refusal({ ...valid(), other: 1 }), /other is not a setting/);
    assert.ok(Object.values(project.config).every(({ description }) => (description ?? "").length > 20));
  });

  const refused: [string, Values, RegExp][] = [
    ["a missing section", { ...valid(), keycloak: undefined }, /^config: keycloak is missing; set it/],
    ["a missing key", { ...valid(), backstage: { url: "https://b.example.com" } }, /^config: backstage\.image is missing; set it/],
    ["an unknown key", { ...valid(), backstge: {} }, /^config: backstge is not a setting; did you mean backstage\?/],
    ["an unknown nested key", { ...valid(), realm: { name: "p", protected: true } }, /realm\.protected is not a setting; did you mean realm\.protect\?/],
    ["an unknown key in a list", { ...dev(), users: [{ username: "a", email: "a@b.example", firstName: "A", lastname: "B" }] }, /users\.0\.lastname is not a setting; did you mean users\.0\.lastName\?/],
    ["a secret key that is misspelt", { ...valid(), keycloakAdminPasword: "x" }, /did you mean keycloakAdminPassword\?/],
    ["a malformed URL", { ...valid(), keycloak: { url: "id.example.com" } }, /keycloak\.url is not an absolute URL/],
    ["an empty host", { ...valid(), keycloak: { url: "https:///keycloak" } }, /keycloak\.url has an empty host/],
    ["plain http outside dev", { ...valid(), backstage: { ...valid().backstage, url: "http://b.example.com" } }, /backstage\.url is plain http.*use https/],
    ["a value of another type", { ...valid(), backstage: { ...valid().backstage, replicas: "two" } }, /backstage\.replicas must be a whole number/],
    ["a number out of range", { ...valid(), keycloak: { ...valid().keycloak, waitSeconds: 0 } }, /keycloak\.waitSeconds must be at least 1 second/],
    ["a value outside its list", { ...valid(), backstage: { ...valid().backstage, imagePullPolicy: "Sometimes" } }, /imagePullPolicy must be one of Always, IfNotPresent, Never/],
    ["an image with a space", { ...valid(), backstage: { ...valid().backstage, image: "a b" } }, /backstage\.image must be an image reference/],
    ["a namespace that Kubernetes refuses", { ...valid(), backstage: { ...valid().backstage, namespace: "Back_stage" } }, /backstage\.namespace must be 1 to 63/],
    ["test users outside dev", { ...valid(), users: [{ username: "a", email: "a@b.example", firstName: "A", lastName: "B" }] }, /users are test users for the dev environment/],
    ["a user twice", { ...dev(), users: Array(2).fill({ username: "a", email: "a@b.example", firstName: "A", lastName: "B" }) }, /users\.1\.username is there twice/],
    ["an e-mail that is none", { ...dev(), users: [{ username: "a", email: "a", firstName: "A", lastName: "B" }] }, /users\.0\.email must be an e-mail address/],
    ["the realm of the administrators", { ...valid(), realm: { name: "master" } }, /realm\.name must not be master/],
    ["replicas that cannot share their database", { ...valid(), backstage: { ...valid().backstage, replicas: 2, database: { kind: "memory" } } }, /backstage\.replicas must be 1 with the in-memory database/],
    ["a kind of database that does not exist", { ...valid(), backstage: { ...valid().backstage, database: { kind: "mysql" } } }, /backstage\.database\.kind must be one of memory, postgres, external\.$/],
    ["a misspelt key of a database", { ...valid(), backstage: { ...valid().backstage, database: { kind: "postgres", storge: "1Gi" } } }, /database\.storge is not a setting; did you mean backstage\.database\.storage\?/],
    ["a volume without a unit that exists", { ...valid(), backstage: { ...valid().backstage, database: { kind: "postgres", storage: "10GB" } } }, /database\.storage must be a Kubernetes quantity/],
    ["a database host with a scheme", { ...valid(), backstage: { ...valid().backstage, database: { kind: "external", host: "https://db", credentials: { secret: "s" } } } }, /database\.host must be a host name/],
    ["an unchecked database certificate outside dev", { ...valid(), backstage: { ...valid().backstage, database: { kind: "external", host: "db", tls: { mode: "require" }, credentials: { secret: "s" } } } }, /database\.tls\.mode is require.*set it to verify-full/],
    ["an image without a tag", { ...valid(), backstage: { ...valid().backstage, image: "registry.example.com/backstage" } }, /backstage\.image names neither a tag nor a digest/],
    ["a malformed digest", { ...valid(), backstage: { ...valid().backstage, image: "registry.example.com/backstage@sha256:abc" } }, /backstage\.image has a malformed digest/],
    ["an unknown kind of exposure", withBackstage({ exposure: { kind: "route" } }), /exposure\.kind must be one of service, ingress, gateway\.$/],
    ["a NodePort past an Ingress", withBackstage({ nodePort: 30700, exposure: { kind: "ingress" } }), /nodePort would lead past the ingress and its TLS; remove it/],
    ["an Ingress that does not strip the sub-path", withBackstage({ url: "https://b.example.com/portal", exposure: { kind: "ingress" } }), /exposure\.annotations must make the controller strip the path/],
    ["replicas of an autoscaler that cannot share their database", withBackstage({ autoscaling: { maxReplicas: 3 }, database: { kind: "memory" } }), /replicas must be 1 with the in-memory database/],
    ["an autoscaler upside down", withBackstage({ autoscaling: { minReplicas: 5, maxReplicas: 2 } }), /minReplicas must not be more than/],
    ["a quantity that is none", withBackstage({ resources: { limits: { memory: "1GB" } } }), /resources\.limits\.memory must be a Kubernetes quantity/],
    ["a quantity without quotes", withBackstage({ resources: { requests: { cpu: 2 } } }), /resources\.requests\.cpu must be a quantity in quotes/],
    ["a network that is none", withBackstage({ networkPolicy: { egress: [{ cidr: "10.0.0.0/33", port: 443 }] } }), /networkPolicy\.egress\.0\.cidr must be a network in CIDR notation/],
    ["a host alias with a port", withBackstage({ hostAliases: [{ ip: "10.0.0.1", hostnames: ["a:80"] }] }), /hostAliases\.0\.hostnames\.0 must be a host name/],
    ["a host alias without an address", withBackstage({ hostAliases: [{ ip: "id", hostnames: ["a"] }] }), /hostAliases\.0\.ip must be an IP address/],
    ["a variable of the chain", withBackstage({ extraEnv: [{ name: "KEYCLOAK_CLIENT_SECRET", value: "x" }] }), /extraEnv\.0\.name KEYCLOAK_CLIENT_SECRET is a variable of the program's own; remove it/],
    ["TLS turned off by a variable", withBackstage({ extraEnv: [{ name: "NODE_TLS_REJECT_UNAUTHORIZED", value: "0" }] }), /would turn the check of certificates off; remove it/],
    ["app-config by a variable", withBackstage({ extraEnv: [{ name: "APP_CONFIG_auth_environment", value: "x" }] }), /would override the app-config past every check; remove it/],
    ["a variable with two values", withBackstage({ extraEnv: [{ name: "A", value: "x", secret: "s" }] }), /extraEnv\.0 needs exactly one of value, secret and configMap/],
    ["a variable twice", withBackstage({ extraEnv: [{ name: "A", value: "x" }, { name: "A", value: "y" }] }), /backstage\.extraEnv has A twice/],
    ["a volume over the gate", withBackstage({ extraVolumes: [{ name: "v", mountPath: "/etc/backstage-gate/x", claim: "c" }] }), /mountPath \/etc\/backstage-gate\/x is a path that the program mounts/],
    ["a volume around all of it", withBackstage({ extraVolumes: [{ name: "v", mountPath: "/", claim: "c" }] }), /mountPath \/ is a path that the program mounts/],
    ["a volume with the name of ours", withBackstage({ extraVolumes: [{ name: "tmp", mountPath: "/x", claim: "c" }] }), /name tmp is a volume of the program's own/],
    ["a CA bundle from nowhere", withBackstage({ caBundle: {} }), /caBundle needs exactly one of secret and configMap/],
    ["rights without a token", withBackstage({ serviceAccount: { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] } }), /rules are of no use without a token/],
    ["all rights", withBackstage({ serviceAccount: { automountToken: true, rules: [{ apiGroups: [""], resources: ["*"], verbs: ["get"] }] } }), /rules\.0 has a wildcard/],
    ["gates that outlast the rollout", { ...valid(), backstage: { ...valid().backstage, gateSeconds: 300 } }, /gateSeconds must be less than backstage\.rolloutSeconds/],
  ];
  for (const [what, values, sentence] of refused) {
    it(`refuses ${what} in one sentence`, () => {
      const message = refusal(values);
      assert.match(message, sentence);
      assert.equal(message.split("\n").length, 1, message);
    });
  }
});
