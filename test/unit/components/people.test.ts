import assert from "node:assert/strict";
import { identity } from "../../../program/identity";
import { decidedSettings, parseConfig } from "../../../config";
import { record } from "../../recorder";

const LONG = "A realm of a company with a long name for its platform";

const settings = (realm: object = {}): Parameters<typeof identity>[0] =>
  decidedSettings(
    parseConfig({
      environment: "dev",
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform", ...realm },
      roles: [{ name: "app:admin" }],
      groups: [{ name: "/platform/team a/leads", roles: ["app:admin"] }, { name: "developers" }],
      users: [
        {
          username: "ada@example.com",
          email: "Ada@example.com",
          firstName: "Ada",
          lastName: "O'Neil",
          groups: ["/platform/team a/leads", "developers"],
        },
      ],
      backstage: { url: "https://b.example.com", image: "registry.example.com/b:1" },
    }),
  );

const GROUP = "keycloak:index/group:Group";

describe("components/groups and users", () => {
  it("makes a group within those around it, each by its own name", async () => {
    const { find, reach } = await record(() => identity(settings(), {}));
    const [top, middle, leads] = ["platform", "platform/team a", "platform/team a/leads"].map((path) =>
      find(GROUP, `groups-${path}`),
    );
    assert.deepEqual(
      [top, middle, leads].map((group) => [group?.inputs.name, group?.inputs.parentId]),
      [
        ["platform", undefined],
        ["team a", top?.name === undefined ? "" : `${top.name}-id`],
        ["leads", middle?.name === undefined ? "" : `${middle.name}-id`],
      ],
    );
    assert.ok(reach(leads?.urn ?? "").has(top?.urn ?? ""));
    assert.equal(find(GROUP, "groups-developers").inputs.parentId, undefined);
    assert.equal(
      find("keycloak:index/groupRoles:GroupRoles", "groups-platform/team a/leads").inputs.groupId,
      `${leads?.name ?? ""}-id`,
    );
  });

  it("puts a user into groups by their paths, under an e-mail address as a name", async () => {
    const { find } = await record(() => identity(settings(), {}));
    assert.deepEqual(find("keycloak:index/userGroups:UserGroups", "users-ada@example.com").inputs.groupIds, [
      "groups-platform/team a/leads-id",
      "groups-developers-id",
    ]);
    assert.deepEqual(
      [find("keycloak:index/user:User", "users-ada@example.com").inputs].map(({ username, email }) => [
        username,
        email,
      ]),
      [["ada@example.com", "ada@example.com"]],
    );
  });

  it("gives a realm an id of its own where the name is longer than the column, and never changes one", async () => {
    const REALM = "keycloak:index/realm:Realm";
    const long = (await record(() => identity(settings({ name: LONG }), {}))).find(REALM, LONG);
    assert.match(String(long.inputs.internalId), /^[0-9a-f]{36}$/);
    assert.deepEqual([long.inputs.realm, long.ignoreChanges], [LONG, ["internalId"]]);
    const short = (await record(() => identity(settings(), {}))).find(REALM, "platform");
    assert.deepEqual([short.inputs.internalId, short.ignoreChanges], [undefined, []]);
  });
});
