import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { type DecidedSettings, decidedSettings, parseConfig } from "../../../config";
import { managedBy, realmAttributes } from "../../../lib/keycloak/adoption";
import { findLeftovers } from "../../../preflight/leftovers";
import { readState } from "../../../preflight/state";
import { pattern } from "../../pattern";

const base = {
  environment: "prod",
  keycloak: { url: "https://id.example.com" },
  realm: { name: "platform" },
  users: [{ username: "ada", email: "a@example.com", firstName: "A", lastName: "B" }],
  backstage: { url: "https://backstage.example.com", image: "registry.example.com/backstage:1" },
};
const settingsOf = (values: object): DecidedSettings => decidedSettings(parseConfig({ ...base, ...values }));

const REALM = { "urn::realm": { type: "keycloak:index/realm:Realm", outputs: { realm: "platform" } } };
const PASSWORD = {
  "urn::backstage-secret": { type: "random:index/randomPassword:RandomPassword", outputs: { result: "of-this-state" } },
};
const USER_PASSWORD = {
  "urn::users-ada": { type: "random:index/randomPassword:RandomPassword", outputs: { result: "initial" } },
};

const realm = { realm: "platform", attributes: realmAttributes(undefined) };
const client = (secret: string, attributes: object = managedBy) => ({
  id: "c1",
  clientId: "backstage",
  secret,
  attributes,
});

describe("preflight/leftovers", () => {
  const real = globalThis.fetch;
  let state: object;
  let answers: Record<string, unknown>;
  let sent: string[];
  const run = async (preview = false, values: object = {}): Promise<string[]> => {
    await pulumi.runtime.setMocks(
      {
        newResource: () => ({ id: "", state: {} }),
        call: ({ token }) => {
          assert.equal(token, "pulumi:pulumi:readStackResourceOutputs");
          return { outputs: state };
        },
      },
      "backstage-keycloak",
      "prod",
      preview,
      "organization",
    );
    return Object.keys(await findLeftovers(settingsOf(values), "token", await readState()));
  };
  beforeEach(() => {
    sent = [];
    globalThis.fetch = (input, init) => {
      const { url, method } = new Request(input, init);
      const path = url.replace("https://id.example.com/admin/realms/platform", "");
      sent.push(`${method} ${path}`);
      if (method === "PUT") return Promise.resolve(new Response(null, { status: 204 }));
      return Promise.resolve(path in answers ? Response.json(answers[path]) : new Response(null, { status: 404 }));
    };
  });
  afterEach(() => {
    globalThis.fetch = real;
  });

  // As an engine hands it to the first run of a stack.
  const begun = {
    "urn::default": { type: "pulumi:providers:pulumi", outputs: {} },
    "urn::stack": { type: "pulumi:pulumi:Stack", outputs: {} },
  };
  const adopting = { realm: { name: "platform", adopt: true } };

  it("does not wait for a realm before the first run", async () => {
    answers = {};
    for (state of [{}, begun]) {
      sent = [];
      assert.deepEqual(await run(), []);
      assert.deepEqual(sent, ["GET "]);
    }
  });

  it("takes nothing over in the first run, and refuses a realm that is there already", async () => {
    state = begun;
    answers = { "": { realm: "platform" } };
    await assert.rejects(
      run(),
      pattern(
        /^Error: Keycloak: realm platform is there already, and not of this stack; /,
        /set realm\.adopt to true to take it over, or choose another realm\.name\.$/,
      ),
    );
    assert.deepEqual(await run(false, adopting), []);
    answers = { "": realm, "/clients?clientId=backstage": [client("any")] };
    await assert.rejects(
      run(),
      pattern(
        /^Error: Keycloak: realm platform is there already, made by this program and not in this stack's state; /,
        /choose another realm\.name, or, where the state was lost, see docs\/migration\.md\.$/,
      ),
    );
    const backstage = { ...base.backstage, adoptClient: true };
    await assert.rejects(
      run(false, { ...adopting, backstage }),
      /client backstage of realm platform is there already, made by this program and not in this stack's state/,
    );
  });

  it("refuses each object in the way that the settings do not adopt, all at once", async () => {
    state = begun;
    const kargo = {
      clientId: "kargo",
      kind: "public",
      rootUrl: "https://k.example.com",
      redirectUris: ["https://k.example.com/cb"],
    };
    const grafana = {
      clientId: "grafana",
      kind: "saml",
      rootUrl: "https://g.example.com",
      redirectUris: ["https://g.example.com/acs"],
      saml: { assertionConsumerUrl: "https://g.example.com/acs" },
    };
    answers = {
      "": { realm: "platform" },
      ...Object.fromEntries(
        ["backstage", "kargo", "grafana"].map((clientId) => [
          `/clients?clientId=${clientId}`,
          [{ id: clientId, clientId }],
        ]),
      ),
      "/users?exact=true&username=ada": [{ id: "u1", username: "ada" }],
    };
    const sentences = [
      "client backstage of realm platform is there already, and not of this stack; set " +
        "backstage.adoptClient to true to take it over, or choose another backstage.clientId.",
      "client kargo of realm platform is there already, and not of this stack; set clients.0.adopt to true " +
        "to take it over, or choose another clients.0.clientId.",
      "client grafana of realm platform is there already, and not of this stack; delete it there, or choose another clients.1.clientId.",
    ];
    const clients = [kargo, grafana];
    await assert.rejects(run(false, { ...adopting, clients }), {
      message: sentences.map((sentence) => `Keycloak: ${sentence}`).join("\n"),
    });
    const backstage = { ...base.backstage, adoptClient: true };
    assert.deepEqual(await run(false, { ...adopting, backstage, clients: [{ ...kargo, adopt: true }] }), []);
    state = { ...REALM };
    await assert.rejects(
      run(),
      pattern(
        /user ada of realm platform is there already, and not of this stack; /,
        /set realm\.adopt to true to take it over, or choose another name in users\.$/,
      ),
    );
  });

  it("waits for a realm that Keycloak is still making for a killed run, but not in a preview", async () => {
    state = PASSWORD;
    answers = {};
    assert.deepEqual(await run(true), []);
    assert.deepEqual(sent, ["GET "]);
    setTimeout(() => (answers = { "": realm, "/clients": [] }), 500);
    assert.ok((await run()).includes("realm platform"));
  });

  const withoutMapper = {
    ...REALM,
    "urn::groups-scope": { type: "keycloak:openid/clientScope:ClientScope", outputs: { name: "groups" } },
    "urn::backstage": { type: "keycloak:openid/client:Client", outputs: { clientId: "backstage" } },
    "urn::users-ada": { type: "keycloak:index/user:User", outputs: { username: "ada" } },
  };
  const mapper = {
    "urn::groups": {
      type: "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper",
      outputs: { name: "groups" },
    },
  };

  it("asks Keycloak nothing where the state has all that the settings name", async () => {
    state = { ...withoutMapper, ...mapper };
    answers = { "": realm };
    assert.deepEqual(await run(), []);
    assert.deepEqual(sent, []);
  });

  it("takes over a mapper that the state lacks, of a scope that it has", async () => {
    state = withoutMapper;
    answers = {
      "": realm,
      "/client-scopes": [{ id: "s1", name: "groups", protocolMappers: [{ id: "m1", name: "groups" }] }],
    };
    assert.deepEqual(await run(), ["mapper groups of client scope groups"]);
  });

  it("takes a client over that bears the mark, and none that does not", async () => {
    state = { ...REALM, ...PASSWORD };
    answers = { "": { realm: "platform" }, "/clients?clientId=backstage": [client("of-this-state")] };
    assert.deepEqual(await run(), ["client backstage"]);
    answers = { "": { realm: "platform" }, "/clients?clientId=backstage": [client("of-this-state", {})] };
    await assert.rejects(run(), /client backstage of realm platform is there already/);
  });

  it("takes a realm over that it has made, unless another stack's client is in it", async () => {
    state = PASSWORD;
    answers = {
      "": realm,
      "/clients": [client("of-this-state")],
      "/clients?clientId=backstage": [client("of-this-state")],
    };
    assert.deepEqual(await run(), ["realm platform", "client backstage"]);
    answers = { ...answers, "/clients": [client("of-another-state")] };
    await assert.rejects(run(), /realm platform is there already, made by this program/);
    answers = { "": { realm: "platform" }, "/clients": [] };
    await assert.rejects(run(), /realm platform is there already, and not of this stack/);
  });

  it("gives a user the password that the killed run did not come to, and changes nothing in a preview", async () => {
    state = { ...REALM, ...USER_PASSWORD };
    const put = "PUT /users/u1/reset-password";
    answers = {
      "": realm,
      "/users?exact=true&username=ada": [{ id: "u1", username: "ada" }],
      "/users/u1/groups": [],
      "/users/u1/credentials": [],
    };
    assert.deepEqual(await run(), ["user ada"]);
    assert.ok(sent.includes(put), sent.join("\n"));
    sent = [];
    assert.deepEqual(await run(true), ["user ada"]);
    assert.ok(!sent.includes(put));
    answers = { ...answers, "/users/u1/credentials": [{ type: "password" }] };
    await run();
    assert.ok(!sent.includes(put));
  });
});
