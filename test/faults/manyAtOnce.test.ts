import assert from "node:assert/strict";
import { databaseSettings } from "../../sandbox/postgres";
import { kubectl } from "../e2e/gitops";
import { platform, story, TestStack } from "../e2e/harness";
import { slowly } from "../e2e/slowly";

describe("four replicas that start slowly, at once on one fresh database", function () {
  this.timeout("7m");
  story();
  let own: TestStack;
  const configure = async (over: Record<string, unknown>): Promise<void> => {
    const database = { kind: "postgres", ...(await databaseSettings(await platform())) };
    await own.configure({
      backstage: { database, replicas: 4, gateSeconds: 50, startSeconds: 60, rolloutSeconds: 70, ...over },
    });
  };
  const replicas = async (): Promise<number> =>
    (await own.cluster.apps.readNamespacedDeployment({ namespace: own.namespace, name: "backstage" })).spec?.replicas ??
    0;
  before(async () => {
    own = await TestStack.create("four-slow", 29);
  });
  after(() => own.remove());

  it("start one after the other: the last waits longer than a start may take, and the run longer than a pod may", async () => {
    await configure({ command: slowly(25) });
    const began = performance.now();
    await own.up();
    assert.ok(performance.now() - began > 100_000, "they did not start one after the other");
    assert.equal(await own.readyPods(), 4);
    assert.equal((await own.pods()).restarts, 0);
    await own.mustSignIn();
  });

  it("stay as many when an autoscaler is switched on", async () => {
    await configure({ autoscaling: { minReplicas: 3, maxReplicas: 5 } });
    const seen = [await replicas()];
    const watching = setInterval(() => void replicas().then((count) => seen.push(count)), 100);
    try {
      await own.up();
    } finally {
      clearInterval(watching);
    }
    assert.ok(seen.length > 10 && Math.min(...seen) >= 3, `there were ${Math.min(...seen)} for a moment`);
    await own.mustSignIn();
  });

  it("and as many as the autoscaler has made of them, when the Deployment changes later", async () => {
    await kubectl("scale", "deployment/backstage", "-n", own.namespace, "--replicas", "5");
    // A change that makes no new pods.
    await configure({ autoscaling: { minReplicas: 3, maxReplicas: 5 }, rolloutSeconds: 90 });
    await own.up();
    const { spec } = await own.cluster.apps.readNamespacedDeployment({ namespace: own.namespace, name: "backstage" });
    assert.deepEqual([spec?.progressDeadlineSeconds, spec?.replicas], [90, 5]);
  });
});
