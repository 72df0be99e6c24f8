import assert from "node:assert/strict";
import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { decidedSettings, parseConfig } from "../../../config";
import { program } from "../../../program/platform";
import { providers } from "../../../program/providers";
import { renderedFiles } from "../../../render/files";
import { leafSettings, type Leaf, type Values } from "../../generated";
import { record } from "../../recorder";

/** What the program makes of every setting: another value is another resource, or the setting has a reason not to be. */

type Settings = ReturnType<typeof parseConfig>;

const reasons = {
  preflight: "it decides what is looked up, or refused, before a run",
  rendered: "it is for what Argo CD applies",
} as const;
const readBeforeTheRun = [
  ...["keycloak.waitSeconds", "realm.adopt", "backstage.adoptClient", "clients.*.adopt"],
  ...["backstage.customResolvers", "rotation.at", "rotation.maxGracePeriod"],
];
const rendered = [
  ...["gitops.secretStore.name", "gitops.secretStore.server", "gitops.clusterSecretStore.name"],
  ...["gitops.clusterSecretStore.key", "gitops.refreshInterval", "gitops.reloader", "gitops.hook"],
  ...["gitops.hookDeletePolicy", "gitops.pushSecret.store", "gitops.pushSecret.storeKind", "gitops.pushSecret.key"],
  ...["repoUrl", "revision", "namespace", "server", "prune", "selfHeal", "retries", "applicationSet"].map(
    (key) => `gitops.argocd.${key}`,
  ),
];
/** The settings that must not show in the resources, each with its reason. */
const silent: Readonly<Record<string, string>> = {
  ...Object.fromEntries(readBeforeTheRun.map((path) => [path, reasons.preflight])),
  ...Object.fromEntries(rendered.map((path) => [path, reasons.rendered])),
  "gitops.folder": "it is where the rendered files are written",
};

/** What has no other value, or none by itself: the other kind of a client has other settings too. */
const lonely = ["clients.*.mappers.*.type", "clients.*.kind"];

/** Values that only rules over several keys, or a look at their text, would find. */
const told: Readonly<Record<string, unknown[]>> = {
  "keycloak.url": ["https://other.example.com"],
  "keycloak.admin.method": ["client-secret"],
  "realm.login.passwordPolicy": ["length(14)"],
  "users.*.groups": [["spare"]],
  "users.*.roles": [["spare"]],
  "groups.*.roles": [["spare"]],
  "clients.*.redirectUris": [["https://other.example.com/cb"]],
  "clients.*.webOrigins": [["https://other.example.com"]],
  "backstage.url": ["https://other.example.com"],
  "backstage.command": [["node", "other"]],
  "backstage.resolvers": [[{ resolver: "emailLocalPartMatchingUserEntityName" }]],
  "backstage.additionalScopes": [["offline_access"]],
  "backstage.appConfig": [{ organization: { name: "Other" } }],
  kubeconfig: ["/dev/null"],
};

const secret = { namespace: "apps", name: "grafana-oidc" };
const saml = { assertionConsumerUrl: "https://wiki.example.com/acs" };
const people = {
  roles: [{ name: "viewer" }, { name: "spare" }],
  groups: [{ name: "team-a", roles: ["viewer"] }, { name: "spare" }],
  users: [
    {
      username: "ada",
      email: "ada@example.com",
      firstName: "Ada",
      lastName: "Lovelace",
      groups: ["team-a"],
      roles: ["viewer"],
    },
  ],
};
const client = (clientId: string, more: object): object => ({
  clientId,
  rootUrl: `https://${clientId}.example.com`,
  redirectUris: [`https://${clientId}.example.com/cb`],
  ...more,
});
const ground = (over: Values & { backstage?: object }): Values => ({
  environment: "prod",
  keycloak: { url: "https://id.example.com" },
  realm: { name: "platform" },
  ...over,
  backstage: { url: "https://dev.example.com", image: "registry.example.com/backstage:1", ...over.backstage },
});

const memory = { database: { kind: "memory" } };
const small = (over: Values & { backstage?: object }): Values =>
  ground({ ...over, backstage: { ...memory, ...over.backstage } });
/** Configurations that have between them every part that need not be there, each small: the first that takes a value serves. */
const grounds: readonly Values[] = [
  small({}),
  small({
    ...people,
    catalogSync: { enabled: true },
    rotation: { strategy: "overlap", generation: 2, gracePeriod: "2h" },
  }),
  small({
    clients: [
      client("grafana", { secret, mappers: [{ name: "m", audience: "grafana" }], lifetimes: { sessionIdle: "10m" } }),
      client("wiki", { kind: "saml", saml }),
    ],
  }),
  ground({
    backstage: {
      database: { kind: "postgres" },
      exposure: { kind: "ingress" },
      autoscaling: { maxReplicas: 5 },
      networkPolicy: { egress: [{ cidr: "10.0.0.0/8", port: 22 }] },
      tolerations: [{ key: "dedicated", value: "a" }, { key: "spot" }],
      topologySpread: [{ topologyKey: "zone" }],
      hostAliases: [{ ip: "10.0.0.1", hostnames: ["id.example.com"] }],
    },
  }),
  small({
    keycloak: { url: "https://id.example.com", admin: { method: "signed-jwt", clientId: "pulumi" } },
    rotation: { strategy: "blue-green", generation: 2, step: "prepare" },
    backstage: {
      exposure: { kind: "gateway", gateway: "public" },
      caBundle: { secret: "ca" },
      serviceAccount: { automountToken: true, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] },
      extraEnv: [
        { name: "A", value: "1" },
        { name: "B", secret: "b" },
        { name: "C", configMap: "c" },
      ],
      extraVolumes: [
        { name: "a", mountPath: "/a", claim: "a" },
        { name: "b", mountPath: "/b", secret: "b" },
        { name: "c", mountPath: "/c", configMap: "c" },
        { name: "d", mountPath: "/d", emptyDir: "1Gi" },
      ],
    },
  }),
  ground({
    environment: "dev",
    backstage: {
      replicas: 2,
      caBundle: { configMap: "ca" },
      database: {
        kind: "external",
        host: "db.example.com",
        tls: { ca: { configMap: "db-ca" } },
        credentials: { secret: "db" },
      },
    },
  }),
  ...[{ secretStore: {} }, { clusterSecretStore: { name: "aws" } }].map((store) =>
    small({
      mode: "handover",
      gitops: {
        ...store,
        pushSecret: { store: "aws" },
        argocd: { repoUrl: "https://git.example.com/a.git" },
      },
    }),
  ),
];

/** What the engine would be asked for. */
async function resources(settings: Settings): Promise<string> {
  const { resources: all } = await record(() =>
    program(decidedSettings(settings), providers({ ...settings, adminSecret: pulumi.output("secret") })),
  );
  const made = all
    .filter(({ custom }) => custom)
    .map(({ type, name, inputs, protect, createTimeout, ignoreChanges, replacementTrigger }) =>
      JSON.stringify([type, name, inputs, protect, createTimeout, ignoreChanges, replacementTrigger]),
    );
  return made.sort().join("\n");
}

const files = async (settings: Settings): Promise<string> =>
  settings.mode === "direct" ? "" : JSON.stringify([...(await renderedFiles(decidedSettings(settings), "prod"))]);

type Way = Pick<Leaf, "path" | "kinds">;

/** The value with another one at the path, once for each place of a list that the path may mean. */
function withValue(at: unknown, way: Way, value: unknown, depth = 0): unknown[] {
  const key = way.path[depth];
  if (key === undefined) return [value];
  if (typeof at !== "object" || at === null) return [];
  if (way.kinds.has(depth) && (at as Values).kind !== way.kinds.get(depth)) return [];
  if (key === "*")
    return (Array.isArray(at) ? (at as unknown[]) : []).flatMap((one, index, all) =>
      withValue(one, way, value, depth + 1).map((inner) => all.with(index, inner)),
    );
  const below = (at as Values)[key] ?? (depth === way.path.length - 1 ? undefined : {});
  return withValue(below, way, value, depth + 1).map((inner) => ({ ...at, [key]: inner }));
}

function parsed(values: unknown): Settings | undefined {
  try {
    return parseConfig(values as Values);
  } catch {
    return undefined;
  }
}

/** The settings with other values of a leaf on a ground, and none of them its default: two values, or one at each place. */
function others(leaf: Leaf, on: Values): Settings[] {
  const before = parseConfig(on);
  const found: Settings[] = [];
  if (withValue(on, leaf, null).length === 0) return found;
  for (const value of [...(told[leaf.path.join(".")] ?? []), ...fc.sample(leaf.values, { numRuns: 30, seed: 1 })]) {
    if (isDeepStrictEqual(value, leaf.byDefault)) continue;
    const taken = withValue(on, leaf, value).map(parsed);
    found.push(...taken.filter((one): one is Settings => one !== undefined && !isDeepStrictEqual(one, before)));
    if (found.length > 1) break;
  }
  return found;
}

describe("every setting", function () {
  this.timeout("4m");
  const bases: { resources: string; files: string }[] = [];
  before(async () => {
    for (const on of grounds) {
      const settings = parseConfig(on);
      bases.push({ resources: await resources(settings), files: await files(settings) });
    }
  });

  /** Whether another value of the setting makes other resources, or other files; undefined where there is none. */
  async function shows(leaf: Leaf, where: "resources" | "files"): Promise<boolean | undefined> {
    let tried: false | undefined;
    for (const [index, on] of grounds.entries())
      for (const settings of others(leaf, on)) {
        tried = false;
        const now = where === "files" ? await files(settings) : await resources(settings);
        if (now !== bases[index]?.[where]) return true;
      }
    return tried;
  }

  const named = leafSettings().map((leaf) => ({ leaf, name: leaf.path.join(".") }));
  const sectionOf = (name: string): string => /^backstage\.\w+|^\w+/.exec(name)?.[0] ?? "";
  for (const section of new Set(named.map(({ name }) => sectionOf(name))))
    it(`shows in the resources, or has a reason not to: ${section}`, async () => {
      const faults: string[] = [];
      for (const { leaf, name } of named.filter((one) => sectionOf(one.name) === section)) {
        const kind = [...leaf.kinds.values()].join(" ");
        const reason = silent[name];
        const seen = await shows(leaf, "resources");
        if (seen === undefined && !lonely.includes(name)) faults.push(`${name} ${kind}: no ground takes another value`);
        else if (seen !== undefined && seen === (reason !== undefined))
          faults.push(`${name} ${kind}: ${seen ? "shows" : "does not show"}`);
        if (reason === reasons.rendered && (await shows(leaf, "files")) !== true)
          faults.push(`${name}: is not rendered`);
      }
      assert.deepEqual(faults, []);
    });

  it("is one that there is, where it has a reason", () => {
    const names = named.map(({ name }) => name);
    for (const list of [Object.keys(silent), Object.keys(told), lonely])
      assert.deepEqual(
        list.filter((name) => !names.includes(name)),
        [],
      );
  });

  it("chooses a kind that shows", async () => {
    const [, , clients = {}, on = {}] = grounds;
    const backstage = (over: object): Values => ({ ...on, backstage: { ...(on.backstage as object), ...over } });
    const other: readonly Values[] = [
      { ...clients, clients: [client("grafana", { kind: "public" })] },
      { ...clients, clients: [client("grafana", { kind: "saml", saml })] },
      backstage({ exposure: { kind: "service" } }),
      backstage({ exposure: { kind: "gateway", gateway: "a" } }),
      backstage({ database: { kind: "external", host: "h", credentials: { secret: "s" } } }),
      backstage({ database: { kind: "memory" }, autoscaling: undefined }),
    ];
    const made = new Set([bases[2]?.resources, bases[3]?.resources]);
    for (const values of other) made.add(await resources(parseConfig(values)));
    assert.equal(made.size, other.length + 2);
  });
});
