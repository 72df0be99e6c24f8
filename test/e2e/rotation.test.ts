import assert from "node:assert/strict";
import { contractKeys } from "../../lib/contract";
import { discover, probe } from "../../lib/gate/keycloak.mjs";
import { databaseSettings } from "../../sandbox/postgres";
import { waitFor } from "../../sandbox/process";
import { keycloakAdmin, platform, story, TestStack } from "./harness";

const person = (username: string) => ({ username, email: `${username}@example.com`, firstName: username, lastName: "Example" });

describe("a rotation of the client secret, while people sign in", function () {
  this.timeout("8m");
  story();
  let own: TestStack;
  let retired: Credential;

  interface Credential {
    clientId: string;
    clientSecret: string;
  }
  const inUse = async (): Promise<Credential> => {
    const { credential } = await own.outputs();
    return { clientId: credential[contractKeys.clientId] ?? "", clientSecret: credential[contractKeys.clientSecret] ?? "" };
  };
  const answer = async (credential: Credential): Promise<string> => {
    const { [contractKeys.metadataUrl]: metadataUrl = "", [contractKeys.issuer]: issuer = "" } = (await own.outputs()).credential;
    const discovery = await discover({ metadataUrl, issuer });
    assert.ok(discovery.ok);
    return (await probe(credential, discovery.tokenEndpoint)).answer;
  };
  /** Sign-ins in flight are shared by the replicas' database, so only the secret can make one fail. */
  const configure = async (rotation: Record<string, unknown>): Promise<void> => {
    const database = { kind: "postgres", ...(await databaseSettings(await platform())) };
    const backstage = { database, replicas: 2, gateSeconds: 60, rolloutSeconds: 120 };
    await own.configure({ users: ["ada", "bob", "eve"].map(person), backstage, rotation });
  };

  before(async () => {
    own = await TestStack.create("rotation", 11);
    await configure({ strategy: "overlap" });
    await own.up();
    await own.mustSignIn();
  });
  after(() => own.remove());

  it("by overlap fails nobody: Keycloak accepts both secrets", async () => {
    retired = await inUse();
    await configure({ strategy: "overlap", generation: 2, at: new Date().toISOString(), gracePeriod: "3m" });
    const { tried, failed } = await own.signingIn(() => own.up(), 5000);
    console.log(`      ${tried} sign-ins during the rotation, ${failed.length} failed`);
    assert.deepEqual(failed, []);
    assert.ok(tried >= 30, String(tried));
    const now = await inUse();
    assert.equal(now.clientId, retired.clientId);
    assert.notEqual(now.clientSecret, retired.clientSecret);
    assert.deepEqual([await answer(now), await answer(retired)], ["accepted", "accepted"]);
  });

  it("is refused a second time before the first is over, and backwards", async () => {
    const attempts: [Record<string, unknown>, RegExp][] = [
      [{ generation: 3, at: new Date().toISOString() }, /rotation\.generation is raised while Keycloak still accepts the secret before 2, until .*; wait until then/],
      [{ generation: 1 }, /rotation\.generation is 1, and 2 is in use; an old secret does not come back, so raise it/],
    ];
    for (const [rotation, sentence] of attempts) {
      await configure({ strategy: "overlap", gracePeriod: "3m", ...rotation });
      const { code, stdout, stderr } = await own.stack.up();
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, sentence);
    }
  });

  it("ends: the old secret lapses when the grace period is over, and nothing else changes", async () => {
    const { rotation } = await own.outputs();
    assert.ok(rotation.graceEnds * 1000 > Date.now() - 120_000);
    await waitFor("the end of the old secret", 250, async () => ((await answer(retired)) === "refused" ? true : undefined), 1000);
    const late = Date.now() / 1000 - rotation.graceEnds;
    assert.ok(late > -2 && late < 30, `it lapsed ${late} s after its time`);
    assert.equal(await answer(await inUse()), "accepted");
    await own.mustSignIn();
  });

  it("by replace refuses sign-ins until the rollout is over, and the preview says so", async () => {
    retired = await inUse();
    await configure({ strategy: "replace", generation: 3 });
    const preview = await own.stack.preview();
    assert.match(preview.stdout + preview.stderr, /rotation by replace: sign-in is refused from the moment that Keycloak has the new secret/);
    const { tried, failed } = await own.signingIn(() => own.up(), 5000);
    const seconds = failed.map(({ second }) => second);
    console.log(`      ${tried} sign-ins, ${failed.length} failed, over ${(Math.max(...seconds) - Math.min(...seconds)).toFixed(0)} s`);
    assert.ok(failed.length > 0, "the new secret was not noticed");
    await own.untilSignIn(30);
    assert.deepEqual([await answer(await inUse()), await answer(retired)], ["accepted", "refused"]);
  });

  it("by blue and green hands over to a second client, and the first goes away", async () => {
    retired = await inUse();
    await configure({ strategy: "blue-green", generation: 4 });
    const { tried, failed } = await own.signingIn(() => own.up(), 5000);
    console.log(`      ${tried} sign-ins, ${failed.length} failed: those that began at a pod of one client and ended at one of the other`);
    assert.ok(failed.length < tried / 4, JSON.stringify(failed));
    assert.equal((await inUse()).clientId, "backstage-green");
    const clients = (await (await keycloakAdmin()).clients.find({ realm: own.realm })).map(({ clientId }) => clientId);
    assert.ok(clients.includes("backstage-green") && !clients.includes("backstage"), String(clients));
    await own.untilSignIn(30);
  });
});
