import assert from "node:assert/strict";
import { startKeycloak, stopKeycloak } from "../../sandbox/keycloak";
import { sleep, waitFor, type RunResult } from "../../sandbox/process";
import { keycloakAdmin, story, TestStack } from "../e2e/harness";
import { Proxy, type Weather } from "./proxy";
import { record } from "./records";
import { firstBroken, lineOf, secondsSince } from "./told";

/** What a run says of a resource, or of Keycloak before there is any. */
const REFUSED = /error: (?!update failed)|Keycloak: /;

describe("Keycloak fails", function () {
  this.timeout("10m");
  story();
  let own: TestStack;
  let proxy: Proxy;
  let generation = 1;
  before(async () => {
    own = await TestStack.create("weather", 23);
    proxy = await Proxy.start();
  });
  after(async () => {
    await startKeycloak();
    await proxy.stop();
    await own.remove();
  });

  const up = (): Promise<RunResult> => own.stack.run(own.stack.updating("up"), { env: proxy.env });
  const nextGeneration = (): Promise<void> =>
    own.configure({ rotation: { generation: ++generation, strategy: "replace" } });
  /** The client is there once, and all of the chain holds. */
  const kept = "client, Secret and state with one secret; a sign-in";

  it("before a run: the run waits, says for what, and goes on when Keycloak answers", async () => {
    await stopKeycloak();
    // Straight: through the proxy a refused connection looks like one that was closed.
    const running = own.stack.up();
    await sleep(10_000);
    await startKeycloak();
    const began = performance.now();
    const { code, stdout, stderr } = await running;
    assert.equal(code, 0, stdout + stderr);
    const said = /waiting up to .*/.exec(stdout + stderr)?.[0] ?? "";
    assert.match(said, /waiting up to 120 s for Keycloak: \S+ cannot be reached \(ECONNREFUSED\)/);
    await own.mustHold();
    record({
      fault: "Keycloak is down when `pulumi up` begins",
      told: said,
      kept,
      heals: "by itself: the run waits",
      seconds: secondsSince(began),
    });
  });

  it("slow, 5 s an answer, while tokens last 10 s: the run takes longer, and ends well", async () => {
    const realms = (await keycloakAdmin()).realms;
    const lifespan = (await realms.findOne({ realm: "master" }))?.accessTokenLifespan;
    await realms.update({ realm: "master" }, { accessTokenLifespan: 10 });
    proxy.weather = { delayMs: 5000 };
    proxy.struck = 0;
    const began = performance.now();
    try {
      await nextGeneration();
      const { code, stdout, stderr } = await up();
      assert.equal(code, 0, stdout + stderr);
      assert.ok(secondsSince(began) > 10 && proxy.struck > 5, `${proxy.struck} requests in ${secondsSince(began)} s`);
    } finally {
      proxy.weather = {};
      await (await keycloakAdmin()).realms.update({ realm: "master" }, { accessTokenLifespan: lifespan ?? 60 });
    }
    await own.mustHold();
    record({
      fault: "Keycloak takes 5 s for each answer, and tokens expire in the middle of the run",
      told: "nothing: the run takes longer",
      kept,
      heals: "by itself",
      seconds: secondsSince(began),
    });
  });

  const writes = { methods: ["POST", "PUT"], url: "/admin/realms/" };
  const bad: [string, Weather, RegExp][] = [
    ["500", { when: writes, status: 500 }, /500/],
    ["429", { when: writes, status: 429 }, /429/],
  ];
  for (const [what, weather, sentence] of bad) {
    it(`answers ${what} while a run writes: the run says so, and the next one ends it`, async () => {
      proxy.weather = weather;
      proxy.struck = 0;
      await nextGeneration();
      const failed = await up();
      proxy.weather = {};
      assert.ok(proxy.struck > 0, "no request was struck");
      const told = lineOf(failed, REFUSED);
      assert.match(told, sentence);
      const began = performance.now();
      await own.up();
      await own.mustHold();
      record({
        fault: `Keycloak, or a proxy before it, answers ${what} in the middle of a run`,
        told,
        kept,
        heals: "pulumi up again",
        seconds: secondsSince(began),
      });
    });
  }

  it("answers 500 and 429 before a run: the run waits", async () => {
    proxy.weather = { status: 500 };
    const running = up();
    await waitFor("a question that is answered by 500", 60, () => (proxy.struck > 0 ? true : undefined));
    proxy.weather = { status: 429 };
    await sleep(5000);
    proxy.weather = {};
    const began = performance.now();
    const { code, stdout, stderr } = await running;
    assert.equal(code, 0, stdout + stderr);
    const said = /waiting up to .*/.exec(stdout + stderr)?.[0] ?? "";
    assert.match(said, /answers (500|429)/);
    record({
      fault: "Keycloak answers 500, then 429, when `pulumi up` begins",
      told: said,
      kept,
      heals: "by itself: the run waits",
      seconds: secondsSince(began),
    });
  });

  it("is restarted in the middle of a run: that run or the next one ends it", async () => {
    await nextGeneration();
    proxy.weather = { when: writes, delayMs: 3000 };
    proxy.struck = 0;
    const running = up();
    await waitFor("a request that writes", 120, () => (proxy.struck > 0 ? true : undefined));
    proxy.weather = {};
    await stopKeycloak();
    await startKeycloak();
    const first = await running;
    const told = first.code === 0 ? "nothing: the run went on" : lineOf(first, REFUSED);
    const began = performance.now();
    await own.up();
    await own.mustHold();
    record({
      fault: "Keycloak is restarted in the middle of a run",
      told,
      kept,
      heals: "pulumi up again",
      seconds: secondsSince(began),
    });
  });

  it("after a run: verify says so, pods stay ready, and sign-ins work when it is back", async () => {
    const before = await own.pods();
    await stopKeycloak();
    const told = await firstBroken(own);
    assert.match(told, /cannot be reached \(ECONNREFUSED\)/);
    assert.equal(await own.readyPods(), 1);
    await startKeycloak();
    const { seconds: took } = await own.untilSignIn(60);
    assert.deepEqual(await own.pods(), before);
    record({
      fault: "Keycloak is down while Backstage runs",
      told,
      kept: "the same pod, ready and never restarted; a sign-in",
      heals: "by itself, when Keycloak answers",
      seconds: Math.ceil(took),
    });
  });
});
