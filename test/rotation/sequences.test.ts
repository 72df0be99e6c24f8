import assert from "node:assert/strict";
import fc from "fast-check";
import { contractKeys, standbyKeys } from "../../lib/pod/contract";
import { discover, probe } from "../../lib/pod/scripts/keycloak.mjs";
import { green, type LastRotation } from "../../lib/keycloak/rotation";
import { sleep, type RunResult } from "../../sandbox/process";
import { keycloakAdmin, meanwhile, story, TestStack } from "../e2e/harness";

/*
 * Ten random sequences of rotation settings on the real servers, by runs of which some are killed. After each run
 * Keycloak is asked for every secret that was ever in use. test/unit/preflight/decideRotation.test.ts plays thousands
 * of them on a model.
 */

const SEED = Number(process.env.ROTATION_SEED ?? Date.now() % 2 ** 31);
/** How long the test may wait in all for an overlap to lapse, in seconds; it is the only one that takes that long. */
const PATIENCE = 70;
const GRACE = { gracePeriod: "1m" };
const BACKSTAGE = { gateSeconds: 40, rolloutSeconds: 60 };

interface Step {
  readonly what: "overlap" | "replace" | "unset" | "blue-green" | "bring back" | "lower" | "far" | "end" | "give up";
  readonly waits: boolean;
  /** How many ms after Keycloak has something new of it the run is killed. */
  readonly killedAfter: number | undefined;
}
const waits = fc.boolean();
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom(
        "overlap",
        "overlap",
        "overlap",
        "replace",
        "unset",
        "blue-green",
        "blue-green",
        "blue-green",
        "end",
        "give up",
      ),
      waits,
      killedAfter: fc.option(fc.integer({ min: 0, max: 4000 }), { nil: undefined, freq: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constantFrom("bring back", "lower", "far"),
      waits,
      killedAfter: fc.constant(undefined),
    }),
  },
);
const sequences = fc.sample(fc.array(step, { minLength: 3, maxLength: 3 }), { seed: SEED, numRuns: 10 });

/** The settings of a step, from what the last update said. */
function wanted({ what }: Step, { generation, strategy, step: done }: LastRotation): Record<string, unknown> {
  const now = new Date().toISOString();
  const next = generation + 1;
  switch (what) {
    case "overlap":
      return { strategy: "overlap", generation: next, ...GRACE };
    case "replace":
      return { strategy: "replace", generation: next };
    case "unset":
      return { generation: next, ...GRACE };
    case "bring back":
      return { strategy: "overlap", generation, at: now, ...GRACE };
    case "lower":
      return { strategy: "overlap", generation: Math.max(1, generation - 1), at: now, ...GRACE };
    case "far":
      return { strategy: "overlap", generation: next, at: "2099-01-01T00:00:00Z", ...GRACE };
    case "end":
      return { strategy: "replace", generation };
    case "give up":
      return { strategy: "blue-green", generation: done === "prepare" ? generation - 1 : generation };
    case "blue-green":
      if (strategy === "blue-green" && done === "prepare") return { strategy, generation, step: "switch" };
      if (strategy === "blue-green" && done === "switch") return { strategy, generation };
      return { strategy: "blue-green", generation: next, step: "prepare" };
  }
}

interface Credential {
  readonly clientId: string;
  readonly clientSecret: string;
}

describe(`rotations in ten random orders (ROTATION_SEED=${SEED})`, function () {
  this.timeout("5m");
  story();
  let own: TestStack;
  let tokenEndpoint: string;
  /** Every secret that was seen: what to call it, and whether Keycloak has refused it. */
  const known = new Map<string, { credential: Credential; called: string; refused: boolean }>();
  /**
   * Has a run refused the secret that pods may have: one that said so, or an overlap that lapsed before another run
   * ended it?
   */
  let chosen = false;
  let lapses = Infinity;
  const excused = (): boolean => chosen || Date.now() > lapses;
  /** Do all pods have what the last update gave them? */
  let clean = true;
  let waited = 0;
  const count = { ended: 0, refused: 0, killed: 0, probes: 0, signIns: 0 };

  const inPods = async (): Promise<Credential[]> => {
    const { credential } = await own.outputs();
    const of = ({ clientId, clientSecret }: { clientId: string; clientSecret: string }): Credential[] =>
      credential[clientId] === undefined
        ? []
        : [{ clientId: credential[clientId], clientSecret: credential[clientSecret] ?? "" }];
    return [...of(contractKeys), ...of(standbyKeys)];
  };
  const meet = (credentials: readonly Credential[]): void => {
    for (const credential of credentials) {
      const key = JSON.stringify(credential);
      if (!known.has(key))
        known.set(key, { credential, called: `secret ${known.size + 1}, of ${credential.clientId}`, refused: false });
    }
  };
  const clients = async (): Promise<Credential[]> => {
    const all = await (await keycloakAdmin()).clients.find({ realm: own.realm });
    return all
      .map(({ clientId = "", secret = "" }) => ({ clientId, clientSecret: secret }))
      .filter(({ clientId }) => clientId.startsWith("backstage"));
  };
  const ask = async (credential: Credential): Promise<"accepted" | "refused"> => {
    const { answer, why } = await probe(credential, tokenEndpoint);
    count.probes++;
    assert.ok(answer !== "unknown", why);
    return answer;
  };
  /** Asks Keycloak for every secret; none may be accepted that was refused, and all of `pods` must be. */
  const probeAll = async (pods: readonly Credential[]): Promise<void> => {
    meet([...(await clients()), ...pods]);
    const held = new Set(pods.map((one) => JSON.stringify(one)));
    for (const [key, one] of known) {
      const answer = await ask(one.credential);
      assert.ok(!(answer === "accepted" && one.refused), `${one.called} was refused, and is accepted again`);
      assert.ok(
        answer === "accepted" || excused() || !held.has(key),
        `${one.called} is in the pods of the last rollout, and Keycloak refuses it`,
      );
      one.refused = answer === "refused";
    }
  };

  const lapse = async ({ graceEnds }: LastRotation): Promise<void> => {
    const seconds = graceEnds - Date.now() / 1000 + 2;
    if (seconds <= 0 || waited + seconds > PATIENCE) return;
    waited += seconds;
    await sleep(seconds * 1000);
  };
  /** The result of a run; undefined of one that was killed, or was to be. */
  const runOf = async (killedAfter: number | undefined): Promise<RunResult | undefined> => {
    if (killedAfter === undefined) return own.stack.up();
    const before = JSON.stringify(await clients());
    const over = Date.now() + 8000;
    await own.stack.killed("up", async () => {
      while (Date.now() < over && JSON.stringify(await clients()) === before) await sleep(200);
      await sleep(killedAfter);
    });
    assert.equal((await own.stack.cancel()).code, 0);
    return undefined;
  };
  /**
   * Runs, and asks Keycloak for the pods' credentials as long as one of these pods is there; how often it refused one.
   */
  const watched = async (
    killedAfter: number | undefined,
    pods: readonly Credential[],
  ): Promise<{ result: RunResult | undefined; refusals: number }> => {
    const { names } = await own.pods();
    const { done, failed } = await meanwhile(runOf(killedAfter), async () => {
      const answers = await Promise.all(pods.map(ask));
      if (!clean || !answers.includes("refused")) return;
      const still = (await own.pods()).names.filter((name) => names.includes(name));
      assert.deepEqual(still, [], "Keycloak refuses a credential of a pod that is there");
    });
    return { result: done, refusals: failed.length };
  };

  before(async () => {
    own = await TestStack.create("sequences", 14);
    await own.configure({ backstage: BACKSTAGE, rotation: { strategy: "overlap", ...GRACE } });
    await own.up();
    await own.mustSignIn();
    const { [contractKeys.metadataUrl]: metadataUrl = "", [contractKeys.issuer]: issuer = "" } = (await own.outputs())
      .credential;
    const discovery = await discover({ metadataUrl, issuer });
    assert.ok(discovery.ok);
    ({ tokenEndpoint } = discovery);
    await probeAll(await inPods());
  });
  after(async () => {
    console.log(
      `      ${Object.entries(count)
        .map(([what, times]) => `${times} ${what}`)
        .join(", ")}; ${known.size} secrets; waited ${waited.toFixed(0)} s`,
    );
    await own.remove();
  });

  for (const [index, steps] of sequences.entries()) {
    const titles = steps.map(({ what, killedAfter }) => (killedAfter === undefined ? what : `${what}, killed`));
    it(`${index + 1}: ${titles.join("; ")}`, async () => {
      for (const one of steps) {
        const last = (await own.outputs()).rotation;
        if (one.waits) await lapse(last);
        const rotation = wanted(one, last);
        const pods = await inPods();
        await own.configure({ backstage: BACKSTAGE, rotation });
        const began = Date.now();
        const { result, refusals } = await watched(one.killedAfter, pods);
        const said = result === undefined ? "" : result.stdout + result.stderr;
        const warned = /rotation by replace|is refused from this run on/.test(said);
        if (result === undefined) {
          count.killed++;
          clean = false;
          // What was said of a run that was killed is lost; unset, this Keycloak can overlap.
          chosen ||= rotation.strategy === "replace";
          if (rotation.strategy !== "blue-green" && !excused()) lapses = began + 60_000;
        } else if (result.code === 0) {
          count.ended++;
          [chosen, lapses, clean] = [false, Infinity, true];
        } else {
          count.refused++;
          assert.match(said, /config: (rotation|a rotation by)/, `${JSON.stringify(rotation)}:\n${said}`);
        }
        assert.ok(
          refusals === 0 || warned || chosen,
          `${JSON.stringify(rotation)}: a pod's credential was refused ${refusals} times:\n${said}`,
        );
        await probeAll(await inPods());
        if (excused()) continue;
        await own.mustSignIn();
        count.signIns++;
      }
    });
  }

  it("ends in a stack that holds", async () => {
    const { rotation } = await own.outputs();
    await lapse(rotation);
    // Goes on from whatever the last run left, by what is always possible: the second client leaves by blue-green only.
    const { generation, step } = rotation;
    const isGreen = (await inPods())[0]?.clientId === green("backstage");
    const going = isGreen
      ? { strategy: "blue-green", generation, ...(step === undefined ? {} : { step }) }
      : { strategy: "replace", generation: generation + 1 };
    await own.configure({ backstage: BACKSTAGE, rotation: going });
    await own.up();
    await own.mustHold();
  });
});
