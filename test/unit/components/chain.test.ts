import * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";
import assert from "node:assert/strict";
import { Backstage } from "../../../components/backstage";
import { ContractSecret } from "../../../components/contractSecret";
import { Database } from "../../../components/database";
import { OidcClient } from "../../../components/oidcClient";
import { Realm } from "../../../components/realm";
import { CatalogSync } from "../../../components/catalogSync";
import { Groups } from "../../../components/groups";
import { GroupsScope } from "../../../components/groupsScope";
import { targetOf } from "../../../program/targets";
import { Users } from "../../../components/users";
import { parseConfig } from "../../../config";
import { backstageContractKeys, catalogKeys, contractKeys } from "../../../lib/pod/contract";
import { dataHash } from "../../../lib/pod/hashes";
import { record, valueOf, type Recording } from "../../recorder";

const settings = parseConfig({
  environment: "prod",
  keycloak: { url: "https://id.example.com/auth" },
  realm: { name: "platform" },
  backstage: {
    url: "https://dev.example.com",
    image: "registry.example.com/backstage:1",
    database: { kind: "memory" },
    rolloutSeconds: 200,
    gateSeconds: 100,
  },
});
const user = {
  username: "ada",
  email: "ada@example.com",
  firstName: "Ada",
  lastName: "Lovelace",
  groups: ["team-a"],
  roles: ["viewer"],
  initialPassword: true,
};

function build(generation = 1) {
  const target = targetOf(settings);
  const realm = new Realm("platform", { keycloakUrl: settings.keycloak.url, realmName: "platform" });
  const groupsScope = new GroupsScope("groups", { realm });
  const groups = new Groups("groups", {
    realm,
    roles: [{ name: "viewer" }],
    groups: [{ name: "team-a", roles: ["viewer"] }],
  });
  const users = new Users("users", { realm, groups, users: [user] });
  const client = new OidcClient("backstage", {
    realm,
    groupsScope,
    clientId: "backstage",
    rootUrl: settings.backstage.url,
    redirectUris: [`${settings.backstage.url}/api/auth/oidc/handler/frame`],
    secretGeneration: generation,
  });
  const namespace = new k8s.core.v1.Namespace("backstage", { metadata: { name: "backstage" } });
  const sync = new CatalogSync("backstage-catalog", {
    realm,
    groupsScope,
    clientId: "backstage-catalog",
    frequency: 60,
    timeout: 30,
  });
  const contract = new ContractSecret(
    "backstage-env-vars",
    {
      target,
      realm,
      client,
      owner: "backstage",
      namespace: namespace.metadata.name,
      secretName: "backstage-env-vars",
      keys: backstageContractKeys,
      sessionSecretKey: contractKeys.sessionSecret,
      generationsKey: contractKeys.generations,
      further: [{ name: "catalog", client: sync.client, requires: sync.ready, keys: catalogKeys }],
    },
    { dependsOn: [namespace] },
  );
  const database = new Database("backstage-database", {
    target,
    namespace: namespace.metadata.name,
  });
  const app = new Backstage("backstage", {
    target,
    contract,
    database,
    url: settings.backstage.url,
    image: settings.backstage.image,
    authEnvironment: "prod",
    gateSeconds: 100,
    rolloutSeconds: 200,
  });
  return { realm, users, client, contract, app };
}

const types = {
  password: "random:index/randomPassword:RandomPassword",
  realm: "keycloak:index/realm:Realm",
  client: "keycloak:openid/client:Client",
  defaultScopes: "keycloak:openid/clientDefaultScopes:ClientDefaultScopes",
  optionalScopes: "keycloak:openid/clientOptionalScopes:ClientOptionalScopes",
  scope: "keycloak:openid/clientScope:ClientScope",
  groupMapper: "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper",
  serviceAccountRole: "keycloak:openid/clientServiceAccountRole:ClientServiceAccountRole",
  secret: "kubernetes:core/v1:Secret",
  configMap: "kubernetes:core/v1:ConfigMap",
  deployment: "kubernetes:apps/v1:Deployment",
  service: "kubernetes:core/v1:Service",
} as const;

interface PodTemplate {
  metadata: { annotations: Record<string, string> };
  spec: {
    initContainers: { name: string; volumeMounts: { name: string }[] }[];
    containers: {
      name: string;
      ports: { name: string; containerPort: number }[];
      env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
    }[];
  };
}
const specOf = (
  recording: Recording<unknown>,
): { template: PodTemplate; strategy: unknown; progressDeadlineSeconds: number } =>
  recording.find(types.deployment, "backstage").inputs.spec as ReturnType<typeof specOf>;

for (const preview of [false, true]) {
  describe(`the chain (${preview ? "preview" : "update"})`, () => {
    let recording: Recording<ReturnType<typeof build>>;
    before(async () => {
      recording = await record(build, preview);
    });

    it("registers exactly these resources", () => {
      assert.deepEqual(recording.resources.map(({ type, name }) => `${type} ${name}`).sort(), [
        "backstage-keycloak:credential:ContractSecret backstage-env-vars",
        "backstage-keycloak:identity:CatalogSync backstage-catalog",
        "backstage-keycloak:identity:Groups groups",
        "backstage-keycloak:identity:GroupsScope groups",
        "backstage-keycloak:identity:OidcClient backstage",
        "backstage-keycloak:identity:OidcClient backstage-catalog",
        "backstage-keycloak:identity:Realm platform",
        "backstage-keycloak:identity:Users users",
        "backstage-keycloak:workload:Account backstage",
        "backstage-keycloak:workload:Backstage backstage",
        "backstage-keycloak:workload:Database backstage-database",
        "backstage-keycloak:workload:Network backstage",
        "keycloak:index/group:Group groups-team-a",
        "keycloak:index/groupRoles:GroupRoles groups-team-a",
        "keycloak:index/realm:Realm platform",
        "keycloak:index/realmEvents:RealmEvents platform",
        "keycloak:index/role:Role groups-viewer",
        "keycloak:index/user:User users-ada",
        "keycloak:index/userGroups:UserGroups users-ada",
        "keycloak:index/userRoles:UserRoles users-ada",
        "keycloak:openid/client:Client backstage",
        "keycloak:openid/client:Client backstage-catalog",
        "keycloak:openid/clientDefaultScopes:ClientDefaultScopes backstage",
        "keycloak:openid/clientDefaultScopes:ClientDefaultScopes backstage-catalog",
        "keycloak:openid/clientOptionalScopes:ClientOptionalScopes backstage",
        "keycloak:openid/clientOptionalScopes:ClientOptionalScopes backstage-catalog",
        "keycloak:openid/clientScope:ClientScope groups",
        "keycloak:openid/clientServiceAccountRole:ClientServiceAccountRole backstage-catalog",
        "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper groups",
        "kubernetes:apps/v1:Deployment backstage",
        "kubernetes:core/v1:ConfigMap backstage-app-config",
        "kubernetes:core/v1:ConfigMap backstage-gate",
        "kubernetes:core/v1:Namespace backstage",
        "kubernetes:core/v1:Secret backstage-env-vars",
        "kubernetes:core/v1:Service backstage",
        "kubernetes:core/v1:ServiceAccount backstage",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy backstage",
        "random:index/randomPassword:RandomPassword backstage-catalog-secret",
        "random:index/randomPassword:RandomPassword backstage-env-vars-session",
        "random:index/randomPassword:RandomPassword backstage-secret",
        "random:index/randomPassword:RandomPassword users-ada",
      ]);
    });

    it("makes every resource but the namespace a child of a component", () => {
      for (const { custom, parent, type } of recording.resources) {
        if (custom && type !== "kubernetes:core/v1:Namespace") assert.match(parent, /backstage-keycloak:/, type);
      }
    });

    it("leads from Backstage to the owner of every secret, link by link", () => {
      const reached = recording.reach(recording.find(types.deployment, "backstage").urn);
      for (const [type, name] of [
        [types.secret, "backstage-env-vars"],
        [types.configMap, "backstage-app-config"],
        [types.configMap, "backstage-gate"],
        [types.client, "backstage"],
        [types.defaultScopes, "backstage"],
        [types.optionalScopes, "backstage"],
        [types.scope, "groups"],
        [types.groupMapper, "groups"],
        [types.client, "backstage-catalog"],
        [types.serviceAccountRole, "backstage-catalog"],
        [types.realm, "platform"],
        [types.password, "backstage-secret"],
        [types.password, "backstage-catalog-secret"],
        [types.password, "backstage-env-vars-session"],
        ["kubernetes:core/v1:Namespace", "backstage"],
      ] as const) {
        assert.ok(reached.has(recording.find(type, name).urn), `${type} ${name}`);
      }
      assert.ok(
        !reached.has(recording.find("keycloak:index/user:User", "users-ada").urn),
        "sign-in does not wait for users",
      );
    });

    it("ties each link to the next by reference and by dependsOn", () => {
      const client = recording.find(types.client, "backstage");
      const secret = recording.find(types.secret, "backstage-env-vars");
      const deployment = recording.find(types.deployment, "backstage");
      assert.ok(secret.propertyDependencies.data?.includes(client.urn), "the Secret's data refers to the client");
      assert.ok(deployment.propertyDependencies.spec?.includes(secret.urn), "the pod's spec refers to the Secret");
      for (const [type, name] of [
        [types.client, "backstage"],
        [types.scope, "groups"],
        [types.groupMapper, "groups"],
        [types.serviceAccountRole, "backstage-catalog"],
        [types.defaultScopes, "backstage"],
        [types.optionalScopes, "backstage"],
        [types.realm, "platform"],
      ] as const) {
        assert.ok(secret.dependencies.includes(recording.find(type, name).urn), `${type} before the Secret`);
      }
    });

    it("registers as outputs what its components show", async () => {
      const { realm, client, contract } = recording.result;
      assert.equal(realm.issuer, "https://id.example.com/auth/realms/platform");
      assert.equal(await valueOf(realm.realmId), "platform");
      assert.ok(client.clientSecret !== undefined);
      assert.equal(await valueOf(client.clientSecret), "result-of-backstage-secret");
      assert.equal(await valueOf(contract.secretName), "backstage-env-vars");
    });

    it("hands over one complete contract", async () => {
      assert.deepEqual(await valueOf(recording.result.contract.data), {
        [contractKeys.clientSecret]: "result-of-backstage-secret",
        [contractKeys.clientId]: "backstage",
        [contractKeys.issuer]: "https://id.example.com/auth/realms/platform",
        [contractKeys.metadataUrl]: "https://id.example.com/auth/realms/platform/.well-known/openid-configuration",
        [contractKeys.sessionSecret]: "result-of-backstage-env-vars-session",
        [contractKeys.generations]: JSON.stringify({ client: 1, session: 1, catalog: 1 }),
        [catalogKeys.clientId]: "backstage-catalog",
        [catalogKeys.clientSecret]: "result-of-backstage-catalog-secret",
      });
    });

    it("writes the Secret's values in the form that shows drift", () => {
      const { data, stringData } = recording.find(types.secret, "backstage-env-vars").inputs as {
        data: Record<string, string>;
        stringData?: unknown;
      };
      assert.equal(stringData, undefined);
      assert.equal(
        Buffer.from(data[contractKeys.clientSecret] ?? "", "base64").toString(),
        "result-of-backstage-secret",
      );
    });

    it("puts a hash of the Secret and of both ConfigMaps, and which client it is, into the pod template", async () => {
      const { annotations } = specOf(recording).template.metadata;
      assert.deepEqual(
        Object.keys(annotations)
          .filter((key) => !key.startsWith("prometheus.io/"))
          .sort(),
        [
          "checksum/configmap-backstage-app-config",
          "checksum/configmap-backstage-gate",
          "checksum/oidc-client",
          "checksum/secret-backstage-env-vars",
        ],
      );
      assert.equal(annotations["checksum/oidc-client"], "backstage-id");
      assert.equal(
        annotations["checksum/secret-backstage-env-vars"],
        dataHash(await valueOf(recording.result.contract.data)),
      );
    });

    it("keeps old pods until new ones are ready, within the configured time", () => {
      const { strategy, progressDeadlineSeconds } = specOf(recording);
      assert.deepEqual(strategy, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
      assert.equal(progressDeadlineSeconds, 200);
      assert.equal(recording.find(types.deployment, "backstage").createTimeout, "230s");
    });

    it("lets Prometheus find the last proof at the port that the probes ask", () => {
      const { metadata, spec } = specOf(recording).template;
      const port = spec.containers[0]?.ports.find(({ name }) => name === "health")?.containerPort;
      assert.equal(metadata.annotations["prometheus.io/port"], String(port));
      assert.equal(metadata.annotations["prometheus.io/scrape"], "true");
    });

    it("runs both gates with the Secret mounted, before Backstage, which gets its values from that Secret", () => {
      const { initContainers, containers } = specOf(recording).template.spec;
      assert.deepEqual(
        initContainers.map(({ name }) => name),
        ["wait-for-secrets", "verify-credentials"],
      );
      for (const gate of initContainers)
        assert.ok(
          gate.volumeMounts.some(({ name }) => name === "secrets"),
          gate.name,
        );
      const env = containers[0]?.env ?? [];
      for (const key of [...Object.values(contractKeys), ...Object.values(catalogKeys)]) {
        assert.deepEqual(env.find(({ name }) => name === key)?.valueFrom, {
          secretKeyRef: { name: "backstage-env-vars", key },
        });
      }
      assert.equal(env.find(({ name }) => name === "NODE_ENV")?.value, "production");
    });

    it("gives the client the settings that hold up", () => {
      const { inputs } = recording.find(types.client, "backstage");
      const expected: Record<string, unknown> = {
        accessType: "CONFIDENTIAL",
        standardFlowEnabled: true,
        implicitFlowEnabled: false,
        directAccessGrantsEnabled: false,
        serviceAccountsEnabled: false,
        oauth2DeviceAuthorizationGrantEnabled: false,
        pkceCodeChallengeMethod: "S256",
        fullScopeAllowed: false,
        frontchannelLogoutEnabled: false,
        excludeIssuerFromAuthResponse: false,
        webOrigins: [],
        validRedirectUris: ["https://dev.example.com/api/auth/oidc/handler/frame"],
      };
      for (const [flag, value] of Object.entries(expected)) assert.deepEqual(inputs[flag], value, flag);
      const { length, special } = recording.find(types.password, "backstage-secret").inputs;
      assert.deepEqual({ length, special }, { length: 48, special: false });
    });

    it("gives the catalog's client a service account that may view users, and no sign-in", () => {
      const { inputs } = recording.find(types.client, "backstage-catalog");
      const {
        standardFlowEnabled,
        directAccessGrantsEnabled,
        implicitFlowEnabled,
        serviceAccountsEnabled,
        validRedirectUris,
      } = inputs;
      assert.deepEqual(
        [standardFlowEnabled, directAccessGrantsEnabled, implicitFlowEnabled, serviceAccountsEnabled],
        [false, false, false, true],
      );
      assert.deepEqual(validRedirectUris, []);
      const roles = recording.resources
        .filter(({ type }) => type === types.serviceAccountRole)
        .map((role) => role.inputs.role);
      assert.deepEqual(roles, ["view-users"]);
    });

    it("puts group names without their path into every token and into userinfo", () => {
      const { fullPath, claimName, addToIdToken, addToAccessToken, addToUserinfo } = recording.find(
        types.groupMapper,
        "groups",
      ).inputs;
      assert.deepEqual(
        [claimName, fullPath, addToIdToken, addToAccessToken, addToUserinfo],
        ["groups", false, true, true, true],
      );
    });

    it("gives a user a temporary password, the groups and no other, and the roles beside the default one", () => {
      const { initialPassword } = recording.find("keycloak:index/user:User", "users-ada").inputs;
      assert.deepEqual(initialPassword, { value: "result-of-users-ada", temporary: true });
      assert.equal(recording.find("keycloak:index/userGroups:UserGroups", "users-ada").inputs.exhaustive, true);
      assert.equal(recording.find("keycloak:index/userRoles:UserRoles", "users-ada").inputs.exhaustive, false);
    });

    it("protects the realm when asked", () => assert.equal(recording.find(types.realm, "platform").protect, true));

    it("annotates each object with the wave of its link", () => {
      const waveOf = (type: string, name: string): string | undefined =>
        (recording.find(type, name).inputs.metadata as { annotations?: Record<string, string> }).annotations?.[
          "argocd.argoproj.io/sync-wave"
        ];
      assert.equal(waveOf(types.secret, "backstage-env-vars"), "15");
      assert.equal(waveOf(types.configMap, "backstage-app-config"), "20");
      assert.equal(waveOf(types.deployment, "backstage"), "25");
      assert.equal(waveOf(types.service, "backstage"), "25");
    });
  });
}

describe("a new generation", () => {
  it("makes a new secret of the client, in the other's place, and changes nothing else", async () => {
    const passwords = async (generation: number): Promise<Record<string, unknown>> => {
      const { resources } = await record(() => build(generation));
      return Object.fromEntries(
        resources.filter(({ type }) => type === types.password).map(({ name, inputs }) => [name, inputs.keepers]),
      );
    };
    const [first, second, third] = [await passwords(1), await passwords(2), await passwords(3)];
    const { "backstage-secret": one, ...others } = first;
    assert.deepEqual(one, { generation: "1" });
    assert.deepEqual(second, { ...others, "backstage-secret-even": { generation: "2" } });
    assert.deepEqual(third, { ...others, "backstage-secret": { generation: "3" } });
  });
});

describe("providers", () => {
  it("are the caller's: a component passes them to every child", async () => {
    const { resources } = await record(() => {
      const provider = new keycloak.Provider("given", { url: "https://id.example.com", clientId: "admin-cli" });
      return new Realm(
        "platform",
        { keycloakUrl: settings.keycloak.url, realmName: "platform" },
        { providers: [provider] },
      );
    });
    assert.match(
      resources.find(({ type }) => type === types.realm)?.provider ?? "",
      /pulumi:providers:keycloak::given/,
    );
  });
});
