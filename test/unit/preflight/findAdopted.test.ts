import assert from "node:assert/strict";
import { type DecidedSettings, decidedSettings, parseConfig } from "../../../config";
import { adoptionChanges, realmAttributes } from "../../../lib/keycloak/adoption";
import { findAdopted } from "../../../preflight/findAdopted";
import { pattern } from "../../pattern";

const base = {
  environment: "prod",
  keycloak: { url: "https://id.example.com/auth" },
  realm: { name: "platform", adopt: true },
  backstage: { url: "https://backstage.example.com", image: "registry.example.com/backstage:1" },
};
const user = { email: "a@example.com", firstName: "A", lastName: "B", groups: ["admin"], initialPassword: false };
const people = {
  roles: [{ name: "grafana-admin" }],
  groups: [{ name: "admin" }, { name: "new" }],
  users: [{ username: "user1", ...user }],
};

const settingsOf = (values: object): DecidedSettings => decidedSettings(parseConfig({ ...base, ...values }));

/** What the Admin API of the realm answers, by path; anything else is a 404. */
const hand: Record<string, unknown> = {
  "": { realm: "platform", attributes: { other: "kept" } },
  "/client-scopes": [
    { id: "s0", name: "email" },
    {
      id: "s1",
      name: "groups",
      protocolMappers: [
        { id: "m0", name: "other" },
        { id: "m1", name: "groups" },
      ],
    },
  ],
  "/roles/grafana-admin": { id: "r1", name: "grafana-admin" },
  "/groups?exact=true&search=admin": [
    { id: "g0", name: "parent", subGroups: [{ id: "g9", name: "admin" }] },
    { id: "g1", name: "admin" },
  ],
  "/groups/g1/role-mappings/realm": [{ id: "r1", name: "grafana-admin" }],
  "/users?exact=true&username=user1": [{ id: "u1", username: "user1", enabled: false }],
  "/users/u1/groups": [{ id: "g1", name: "admin" }],
  "/clients?clientId=backstage": [{ id: "c1", clientId: "backstage" }],
  "/clients?clientId=kargo": [{ id: "c2", clientId: "kargo", protocolMappers: [{ id: "m2", name: "audience" }] }],
};

describe("preflight/findAdopted", () => {
  const real = globalThis.fetch;
  let answers: Record<string, unknown>;
  let asked: string[];
  beforeEach(() => {
    answers = { ...hand };
    asked = [];
    globalThis.fetch = (input, init) => {
      const path = new Request(input).url.replace("https://id.example.com/auth/admin/realms/platform", "");
      assert.equal((init?.headers as Record<string, string>).authorization, "Bearer token");
      asked.push(path);
      if (answers[path] === 403) return Promise.resolve(new Response(null, { status: 403 }));
      return Promise.resolve(path in answers ? Response.json(answers[path]) : new Response(null, { status: 404 }));
    };
  });
  afterEach(() => {
    globalThis.fetch = real;
  });
  type Known = Parameters<typeof findAdopted>[2];
  const nothing: Known = { keys: new Set(), ids: new Map(), mappers: new Set() };
  const find = async (values: object = people, known = nothing): Promise<Awaited<ReturnType<typeof findAdopted>>> =>
    findAdopted(settingsOf(values), "token", known);
  const idsOf = async (values?: object): Promise<Record<string, string>> =>
    Object.fromEntries(Object.entries(await find(values)).map(([key, { importId }]) => [key, importId]));

  it("asks nothing where nothing is to be adopted", async () => {
    assert.deepEqual(await find({ ...people, realm: { name: "platform" } }), {});
    assert.deepEqual(asked, []);
  });

  it("finds what the settings name, by the import ids that the provider documents, and notes what is missing as its own", async () => {
    assert.deepEqual(await idsOf(), {
      "realm platform": "platform",
      "client scope groups": "platform/s1",
      "mapper groups of client scope groups": "platform/client-scope/s1/m1",
      "role grafana-admin": "platform/r1",
      "group admin": "platform/g1",
      "user user1": "platform/u1",
    });
    assert.deepEqual(realmAttributes((await find())["realm platform"]), { "made-by-backstage-keycloak": "group new" });
  });

  it("reads the groups of a user and the roles of a group, which become those of the settings", async () => {
    const adopted = await find();
    assert.deepEqual(adoptionChanges(adopted["user user1"]?.found ?? {}, { groups: ["new"], enabled: true }), [
      "enabled is false and becomes true",
      'groups is ["admin"] and becomes ["new"]',
    ]);
    assert.deepEqual(adoptionChanges(adopted["group admin"]?.found ?? {}, { roles: [] }), [
      'roles is ["grafana-admin"] and becomes []',
    ]);
  });

  it("finds a group by its path, and tells the groups of a user by theirs", async () => {
    answers["/group-by-path/admin/team%20a"] = { id: "g2", name: "team a", path: "/admin/team a" };
    answers["/users/u1/groups"] = [{ id: "g2", name: "team a", path: "/admin/team a" }];
    const groups = [{ name: "admin" }, { name: "/admin/team a" }, { name: "/admin/new" }];
    const adopted = await find({
      ...people,
      groups,
      users: [{ username: "user1", ...user, groups: ["admin/team a"] }],
    });
    assert.equal(adopted["group admin/team a"]?.importId, "platform/g2");
    assert.deepEqual(realmAttributes(adopted["realm platform"]), { "made-by-backstage-keycloak": "group admin/new" });
    assert.deepEqual(adoptionChanges(adopted["user user1"]?.found ?? {}, { groups: ["admin/team a"] }), []);
  });

  it("leaves alone what the program has made, which an import would replace and delete in the end", async () => {
    const marked = (made: string): void => {
      answers[""] = { realm: "platform", attributes: { "made-by-backstage-keycloak": made } };
    };
    marked("user user1,group admin");
    assert.ok(!("user user1" in (await find())) && !("group admin" in (await find())));
    assert.equal((await idsOf())["role grafana-admin"], "platform/r1");
    assert.equal((await find())["realm platform"]?.made, "group admin,group new,user user1");
    marked(realmAttributes(undefined)["made-by-backstage-keycloak"] ?? "");
    assert.deepEqual(await idsOf(), { "realm platform": "platform" });
  });

  it("leaves alone what the state has, whatever mark it has lost, and adopts what was made anew by hand under its name", async () => {
    const kargo = {
      clientId: "kargo",
      kind: "public",
      adopt: true,
      rootUrl: "https://k.example.com",
      redirectUris: ["https://k.example.com/cb"],
      mappers: [{ name: "audience", audience: "kargo" }],
    };
    const values = { ...people, backstage: { ...base.backstage, adoptClient: true }, clients: [kargo] };
    const all = Object.keys(await idsOf(values));
    const keys = new Set(all.filter((key) => !key.startsWith("mapper")));
    const mappers = new Set(["groups", "kargo-audience"]);
    assert.ok(
      all.includes("client backstage") && all.includes("user user1") && all.includes("mapper audience of client kargo"),
    );
    assert.deepEqual(Object.keys(await find(values, { keys, mappers, ids: new Map() })), ["realm platform"]);
    assert.deepEqual(
      Object.keys(
        await find(values, {
          keys,
          mappers,
          ids: new Map([
            ["client backstage", "c1"],
            ["user user1", "u1"],
          ]),
        }),
      ),
      ["realm platform"],
    );
    const others = new Map([
      ["client backstage", "c0"],
      ["client scope groups", "s7"],
    ]);
    assert.deepEqual(Object.keys(await find(values, { keys, mappers, ids: others })).sort(), [
      "client backstage",
      "client scope groups",
      "mapper groups of client scope groups",
      "realm platform",
    ]);
  });

  it("refuses a client that speaks another protocol, which no import could take", async () => {
    answers["/clients?clientId=backstage"] = [{ id: "c1", clientId: "backstage", protocol: "saml" }];
    const backstage = { ...base.backstage, adoptClient: true };
    await assert.rejects(find({ realm: { name: "platform" }, backstage }), {
      message:
        "Keycloak: client backstage of realm platform speaks SAML, and backstage is one of OpenID Connect; " +
        "delete it there, or remove backstage.adoptClient and choose another backstage.clientId.",
    });
  });

  it("finds clients and their mappers, but none that bears the program's mark", async () => {
    const kargo = {
      clientId: "kargo",
      kind: "public",
      adopt: true,
      rootUrl: "https://k.example.com",
      redirectUris: ["https://k.example.com/cb"],
      mappers: [{ name: "audience", audience: "kargo" }],
    };
    const values = {
      realm: { name: "platform" },
      backstage: { ...base.backstage, adoptClient: true },
      clients: [kargo],
    };
    assert.deepEqual(await idsOf(values), {
      "client backstage": "platform/c1",
      "client kargo": "platform/c2",
      "mapper audience of client kargo": "platform/client/c2/m2",
    });
    answers["/clients?clientId=backstage"] = [
      { id: "c1", clientId: "backstage", attributes: { "managed-by": "backstage-keycloak" } },
    ];
    assert.ok(!("client backstage" in (await idsOf(values))));
    delete answers["/clients?clientId=kargo"];
    await assert.rejects(
      find(values),
      pattern(
        /^Error: Keycloak: clients\.0\.adopt is true, but there is no client kargo in realm platform; /,
        /correct clients\.0\.clientId, or remove/,
      ),
    );
  });

  it("takes the catalog's client along with the realm, where there is one", async () => {
    const values = { ...people, catalogSync: { enabled: true } };
    assert.ok(!("client backstage-catalog" in (await idsOf(values))));
    answers["/clients?clientId=backstage-catalog"] = [{ id: "c3", clientId: "backstage-catalog" }];
    assert.equal((await idsOf(values))["client backstage-catalog"], "platform/c3");
  });

  it("refuses to generate a password that an adopted user would never have", async () => {
    const values = { ...people, users: [{ username: "user1", ...user, initialPassword: true }] };
    await assert.rejects(
      find(values),
      pattern(
        /^Error: Keycloak: users\.0 is user1, whom realm platform has already and who keeps the password; /,
        /set users\.0\.initialPassword to false\.$/,
      ),
    );
  });

  it("says what is missing, or what may not be read", async () => {
    answers["/users/u1/groups"] = 403;
    await assert.rejects(find(), /\/users\/u1\/groups answers 403; give keycloak\.admin the right to read it\.$/);
    delete answers[""];
    await assert.rejects(
      find(),
      /realm\.adopt is true, but there is no realm platform; correct realm\.name, or remove realm\.adopt to have it made\.$/,
    );
  });
});
