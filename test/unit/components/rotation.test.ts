import assert from "node:assert/strict";
import { identity } from "../../../components/identity";
import { parseConfig } from "../../../config";
import { record, type Recording } from "../../recorder";

const CLIENT = "keycloak:openid/client:Client";

const PASSWORD = "random:index/randomPassword:RandomPassword";

const build = (rotation: Record<string, unknown>, more: Record<string, unknown> = {}) => () =>
  identity(
    parseConfig({
      environment: "prod",
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform" },
      rotation,
      catalogSync: { enabled: true },
      backstage: { url: "https://dev.example.com", image: "registry.example.com/backstage:1" },
      ...more,
    }),
    {},
  );
const extraConfig = (recording: Recording<unknown>, name = "backstage"): Record<string, string> => recording.find(CLIENT, name).inputs.extraConfig as Record<string, string>;

describe("a rotation", () => {
  it("by overlap hands Keycloak both secrets and the time, behind the policy that makes it keep the old one", async () => {
    const recording = await record(build({ strategy: "overlap", generation: 2, at: "2026-11-25T10:00:00Z", gracePeriod: "10m" }));
    const client = recording.find(CLIENT, "backstage");
    assert.equal(client.inputs.clientSecret, "result-of-backstage-secret-even");
    const { "client.secret.rotated": old, "client.secret.rotated.expiration.time": until } = extraConfig(recording);
    assert.equal(old, "result-of-backstage-secret");
    assert.equal(Number(until), Date.parse("2026-11-25T10:10:00Z") / 1000);
    const policy = recording.find("keycloak:index/realmClientPolicyProfilePolicy:RealmClientPolicyProfilePolicy", "secret-rotation");
    assert.ok(recording.reach(client.urn).has(policy.urn));
    assert.ok(!("client.secret.rotated" in extraConfig(recording, "backstage-catalog")));
  });

  it("by replace hands it one, and leaves the realm's policies alone", async () => {
    const recording = await record(build({ generation: 2 }));
    assert.equal(recording.find(CLIENT, "backstage").inputs.clientSecret, "result-of-backstage-secret-even");
    assert.ok(!("client.secret.rotated" in extraConfig(recording)));
    assert.ok(!recording.resources.some(({ type }) => type.includes("ClientPolicy")));
  });

  it("by blue and green has two clients, each with a secret of its own, until the old one goes away", async () => {
    const secrets = async (more: Record<string, unknown>): Promise<Record<string, unknown>> => {
      const { resources } = await record(build({ strategy: "blue-green", ...more }));
      const own = resources.filter(({ type, name }) => type === CLIENT && name !== "backstage-catalog");
      return Object.fromEntries(own.map(({ inputs }) => [String(inputs.clientId), inputs.clientSecret]));
    };
    const [blue, green] = [{ backstage: "result-of-backstage-secret" }, { "backstage-green": "result-of-backstage-green-secret-even" }];
    assert.deepEqual(await secrets({}), blue);
    assert.deepEqual(await secrets({ generation: 2, step: "prepare" }), { ...blue, ...green });
    assert.deepEqual(await secrets({ generation: 2, step: "switch" }), { ...blue, ...green });
    assert.deepEqual(await secrets({ generation: 2 }), green);
  });

  it("of passwords makes users anew that have one of ours, and no others", async () => {
    const people = ["ada", "bob"].map((username) => ({ username, email: `${username}@example.com`, firstName: username, lastName: "Example", initialPassword: username === "ada" }));
    const seen = async (generation: number) => {
      const { find } = await record(build({ users: generation }, { users: people }));
      const user = (name: string) => {
        const { replacementTrigger, deleteBeforeReplace } = find("keycloak:index/user:User", name);
        return [replacementTrigger, deleteBeforeReplace];
      };
      return { ada: user("users-ada"), bob: user("users-bob"), keepers: find(PASSWORD, "users-ada").inputs.keepers };
    };
    assert.deepEqual(await seen(1), { ada: [1, true], bob: [undefined, false], keepers: undefined });
    assert.deepEqual(await seen(2), { ada: [2, true], bob: [undefined, false], keepers: { generation: "2" } });
  });
});
