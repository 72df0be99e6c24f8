import type KcAdminClient from "@keycloak/keycloak-admin-client";
import assert from "node:assert/strict";
import * as path from "node:path";
import { contractKeys } from "../../lib/pod/contract";
import { componentNames } from "../../lib/resourceNames";
import { discover, probe } from "../../lib/pod/scripts/keycloak.mjs";
import { databaseSettings } from "../../sandbox/postgres";
import { mustEnd, waitFor } from "../../sandbox/process";
import { keycloakAdmin, platform, story, TestStack } from "./harness";

/** From the first failure to the last, in seconds. */
const span = (failed: readonly { second: number }[]): string => {
  const seconds = failed.map(({ second }) => second);
  return failed.length === 0 ? "0" : (Math.max(...seconds) - Math.min(...seconds)).toFixed(0);
};

const person = (username: string) => ({
  username,
  email: `${username}@example.com`,
  firstName: username,
  lastName: "Example",
});

describe("a rotation of the client secret, while people sign in", function () {
  this.timeout("10m");
  story();
  let own: TestStack;
  let retired: Credential;

  interface Credential {
    clientId: string;
    clientSecret: string;
  }
  const inUse = async (): Promise<Credential> => {
    const { credential } = await own.outputs();
    return {
      clientId: credential[contractKeys.clientId] ?? "",
      clientSecret: credential[contractKeys.clientSecret] ?? "",
    };
  };
  const answer = async (credential: Credential): Promise<string> => {
    const { [contractKeys.metadataUrl]: metadataUrl = "", [contractKeys.issuer]: issuer = "" } = (await own.outputs())
      .credential;
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

  const now = (): string => new Date().toISOString();
  /** Backstage's clients in Keycloak: one, but for the time in which green and blue change over. */
  const clients = async (admin: KcAdminClient): Promise<Credential[]> => {
    const all = await admin.clients.find({ realm: own.realm });
    return all
      .map(({ clientId = "", secret = "" }) => ({ clientId, clientSecret: secret }))
      .filter(({ clientId }) => clientId.startsWith("backstage"));
  };
  const clientIds = async (): Promise<string[]> =>
    (await clients(await keycloakAdmin())).map(({ clientId }) => clientId);
  /** Rotates by a run that is killed once Keycloak has the new secret, and by another one that ends it. */
  const rotateInTwo = async (): Promise<void> => {
    const old = await inUse();
    const admin = await keycloakAdmin();
    const hasNew = async (): Promise<true | undefined> =>
      (await clients(admin)).some(
        ({ clientId, clientSecret }) => clientId !== old.clientId || clientSecret !== old.clientSecret,
      )
        ? true
        : undefined;
    assert.ok(
      await own.stack.killed("up", () => waitFor("the new secret in Keycloak", 60, hasNew, 50)),
      "the run was over before it was killed",
    );
    assert.deepEqual(await inUse(), old, "the killed run had rolled out already");
    assert.equal((await own.stack.cancel()).code, 0);
    await own.up();
  };

  before(async () => {
    own = await TestStack.create("rotation", 11);
    // Where the policy comes with the first rotation, Keycloak dates the secret at its first use, and two at once
    // collide.
    await configure({ strategy: "overlap" });
    await own.up();
    await own.mustSignIn();
  });
  after(() => own.remove());

  /** Each must be refused, with its sentence. */
  const mustRefuse = async (attempts: readonly [Record<string, unknown>, RegExp][]): Promise<void> => {
    for (const [rotation, sentence] of attempts) {
      await configure(rotation);
      const { code, stdout, stderr } = await own.stack.up();
      assert.notEqual(code, 0);
      assert.match(stdout + stderr, sentence);
    }
  };
  const later = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

  it("is refused by overlap at a time that is not now, as by a clock that is a day off", () =>
    mustRefuse([
      [
        { strategy: "overlap", generation: 2, at: "2099-06-01T00:00:00Z" },
        /config: rotation\.at is 2099-06-01T00:00:00\.000Z, and by Keycloak's clock it is 20/,
      ],
      [{ strategy: "overlap", generation: 2, at: later(1) }, /config: rotation\.at is .*, and by Keycloak's clock/],
      [{ strategy: "overlap", generation: 2, at: later(-1) }, /config: rotation\.at is too long ago/],
      [
        { strategy: "overlap", generation: 2, gracePeriod: "8760h" },
        /config: rotation\.gracePeriod is 8760h0m0s, and rotation\.maxGracePeriod is 168h0m0s/,
      ],
    ]));

  it("by overlap fails nobody: Keycloak accepts both secrets from the run's own start", async () => {
    retired = await inUse();
    // No strategy: this Keycloak can. No time: a preview must show what the run will do, whenever that is.
    await configure({ generation: 2, gracePeriod: "4m" });
    const env = { PULUMI_EXPERIMENTAL: "true" };
    const plan = path.join(own.stack.folder, "plan.json");
    const preview = await own.stack.run(
      ["preview", "--non-interactive", "--stack", own.stack.name, "--save-plan", plan],
      { env },
    );
    assert.equal(preview.code, 0, preview.stdout + preview.stderr);
    const { tried, failed } = await own.signingIn(
      async () => mustEnd(await own.stack.run(own.stack.updating("up", "--plan", plan), { env })),
      5000,
    );
    console.log(`      ${tried} sign-ins during the rotation, ${failed.length} failed`);
    assert.deepEqual(failed, []);
    assert.ok(tried >= 30, String(tried));
    const current = await inUse();
    assert.equal(current.clientId, retired.clientId);
    assert.notEqual(current.clientSecret, retired.clientSecret);
    assert.deepEqual([await answer(current), await answer(retired)], ["accepted", "accepted"]);
  });

  it("is refused a second time before the first is over, and backwards, and another end than it began with", () =>
    mustRefuse([
      [
        { strategy: "overlap", gracePeriod: "4m", generation: 3 },
        /rotation\.generation is raised while Keycloak still accepts the secret before 2, until .*; wait until then/,
      ],
      [
        { strategy: "overlap", gracePeriod: "4m", generation: 1 },
        /rotation\.generation is 1, and 2 is in use; an old secret does not come back, so raise it/,
      ],
      [
        { strategy: "overlap", gracePeriod: "5m", generation: 2 },
        /rotation\.gracePeriod is not what it was when rotation\.generation became 2, .*; set it to 4m0s, or raise/,
      ],
      [
        { strategy: "overlap", gracePeriod: "4m", generation: 2, at: now() },
        /rotation\.at is not what it was when rotation\.generation became 2/,
      ],
    ]));

  it("ends: the old secret lapses when the grace period is over, and nothing else changes", async () => {
    const { rotation } = await own.outputs();
    assert.ok(rotation.graceEnds * 1000 > Date.now() - 120_000);
    await waitFor(
      "the end of the old secret",
      300,
      async () => ((await answer(retired)) === "refused" ? true : undefined),
      1000,
    );
    const late = Date.now() / 1000 - rotation.graceEnds;
    assert.ok(late > -2 && late < 30, `it lapsed ${late} s after its time`);
    assert.equal(await answer(await inUse()), "accepted");
    await own.mustSignIn();
  });

  it("gives the lapsed secret back for no time and no period", async () => {
    await mustRefuse([
      [
        { strategy: "overlap", gracePeriod: "4m", generation: 2, at: now() },
        /rotation\.at is not what it was when rotation\.generation became 2/,
      ],
    ]);
    // The period of the next rotation.
    await configure({ strategy: "overlap", gracePeriod: "10m", generation: 2 });
    await own.up();
    assert.deepEqual([await answer(await inUse()), await answer(retired)], ["accepted", "refused"]);
  });

  it("by overlap still fails nobody when pulumi is killed in the middle and run again", async () => {
    retired = await inUse();
    await configure({ generation: 3, gracePeriod: "5m" });
    const { tried, failed } = await own.signingIn(rotateInTwo, 5000);
    console.log(`      ${tried} sign-ins, ${failed.length} failed`);
    assert.deepEqual(failed, []);
    assert.ok(tried >= 30, String(tried));
    assert.deepEqual([await answer(await inUse()), await answer(retired)], ["accepted", "accepted"]);
  });

  it("by replace refuses sign-ins until the rollout is over, and the preview says so", async () => {
    retired = await inUse();
    await configure({ strategy: "replace", generation: 4 });
    const preview = await own.stack.preview();
    assert.match(
      preview.stdout + preview.stderr,
      /rotation by replace: sign-in is refused from the moment that Keycloak has the new secret/,
    );
    const { tried, failed } = await own.signingIn(() => own.up(), 5000);
    console.log(`      ${tried} sign-ins, ${failed.length} failed, over ${span(failed)} s`);
    assert.ok(failed.length > 0, "the new secret was not noticed");
    await own.untilSignIn(30);
    assert.deepEqual([await answer(await inUse()), await answer(retired)], ["accepted", "refused"]);
  });

  it("by replace ends in a run after one that was killed, with one client", async () => {
    retired = await inUse();
    await configure({ strategy: "replace", generation: 5 });
    await rotateInTwo();
    await own.untilSignIn(30);
    assert.deepEqual([await answer(await inUse()), await answer(retired)], ["accepted", "refused"]);
    assert.deepEqual(await clientIds(), ["backstage"]);
  });

  it("gives a secret that was replaced back to nobody, and changes nothing where Keycloak has learnt to overlap since", async () => {
    await mustRefuse([
      [
        { strategy: "overlap", generation: 5, at: now() },
        /rotation\.at is set, and 5 came without an overlap; a secret that was replaced does not come back, so remove it, or raise/,
      ],
    ]);
    await configure({ generation: 5 });
    const { code, stdout } = await own.stack.preview("--expect-no-changes");
    assert.equal(code, 0, stdout);
    // From the next generation on.
    await configure({ strategy: "overlap", generation: 5 });
    await own.up();
    // Keycloak dates the secret at its first use under the policy, and two at once collide.
    await own.mustSignIn();
    assert.deepEqual([await answer(await inUse()), await answer(retired)], ["accepted", "refused"]);
  });

  it("by blue and green is refused where a pod would not know the client in use", async () => {
    await configure({ strategy: "blue-green", generation: 6 });
    const { code, stdout, stderr } = await own.stack.up();
    assert.notEqual(code, 0);
    assert.match(
      stdout + stderr,
      /takes three runs, .*; now set rotation\.generation to 6 and rotation\.step to prepare\./,
    );
  });

  /** Rotates by blue and green; `prepare` is how the first of the three runs is done. */
  const changeOver = async (
    generation: number,
    prepare: () => Promise<unknown>,
    [before, after]: readonly [string, string],
  ): Promise<void> => {
    retired = await inUse();
    // While they switch, pages that an old pod has served and pages of a new one are met by pods of either kind.
    const pages = ["dev", "dev-green"];
    const runs: [
      step: string | undefined,
      run: () => Promise<unknown>,
      inUse: string,
      all: string[],
      pages?: string[],
    ][] = [
      ["prepare", prepare, before, [before, after]],
      ["switch", () => own.up(), after, [before, after], pages],
      [undefined, () => own.up(), after, [after]],
    ];
    for (const [step, run, clientId, all, loaded] of runs) {
      await configure({ strategy: "blue-green", generation, ...(step === undefined ? {} : { step }) });
      const { tried, failed } = await own.signingIn(run, 5000, loaded);
      console.log(`      ${step ?? "without a step"}: ${tried} sign-ins, ${failed.length} failed`);
      assert.deepEqual(failed, []);
      assert.ok(tried >= 30, String(tried));
      assert.equal((await inUse()).clientId, clientId);
      assert.deepEqual((await clientIds()).sort(), all.sort());
      await own.mustHold();
    }
    assert.deepEqual([await answer(await inUse()), await answer(retired)], ["accepted", "refused"]);
  };

  it("by blue and green fails nobody: every pod knows both clients before people sign in by the second", () =>
    changeOver(6, () => own.up(), ["backstage", "backstage-green"]));

  it("by green and blue still fails nobody when pulumi is killed in the middle and run again", () =>
    changeOver(7, rotateInTwo, ["backstage-green", "backstage"]));

  it("gives the database another password, and Backstage the same one", async () => {
    const at = { namespace: own.namespace, name: componentNames.database };
    const password = async (): Promise<string> =>
      (await own.cluster.core.readNamespacedSecret(at)).data?.password ?? "";
    const before = await password();
    await configure({ strategy: "blue-green", generation: 7, database: 2 });
    const { tried, failed } = await own.signingIn(() => own.up(), 5000);
    console.log(`      ${tried} sign-ins, ${failed.length} failed, over ${span(failed)} s`);
    assert.notEqual(await password(), before);
    await own.mustHold();
  });
});

describe("a rotation of the users' initial passwords", function () {
  this.timeout("5m");
  let own: TestStack;
  const configure = (rotation: Record<string, unknown>): Promise<void> =>
    own.configure({ users: ["ada", "bob"].map(person), rotation });
  before(async () => {
    own = await TestStack.create("passwords", 23);
    await configure({});
    await own.up();
  });
  after(() => own.remove());

  it("gives each user another one, and changes nothing in the run after", async () => {
    const before = (await own.outputs()).userPasswords;
    await configure({ users: 2 });
    await own.up();
    const after = (await own.outputs()).userPasswords;
    for (const user of ["ada", "bob"]) assert.notEqual(after[user], before[user]);
    await own.mustHold();
    const { code, stdout } = await own.stack.preview("--expect-no-changes");
    assert.equal(code, 0, stdout);
  });
});
