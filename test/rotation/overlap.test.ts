import assert from "node:assert/strict";
import { sleep } from "../../sandbox/process";
import { story } from "../e2e/harness";
import { HybridStack } from "./hybridStack";
import { record } from "../faults/records";
import { secondsSince } from "../faults/told";

/** In minutes: how long Keycloak accepts both secrets; the pods take the new one over within. */
const GRACE = { 2: 8, 5: 12 } as const;

for (const replicas of [2, 5] as const) {
  describe(`an overlap in hybrid of which only the Secret tells ${replicas} replicas`, function () {
    this.timeout("25m");
    story();
    let hybrid: HybridStack;
    before(async () => {
      hybrid = await HybridStack.create(`overlap-${replicas}`, 40 + replicas, replicas);
      await hybrid.start(400);
    });
    after(() => hybrid.remove());

    it("is taken over one pod at a time, and fails nobody, also when the old secret lapses", async () => {
      const { own } = hybrid;
      const ready: number[] = [];
      const watching = setInterval(() => void own.readyPods().then((count) => ready.push(count)), 500);
      let seconds = 0;
      const { tried, failed } = await own
        .signingIn(async () => {
          const began = performance.now();
          await hybrid.configure({ generation: 2, at: new Date().toISOString(), gracePeriod: `${GRACE[replicas]}m` });
          await hybrid.upAndRefresh();
          await hybrid.arrived("client backstage, client 2, session 1, catalog 1", GRACE[replicas] * 60);
          seconds = secondsSince(began);
          const { rotation } = await own.outputs();
          await sleep(rotation.graceEnds * 1000 + 10_000 - Date.now());
        }, 10_000)
        .finally(() => clearInterval(watching));
      const { restarts } = await own.pods();
      console.log(
        `      ${tried} sign-ins, ${failed.length} failed; taken over after ${seconds} s, never fewer ` +
          `than ${Math.min(...ready)} pods ready`,
      );
      assert.equal(restarts, replicas);
      assert.ok(Math.min(...ready) >= replicas - 1, `only ${Math.min(...ready)} pods were ready`);
      assert.deepEqual(failed, []);
      record({
        fault: `In hybrid only the Secret tells ${replicas} replicas of an overlap`,
        told: "takeover: the Secret holds another KEYCLOAK_CLIENT_SECRET, proven right; this pod restarts when it is its turn",
        kept: `${tried} sign-ins, ${failed.length} failed; ${restarts} restarts, never more than one pod at a time`,
        heals: "by itself",
        seconds,
      });
    });
  });
}
