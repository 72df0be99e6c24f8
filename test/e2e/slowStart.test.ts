import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { databaseSettings } from "../../sandbox/postgres";
import { root } from "../../sandbox/settings";
import { kubectl } from "./gitops";
import { platform, story, TestStack } from "./harness";

/** The command of the sandbox's Backstage, with an auth plugin that needs so long to initialise, as one with migrations does. */
function slowly(seconds: number): string[] {
  const source = fs.readFileSync(path.join(root, "sandbox", "backstage", "index.js"), "utf8");
  const slow = `
    const { createBackendModule } = require("@backstage/backend-plugin-api");
    const init = () => new Promise((resolve) => setTimeout(resolve, ${seconds * 1000}));
    backend.add(createBackendModule({ pluginId: "auth", moduleId: "slow", register: (env) => env.registerInit({ deps: {}, init }) }));
    backend.start()`;
  assert.ok(source.includes("backend.start()"));
  // Its name comes first among the arguments, as a file's would.
  return ["node", "-e", source.replace("backend.start()", slow), "--", "backstage"];
}

describe("a Backstage whose auth plugin needs a minute", function () {
  this.timeout("5m");
  let own: TestStack;
  before(async () => {
    own = await TestStack.create("slow", 28);
    await own.configure({ backstage: { command: slowly(60), startSeconds: 120, gateSeconds: 60, rolloutSeconds: 200 } });
  });
  after(() => own.remove());

  it("is not restarted while it starts, and signs in", async () => {
    const began = performance.now();
    await own.up();
    assert.ok(performance.now() - began > 60_000, "it was not slow at all");
    assert.equal((await own.pods()).restarts, 0);
    await own.mustSignIn();
  });

  it("is restarted, and the run says so, where it needs longer than its bound", async () => {
    await own.configure({ backstage: { command: slowly(60), startSeconds: 20, gateSeconds: 30, rolloutSeconds: 70 } });
    const { code, stdout, stderr } = await own.stack.up();
    assert.notEqual(code, 0, "the run must not end well");
    assert.match(stdout + stderr, /not ready|progress|deadline/i);
    const pods = await own.cluster.pods(own.namespace, "backstage");
    assert.ok(pods.some(({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0), "it was never restarted");
    await own.mustSignIn();
  });
});

describe("four such replicas at once on one fresh database", function () {
  this.timeout("7m");
  story();
  let own: TestStack;
  const configure = async (over: Record<string, unknown>): Promise<void> => {
    const database = { kind: "postgres", ...(await databaseSettings(await platform())) };
    await own.configure({ backstage: { database, replicas: 4, gateSeconds: 50, startSeconds: 60, rolloutSeconds: 70, ...over } });
  };
  const replicas = async (): Promise<number> => (await own.cluster.apps.readNamespacedDeployment({ namespace: own.namespace, name: "backstage" })).spec?.replicas ?? 0;
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
