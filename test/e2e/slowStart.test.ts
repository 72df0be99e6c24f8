import assert from "node:assert/strict";
import { TestStack } from "./harness";
import { slowly } from "./slowly";

describe("a Backstage whose auth plugin needs a minute", function () {
  this.timeout("5m");
  let own: TestStack;
  before(async () => {
    own = await TestStack.create("slow", 28);
    await own.configure({
      backstage: { command: slowly(60), startSeconds: 120, gateSeconds: 60, rolloutSeconds: 200 },
    });
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
    assert.ok(
      pods.some(({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0),
      "it was never restarted",
    );
    await own.mustSignIn();
  });
});
