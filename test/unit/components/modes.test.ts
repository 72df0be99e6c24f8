import * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";
import assert from "node:assert/strict";
import { program } from "../../../program/platform";
import { decidedSettings, parseConfig } from "../../../config";
import { modeFault } from "../../../preflight/modeChange";
import { record, type Recorded, type Recording } from "../../recorder";

type Mode = "direct" | "handover" | "hybrid";

const build =
  (mode: Mode, foreign: readonly string[] = [], more: object = {}) =>
  () => {
    const settings = parseConfig({
      environment: "prod",
      ...more,
      mode,
      gitops: { secretStore: {}, source: { createNamespace: true } },
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform" },
      clients: [
        {
          clientId: "argo",
          rootUrl: "https://argo.example.com",
          redirectUris: ["https://argo.example.com/cb"],
          secret: { namespace: "argo", name: "oidc", createNamespace: true },
        },
      ],
      backstage: { url: "https://dev.example.com", image: "registry.example.com/backstage:1" },
    });
    const providers = {
      keycloak: new keycloak.Provider("keycloak", { clientId: "admin-cli" }),
      kubernetes: new k8s.Provider("kubernetes"),
    };
    program({ ...decidedSettings(settings), foreignNamespaces: new Set(foreign) }, providers);
  };

const objects = ({ resources }: Recording<unknown>): Recorded[] =>
  resources.filter(({ type }) => type.startsWith("kubernetes:"));
const credentials = ({ resources }: Recording<unknown>): string[] =>
  resources
    .filter(({ type }) => /^(random|keycloak):/.test(type))
    .map(({ urn }) => urn.replace(/^urn:pulumi:/, ""))
    .sort();
const source = (recording: Recording<unknown>): Record<string, string> =>
  recording.find("kubernetes:core/v1:Secret", "keycloak-clients").inputs.data as Record<string, string>;

describe("the modes", () => {
  for (const preview of [false, true]) {
    it(`hybrid makes the source Secret and no other object (${preview ? "preview" : "update"})`, async () => {
      const recording = await record(build("hybrid"), preview);
      assert.deepEqual(
        objects(recording).map(({ type, name }) => `${type} ${name}`),
        ["kubernetes:core/v1:Namespace keycloak", "kubernetes:core/v1:Secret keycloak-clients"],
      );
    });
  }

  it("all hold the same credentials under the same names, so that a change of the mode changes none", async () => {
    const [direct, handover, hybrid] = [
      await record(build("direct")),
      await record(build("handover")),
      await record(build("hybrid")),
    ];
    assert.deepEqual(credentials(hybrid), credentials(direct));
    assert.deepEqual(credentials(handover), credentials(direct));
    assert.deepEqual(source(hybrid), source(handover));
  });

  it("the source Secret has an entry for each value of each application", async () => {
    const values = source(await record(build("hybrid")));
    const text = (key: string): string => Buffer.from(values[key] ?? "", "base64").toString();
    assert.equal(text("backstage_KEYCLOAK_CLIENT_SECRET"), "result-of-backstage-secret");
    assert.equal(text("backstage_AUTH_SESSION_SECRET"), "result-of-backstage-env-vars-session");
    assert.equal(text("argo_OIDC_CLIENT_SECRET"), "result-of-argo-secret");
    assert.equal(text("backstage-database_password"), "result-of-backstage-database");
    assert.deepEqual(JSON.parse(text("backstage_CREDENTIAL_GENERATIONS")), { client: 1, session: 1 });
    assert.equal(text("backstage-database_generation"), "1");
    assert.equal(Object.keys(values).length, 6 + 6 + 3);
  });

  it("the source Secret comes after all that makes its credentials worth anything", async () => {
    const recording = await record(build("hybrid"));
    const reached = recording.reach(recording.find("kubernetes:core/v1:Secret", "keycloak-clients").urn);
    for (const [type, name] of [
      ["keycloak:openid/clientDefaultScopes:ClientDefaultScopes", "backstage"],
      ["keycloak:openid/clientOptionalScopes:ClientOptionalScopes", "argo"],
      ["keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper", "groups"],
    ] as const) {
      assert.ok(reached.has(recording.find(type, name).urn), `${type} ${name}`);
    }
  });

  it("handover makes what direct makes, beside the source, and leaves it in the cluster when it is dropped", async () => {
    const [direct, handover] = [await record(build("direct")), await record(build("handover"))];
    const own = objects(handover).filter(({ parent }) => !/SourceSecret/.test(parent));
    assert.deepEqual(
      own.map(({ urn }) => urn),
      objects(direct).map(({ urn }) => urn),
    );
    assert.equal(objects(handover).length, own.length + 2);
    assert.ok(own.length > 10);
    // The engine hands the option down from a component to its children.
    const retained = ({ retainOnDelete, parent }: Recorded): boolean =>
      retainOnDelete || handover.resources.some((other) => other.urn === parent && retained(other));
    for (const one of own) {
      const { type, name, protect } = one;
      assert.ok(retained(one), `${type} ${name}`);
      assert.ok(!protect, `${type} ${name} is protected, which the engine asks before it looks at what is retained`);
    }
    assert.ok(objects(direct).every(({ retainOnDelete }) => !retainOnDelete));
  });

  it("protect the namespaces that the program makes outside dev, unless the settings say otherwise", async () => {
    const protects = async (more: object): Promise<unknown> =>
      [await record(build("direct", [], more)), await record(build("hybrid", [], more))]
        .flatMap(objects)
        .filter(({ type }) => type.endsWith(":Namespace"))
        .map(({ name, protect }) => [name, protect]);
    const names = ["backstage", "argo", "keycloak"];
    const all = (protect: boolean): unknown => names.map((name) => [name, protect]).sort();
    assert.deepEqual(((await protects({})) as string[][]).sort(), all(true));
    assert.deepEqual(((await protects({ namespaces: { protect: false } })) as string[][]).sort(), all(false));
    assert.deepEqual(((await protects({ environment: "dev" })) as string[][]).sort(), all(false));
  });

  it("use a namespace that was there before, and make all in it but no namespace", async () => {
    const recording = await record(build("handover", ["backstage", "argo", "keycloak"]));
    const all = objects(await record(build("handover")));
    assert.deepEqual(
      objects(recording)
        .map(({ urn }) => urn)
        .sort(),
      all
        .filter(({ type }) => !type.endsWith(":Namespace"))
        .map(({ urn }) => urn)
        .sort(),
    );
    for (const { inputs, name } of objects(recording)) {
      if (name === "kubernetes") continue;
      assert.ok(["backstage", "argo", "keycloak"].includes((inputs.metadata as { namespace: string }).namespace), name);
    }
  });

  it("direct to hybrid in one step is refused, every other step is not", () => {
    assert.match(
      modeFault("hybrid", "direct") ?? "",
      /^config: mode is hybrid, and from direct that would delete Backstage; set it to handover, run pulumi up/,
    );
    const modes = ["direct", "handover", "hybrid", undefined] as const;
    for (const wanted of ["direct", "handover", "hybrid"] as const) {
      for (const last of modes)
        if (wanted !== "hybrid" || last !== "direct") assert.equal(modeFault(wanted, last), undefined);
    }
  });
});
