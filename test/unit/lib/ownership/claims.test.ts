import * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";
import assert from "node:assert/strict";
import { parse } from "yaml";
import { program } from "../../../../program/platform";
import { ConfigError, decidedSettings, parseConfig } from "../../../../config";
import { keyOf, mapperKey } from "../../../../lib/keycloak/adoption";
import { clusterClaims, gitClaims, keycloakClaims, placeOf } from "../../../../lib/ownership/claims";
import type { Manifest } from "../../../../lib/gitops/objects";
import { renderedFiles } from "../../../../render/files";
import { record, type Recorded } from "../../../recorder";
import { pattern } from "../../../pattern";

type Values = Record<string, unknown>;

const app = (clientId: string, more: Values = {}): Values => ({
  clientId,
  rootUrl: `https://${clientId}.example.com`,
  redirectUris: [`https://${clientId}.example.com/callback`],
  secret: { namespace: "apps", name: `${clientId}-oidc`, createNamespace: true },
  ...more,
});
const backstage = { url: "https://b.example.com", image: "registry.example.com/b:1" };
const source = {
  secretStore: {},
  source: { createNamespace: true },
  pushSecret: { store: "aws" },
  argocd: { repoUrl: "https://git.example.com/p.git" },
};

/** All that there is to make, as far as it goes together; each of the lists below adds what does not. */
const full = (more: Values = {}): Values => ({
  environment: "prod",
  keycloak: { url: "https://id.example.com" },
  realm: { name: "platform" },
  roles: [{ name: "viewer" }],
  groups: [{ name: "team-a", roles: ["viewer"] }],
  users: [
    { username: "ada", email: "ada@example.com", firstName: "A", lastName: "L", groups: ["team-a"], roles: ["viewer"] },
  ],
  catalogSync: { enabled: true },
  clients: [
    app("argo", { mappers: [{ name: "audience", audience: "argo" }] }),
    app("mlflow"),
    app("kargo", { kind: "public", secret: undefined }),
    app("grafana", { kind: "saml", secret: undefined, saml: { assertionConsumerUrl: "https://g.example.com/acs" } }),
  ],
  rotation: { generation: 2, strategy: "overlap", at: "2026-11-25T10:00:00Z" },
  ...more,
  backstage: {
    ...backstage,
    replicas: 2,
    autoscaling: { maxReplicas: 3 },
    exposure: { kind: "ingress" },
    serviceAccount: { automountToken: true, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] },
    ...(more.backstage as Values | undefined),
  },
});

/** Resources that name no object of their own, but say something of another. */
const BINDINGS = pattern(
  /^(random|pulumi):/,
  /|^keycloak:index\/(realmEvents|groupRoles|userGroups|userRoles):/,
  /|^keycloak:openid\/(clientDefaultScopes|clientOptionalScopes|clientServiceAccountRole):/,
);

/** The types of a resource's parents, from the outermost, and its own; mocks give a URN the last of them only. */
function path({ parent, type }: Recorded, all: readonly Recorded[]): string {
  const above = all.find(({ urn }) => urn === parent);
  return above === undefined || above.type === "pulumi:pulumi:Stack" ? type : `${path(above, all)}$${type}`;
}

/** What a resource is called in Keycloak or in the cluster. */
function place({ type, name, inputs }: Recorded): string {
  const { metadata } = inputs as { metadata?: { namespace?: string; name: string } };
  if (metadata !== undefined)
    return placeOf({ kind: type.split(":").at(-1) ?? "", namespace: metadata.namespace ?? "", name: metadata.name });
  const of: Readonly<Record<string, string>> = {
    "keycloak:index/realm:Realm": keyOf("realm", String(inputs.realm)),
    "keycloak:index/role:Role": keyOf("role", String(inputs.name)),
    "keycloak:index/group:Group": keyOf("group", String(inputs.name)),
    "keycloak:index/user:User": keyOf("user", String(inputs.username)),
    "keycloak:openid/client:Client": keyOf("client", String(inputs.clientId)),
    "keycloak:saml/client:Client": keyOf("client", String(inputs.clientId)),
    "keycloak:openid/clientScope:ClientScope": keyOf("client scope", String(inputs.name)),
    "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper":
      "mapper " + mapperKey("client scope groups", String(inputs.name)),
    "keycloak:openid/audienceProtocolMapper:AudienceProtocolMapper": `mapper ${name}`,
    "keycloak:index/realmClientPolicyProfile:RealmClientPolicyProfile": `client profile ${String(inputs.name)}`,
    "keycloak:index/realmClientPolicyProfilePolicy:RealmClientPolicyProfilePolicy": `client policy ${String(inputs.name)}`,
  };
  return of[type] ?? `${type} is not in the list of lib/ownership/claims.ts`;
}

const configurations: Readonly<Record<string, Values>> = {
  "all that there is": full(),
  "an HTTPRoute, a database of somebody else's, blue and green": full({
    rotation: { generation: 2, strategy: "blue-green", step: "prepare" },
    backstage: {
      exposure: { kind: "gateway", gateway: "public" },
      networkPolicy: { enabled: false },
      database: { kind: "external", host: "db.example.com", credentials: { secret: "db" } },
    },
  }),
  "as little as there can be": {
    environment: "dev",
    keycloak: { url: "https://id.example.com" },
    realm: { name: "p" },
    backstage,
  },
  handover: full({ mode: "handover", gitops: source }),
  hybrid: full({ mode: "hybrid", gitops: source }),
};

describe("the list of every object", () => {
  for (const [what, values] of Object.entries(configurations)) {
    const settings = decidedSettings(parseConfig(values));

    it(`has what the components register, each where Pulumi keeps it: ${what}`, async () => {
      const { resources } = await record(() => {
        const providers = {
          keycloak: new keycloak.Provider("keycloak", { clientId: "admin-cli" }),
          kubernetes: new k8s.Provider("kubernetes"),
        };
        program(settings, providers);
      });
      const made = resources.filter(({ custom, type }) => custom && !BINDINGS.test(type));
      assert.deepEqual(
        [...clusterClaims(settings), ...keycloakClaims(settings)]
          .map((claim) => `${placeOf(claim)} at ${claim.urn}`)
          .sort(),
        made.map((one) => `${place(one)} at ${path(one, resources)}::${one.name}`).sort(),
      );
    });

    if (settings.mode === "direct") continue;
    it(`has what is rendered: ${what}`, async () => {
      const files = [...(await renderedFiles(settings, "prod"))].filter(([file]) =>
        /^(keycloak|clients|backstage)\/(?!kustomization)/.test(file),
      );
      const rendered = files
        .map(([, text]) => parse(text) as Manifest)
        .map(({ kind, metadata }) => placeOf({ kind, namespace: metadata.namespace ?? "", name: metadata.name }));
      assert.deepEqual(gitClaims(settings).map(placeOf).sort(), rendered.sort());
    });
  }
});

describe("two owners of one object", () => {
  const refused = (values: Values): string => {
    try {
      parseConfig(values);
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.message.replaceAll("config: ", "");
    }
    return "";
  };
  const inSecret = (namespace: string, name: string, clientId = "x"): Values =>
    app(clientId, { secret: { namespace, name } });
  const hybrid = (gitops: Values, more: Values = {}): Values =>
    full({ mode: "hybrid", gitops: { secretStore: {}, ...gitops }, ...more });
  const withBackstage = (more: Values): Values => full({ backstage: more });
  const itself = "which this program makes itself";
  const cases: [string, Values, string][] = [
    [
      "a client's Secret that is the database's",
      full({ clients: [inSecret("backstage", "backstage-database")] }),
      `clients.0.secret is backstage/backstage-database, ${itself}; choose another.`,
    ],
    [
      "a client's Secret that is Backstage's",
      full({ clients: [inSecret("backstage", "backstage-env-vars")] }),
      "clients.0.secret is backstage/backstage-env-vars, which another client has; choose another.",
    ],
    [
      "the Secret of two clients",
      full({ clients: [inSecret("a", "b"), inSecret("a", "b", "y")] }),
      "clients.1.secret is a/b, which another client has; choose another.",
    ],
    [
      "a source Secret that is Backstage's",
      hybrid({ source: { namespace: "backstage", name: "backstage-env-vars" } }),
      "gitops.source is backstage/backstage-env-vars, which another client has; choose another.",
    ],
    [
      "a source Secret that is a client's",
      hybrid({ source: { namespace: "apps", name: "argo-oidc" } }),
      "gitops.source is apps/argo-oidc, which another client has; choose another.",
    ],
    [
      "a client's ExternalSecret that is Backstage's",
      hybrid({}, { clients: [inSecret("backstage", "backstage-oidc")] }),
      `clients.0.secret is backstage/backstage-oidc, ${itself}; choose another.`,
    ],
    [
      "a namespace that the source makes once more",
      hybrid({ source: { namespace: "backstage", createNamespace: true } }),
      "gitops.source.createNamespace would make Namespace backstage, which backstage.namespace makes; set " +
        "it to false, and create the namespace before the first run.",
    ],
    [
      "a namespace that the source and a client make",
      hybrid({ source: { namespace: "apps", createNamespace: true } }),
      "gitops.source.createNamespace would make Namespace apps, which clients.0.secret makes; set it to " +
        "false, and create the namespace before the first run.",
    ],
    [
      "a store to push to that is the rendered one",
      hybrid({
        source: { namespace: "backstage" },
        pushSecret: { store: "keycloak-clients", storeKind: "SecretStore" },
      }),
      `gitops.pushSecret.store names SecretStore backstage/keycloak-clients, ${itself}; name one of your own.`,
    ],
    [
      "the catalog's client that is Backstage's",
      full({ catalogSync: { enabled: true, clientId: "backstage" } }),
      `catalogSync.clientId is backstage, ${itself}; choose another.`,
    ],
    [
      "the catalog's client that takes over",
      full({ rotation: { strategy: "blue-green" }, catalogSync: { enabled: true, clientId: "backstage-green" } }),
      `catalogSync.clientId is backstage-green, ${itself}; choose another.`,
    ],
    [
      "Backstage's client that is Keycloak's own",
      withBackstage({ clientId: "account" }),
      "backstage.clientId is account, a client of Keycloak's own; choose another.",
    ],
    [
      "the catalog's client that is Keycloak's own",
      full({ catalogSync: { enabled: true, clientId: "realm-management" } }),
      "catalogSync.clientId is realm-management, a client of Keycloak's own; choose another.",
    ],
    [
      "mappers that come to one name",
      full({
        clients: [
          app("a", { mappers: [{ name: "b-c", audience: "x" }] }),
          app("a-b", { mappers: [{ name: "c", audience: "x" }] }),
        ],
      }),
      "clients.1.mappers.0.name makes, with its client's id, the resource a-b-c, as another client's mapper does; choose another name.",
    ],
    [
      "a variable from Backstage's Secret",
      withBackstage({ extraEnv: [{ name: "A", secret: "backstage-env-vars" }] }),
      `backstage.extraEnv.0.secret names Secret backstage/backstage-env-vars, ${itself}; name one of your own.`,
    ],
    [
      "a variable from a client's Secret",
      full({ clients: [inSecret("backstage", "x-oidc")], backstage: { extraEnv: [{ name: "A", secret: "x-oidc" }] } }),
      `backstage.extraEnv.0.secret names Secret backstage/x-oidc, ${itself}; name one of your own.`,
    ],
    [
      "a variable from a ConfigMap of the program's",
      withBackstage({ extraEnv: [{ name: "A", configMap: "backstage-gate" }] }),
      `backstage.extraEnv.0.configMap names ConfigMap backstage/backstage-gate, ${itself}; name one of your own.`,
    ],
    [
      "a volume that is the database's",
      withBackstage({ extraVolumes: [{ name: "v", mountPath: "/v", claim: "backstage-database" }] }),
      `backstage.extraVolumes.0.claim names PersistentVolumeClaim backstage/backstage-database, ${itself}; name one of your own.`,
    ],
    [
      "a CA bundle from Backstage's Secret",
      withBackstage({ caBundle: { secret: "backstage-env-vars" } }),
      `backstage.caBundle.secret names Secret backstage/backstage-env-vars, ${itself}; name one of your own.`,
    ],
    [
      "a database's credential from Backstage's Secret",
      withBackstage({
        database: { kind: "external", host: "db.example.com", credentials: { secret: "backstage-env-vars" } },
      }),
      `backstage.database.credentials.secret names Secret backstage/backstage-env-vars, ${itself}; name one of your own.`,
    ],
    [
      "a pull secret of the program's",
      withBackstage({ imagePullSecrets: ["backstage-database"] }),
      `backstage.imagePullSecrets.0 names Secret backstage/backstage-database, ${itself}; name one of your own.`,
    ],
    [
      "a certificate in Backstage's Secret",
      withBackstage({ exposure: { kind: "ingress", tlsSecret: "backstage-env-vars" } }),
      `backstage.exposure.tlsSecret names Secret backstage/backstage-env-vars, ${itself}; name one of your own.`,
    ],
  ];
  for (const [what, values, sentence] of cases)
    it(`is one sentence: ${what}`, () => assert.equal(refused(values), sentence));

  it("are not two references to one object, nor the same name of another kind or elsewhere", () => {
    const extraEnv = [
      { name: "A", secret: "shared" },
      { name: "B", secret: "shared" },
      { name: "C", configMap: "backstage-database" },
      { name: "D", secret: "backstage-gate" },
    ];
    assert.equal(
      refused(
        full({
          clients: [inSecret("other", "backstage-env-vars"), inSecret("apps", "backstage-database", "y")],
          backstage: { extraEnv },
        }),
      ),
      "",
    );
    assert.equal(
      refused(
        hybrid({
          source: { namespace: "backstage" },
          clusterSecretStore: { name: "keycloak-clients" },
          secretStore: undefined,
        }),
      ),
      "",
    );
  });
});
