import assert from "node:assert/strict";
import { identity } from "../../../program/identity";
import { decidedSettings, parseConfig } from "../../../config";
import type { Adoption } from "../../../lib/keycloak/adoption";
import { record } from "../../recorder";

const settings = decidedSettings(
  parseConfig({
    environment: "dev",
    keycloak: { url: "https://id.example.com" },
    realm: { name: "platform", adopt: true },
    roles: [{ name: "viewer" }],
    groups: [{ name: "team-a" }],
    users: [
      {
        username: "ada",
        email: "ada@example.com",
        firstName: "Ada",
        lastName: "L",
        groups: ["team-a"],
        initialPassword: false,
      },
      { username: "eve", email: "eve@example.com", firstName: "Eve", lastName: "M" },
    ],
    catalogSync: { enabled: true },
    backstage: { url: "https://b.example.com", image: "registry.example.com/b:1", adoptClient: true },
  }),
);

const keys = {
  "realm platform": "keycloak:index/realm:Realm platform",
  "client scope groups": "keycloak:openid/clientScope:ClientScope groups",
  "mapper groups of client scope groups":
    "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper groups",
  "role viewer": "keycloak:index/role:Role groups-viewer",
  "group team-a": "keycloak:index/group:Group groups-team-a",
  "user ada": "keycloak:index/user:User users-ada",
  "client backstage": "keycloak:openid/client:Client backstage",
  "client backstage-catalog": "keycloak:openid/client:Client backstage-catalog",
};

describe("adoption", () => {
  const adopted: Adoption = Object.fromEntries(
    Object.keys(keys).map((key) => [key, { importId: `id of ${key}`, found: {}, made: "user eve" }]),
  );

  // Under the recorder there is no engine: the SDK prints its diagnostics.
  const { warn } = console;
  let warned: string[];
  beforeEach(() => {
    warned = [];
    console.warn = (line: string) => warned.push(line);
  });
  afterEach(() => {
    console.warn = warn;
  });

  it("imports what was found, each by its own id, and makes the rest", async () => {
    const { resources } = await record(() => identity({ ...settings, adopted }, {}));
    const imported = resources
      .filter(({ importId }) => importId !== "")
      .map(({ type, name, importId }) => [`${type} ${name}`, importId]);
    assert.deepEqual(
      Object.fromEntries(imported),
      Object.fromEntries(Object.entries(keys).map(([key, resource]) => [resource, `id of ${key}`])),
    );
    assert.ok(
      warned.some((line) => line.endsWith('user ada: groups is [] and becomes ["team-a"]')),
      warned.join("\n"),
    );
  });

  it("notes in the realm what it makes, which is everything where nothing is adopted", async () => {
    const attributes = async (found: Adoption): Promise<unknown> =>
      (await record(() => identity({ ...settings, adopted: found }, {}))).find("keycloak:index/realm:Realm", "platform")
        .inputs.attributes;
    assert.deepEqual(await attributes(adopted), { "made-by-backstage-keycloak": "user eve" });
    assert.deepEqual(await attributes({}), { "made-by-backstage-keycloak": "*" });
  });

  it("generates a password for new users only, and leaves a profile to whose it is", async () => {
    const { resources, find } = await record(() => identity({ ...settings, adopted }, {}));
    const passwords = resources
      .filter(({ type, name }) => type.includes("RandomPassword") && name.startsWith("users-"))
      .map(({ name }) => name);
    assert.deepEqual(passwords, ["users-eve"]);
    assert.equal(find("keycloak:index/user:User", "users-ada").inputs.initialPassword, undefined);
    assert.deepEqual(find("keycloak:index/user:User", "users-ada").ignoreChanges, [
      "requiredActions",
      "attributes",
      "federatedIdentities",
    ]);
    assert.deepEqual(find("keycloak:index/group:Group", "groups-team-a").ignoreChanges, ["attributes"]);
  });
});
