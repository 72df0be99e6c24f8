import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { identity } from "../../../program/identity";
import { decidedSettings, parseConfig } from "../../../config";
import type { Overlap } from "../../../lib/keycloak/rotation";
import { record, type Recording } from "../../recorder";

const CLIENT = "keycloak:openid/client:Client";

/** An unknown value as it goes to the engine. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const PASSWORD = "random:index/randomPassword:RandomPassword";

const build =
  (rotation: Record<string, unknown>, more: Record<string, unknown> = {}, overlap?: pulumi.Input<Overlap>) =>
  () => {
    const settings = parseConfig({
      environment: "prod",
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform" },
      rotation,
      catalogSync: { enabled: true },
      backstage: { url: "https://dev.example.com", image: "registry.example.com/backstage:1" },
      ...more,
    });
    return identity({ ...decidedSettings(settings), overlap }, {});
  };
const extraConfig = (recording: Recording<unknown>, name = "backstage"): Record<string, string> =>
  recording.find(CLIENT, name).inputs.extraConfig as Record<string, string>;

describe("a rotation", () => {
  it("by overlap hands Keycloak both secrets and the time, behind the policy that makes it keep the old one", async () => {
    const recording = await record(build({ strategy: "overlap", generation: 2 }, {}, { from: 1000, until: 1600 }));
    const client = recording.find(CLIENT, "backstage");
    assert.equal(client.inputs.clientSecret, "result-of-backstage-secret-even");
    const {
      "client.secret.rotated": old,
      "client.secret.rotated.creation.time": from,
      "client.secret.rotated.expiration.time": until,
    } = extraConfig(recording);
    assert.deepEqual([old, from, until], ["result-of-backstage-secret", "1000", "1600"]);
    const policy = recording.find(
      "keycloak:index/realmClientPolicyProfilePolicy:RealmClientPolicyProfilePolicy",
      "secret-rotation",
    );
    assert.ok(recording.reach(client.urn).has(policy.urn));
    const profile = recording.find(
      "keycloak:index/realmClientPolicyProfile:RealmClientPolicyProfile",
      "secret-rotation",
    );
    // In another realm both are made anew: the provider would update what is not there, and say that all is well.
    for (const { replaceOnChanges } of [profile, policy]) assert.deepEqual(replaceOnChanges, ["realmId"]);
    assert.ok(!("client.secret.rotated" in extraConfig(recording, "backstage-catalog")));
  });

  it("by overlap hands it one secret where no overlap was decided, whatever the settings say of a time", async () => {
    const recording = await record(build({ strategy: "overlap", generation: 2, at: new Date().toISOString() }));
    assert.ok(!("client.secret.rotated" in extraConfig(recording)));
  });

  it("shows of an overlap whose time is that of the run that it has one, and every other attribute, in a preview", async () => {
    const open = pulumi.unknown as unknown as Overlap;
    const shown = extraConfig(
      await record(build({ strategy: "overlap", generation: 2 }, {}, pulumi.output(open)), true),
    );
    const unknown = Object.keys(shown).filter((key) => shown[key] === UNKNOWN);
    assert.deepEqual(unknown.sort(), ["client.secret.rotated.creation.time", "client.secret.rotated.expiration.time"]);
    assert.equal(shown["oidc.ciba.grant.enabled"], "false");
  });

  it("by replace hands it one, and leaves the realm's policies alone", async () => {
    const recording = await record(build({ generation: 2 }));
    assert.equal(recording.find(CLIENT, "backstage").inputs.clientSecret, "result-of-backstage-secret-even");
    assert.ok(!("client.secret.rotated" in extraConfig(recording)));
    assert.ok(!recording.resources.some(({ type }) => type.includes("ClientPolicy")));
    // The state keeps no secret that was replaced: a lowered number would give it back to Keycloak.
    const passwords = recording.resources.filter(({ type }) => type === PASSWORD).map(({ name }) => name);
    assert.deepEqual(passwords.sort(), ["backstage-catalog-secret", "backstage-secret-even"]);
  });

  it("by blue and green has two clients, each with a secret of its own, until the old one goes away", async () => {
    const secrets = async (more: Record<string, unknown>): Promise<Record<string, unknown>> => {
      const { resources } = await record(build({ strategy: "blue-green", ...more }));
      const own = resources.filter(({ type, name }) => type === CLIENT && name !== "backstage-catalog");
      return Object.fromEntries(own.map(({ inputs }) => [String(inputs.clientId), inputs.clientSecret]));
    };
    const [blue, green] = [
      { backstage: "result-of-backstage-secret" },
      { "backstage-green": "result-of-backstage-green-secret-even" },
    ];
    assert.deepEqual(await secrets({}), blue);
    assert.deepEqual(await secrets({ generation: 2, step: "prepare" }), { ...blue, ...green });
    assert.deepEqual(await secrets({ generation: 2, step: "switch" }), { ...blue, ...green });
    assert.deepEqual(await secrets({ generation: 2 }), green);
  });

  it("of passwords makes users anew that have one of ours, and no others", async () => {
    const people = ["ada", "bob"].map((username) => ({
      username,
      email: `${username}@example.com`,
      firstName: username,
      lastName: "Example",
      initialPassword: username === "ada",
    }));
    const seen = async (generation: number) => {
      const { find } = await record(build({ users: generation }, { users: people }));
      const user = (name: string) => {
        const { replacementTrigger, deleteBeforeReplace } = find("keycloak:index/user:User", name);
        return [replacementTrigger, deleteBeforeReplace];
      };
      return { ada: user("users-ada"), bob: user("users-bob"), keepers: find(PASSWORD, "users-ada").inputs.keepers };
    };
    assert.deepEqual(await seen(1), { ada: [1, true], bob: [undefined, false], keepers: { generation: "1" } });
    assert.deepEqual(await seen(2), { ada: [2, true], bob: [undefined, false], keepers: { generation: "2" } });
  });
});
