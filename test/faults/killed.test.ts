import assert from "node:assert/strict";
import { createHash, randomInt } from "node:crypto";
import { contractKeys } from "../../lib/pod/contract";
import { sleep, type RunResult } from "../../sandbox/process";
import { keycloakAdmin, TestStack } from "../e2e/harness";
import { killAt } from "./kill";
import { record } from "./records";

/** How many runs are killed; `npm run faults` takes 20. */
const POINTS = Number(process.env.FAULT_POINTS ?? 6);
const SEED = Number(process.env.FAULT_SEED ?? randomInt(2 ** 31));

/** Numbers from 0 to 1 that the seed decides. */
function* numbers(): Generator<number, never> {
  for (let index = 0; ; index++)
    yield createHash("sha256").update(`${SEED} ${index}`).digest().readUInt32BE() / 2 ** 32;
}

type Run = "up from nothing" | "rotation" | "destroy";

/** About how many lines a run of each kind prints of what begins and ends. */
const EVENTS: Readonly<Record<Run, number>> = { "up from nothing": 62, rotation: 9, destroy: 40 };

/** Keycloak goes on with a request whose sender was killed, and refuses the same one until it is through. */
const STILL_AT_IT = /400 .*Database operation failed|409 .*Realm \S+ already exists/;

describe(`pulumi killed at ${POINTS} points (FAULT_SEED=${SEED})`, function () {
  this.timeout("60m");
  let own: TestStack;
  const random = numbers();
  const seconds: Record<Run, number[]> = { "up from nothing": [], rotation: [], destroy: [] };
  let generation = 1;
  let lock = "";
  /** How often a run had to be repeated. */
  let twice = 0;
  before(async () => {
    own = await TestStack.create("killed", 22);
  });
  after(() => own.remove());

  /**
   * Kills a run at a random point and heals by the documented way; the seconds that took, or undefined when it was over
   * before.
   */
  async function killAndHeal(run: Run): Promise<number | undefined> {
    const command = run === "destroy" ? "destroy" : "up";
    const events = Math.floor(random.next().value * EVENTS[run]);
    const { killed, last } = await killAt(own.stack, command, events, Math.floor(random.next().value * 700));
    console.log(`      ${run} killed after ${events} events: ${last}${killed ? "" : " (it was over before)"}`);
    if (killed && lock === "") {
      const locked = await own.stack.up();
      assert.notEqual(locked.code, 0);
      lock = /the stack is currently locked by 1 lock\(s\)\. (.*)/.exec(locked.stdout + locked.stderr)?.[1] ?? "";
      assert.match(lock, /`pulumi cancel`/);
    }
    const began = performance.now();
    if (killed) assert.equal((await own.stack.cancel()).code, 0);
    const again = (): Promise<RunResult> => (command === "up" ? own.stack.up() : own.stack.destroy("--refresh"));
    let healed = await again();
    if (killed && STILL_AT_IT.test(healed.stdout + healed.stderr)) {
      twice++;
      await sleep(5000);
      healed = await again();
    }
    assert.equal(healed.code, 0, healed.stdout + healed.stderr);
    return killed ? (performance.now() - began) / 1000 : undefined;
  }

  async function nothingIsLeft(): Promise<void> {
    assert.equal(await (await keycloakAdmin()).realms.findOne({ realm: own.realm }), null, "a realm was left");
    await assert.rejects(own.cluster.core.readNamespace({ name: own.namespace }), { code: 404 });
  }

  /** Sign-in works, and Keycloak has no client but one, whose secret is the state's and the Secret's. */
  async function everythingIsThere(): Promise<void> {
    await own.mustHold();
    const admin = await keycloakAdmin();
    const ours = (await admin.clients.find({ realm: own.realm })).filter(
      ({ attributes }) => (attributes as Record<string, string> | undefined)?.["managed-by"] !== undefined,
    );
    assert.deepEqual(
      ours.map(({ clientId }) => clientId),
      ["backstage"],
    );
    const { credential } = await own.outputs();
    assert.equal(ours[0]?.secret, credential[contractKeys.clientSecret]);
    if ((await pendingOperations()) > 0) {
      await own.stack.mustRun([
        "refresh",
        "--yes",
        "--skip-preview",
        "--non-interactive",
        "--clear-pending-creates",
        "--stack",
        own.stack.name,
      ]);
      assert.equal(await pendingOperations(), 0);
    }
    const kept = await own.stack.preview("--expect-no-changes");
    assert.equal(kept.code, 0, kept.stdout + kept.stderr);
  }

  async function pendingOperations(): Promise<number> {
    const state = JSON.parse(await own.stack.mustRun(["stack", "export", "--stack", own.stack.name])) as {
      deployment: { pending_operations?: unknown[] };
    };
    return (state.deployment.pending_operations ?? []).length;
  }

  /** Notes the longest of a kind so far, so that a run that is ended early has told what it saw. */
  function noted(run: Run, took: number): void {
    seconds[run].push(took);
    record({
      fault: `kill -9 of engine, language host and plugins at random points of ${run === "rotation" ? "a rotation" : run}`,
      told: `the stack is currently locked by 1 lock(s). ${lock}`,
      kept: `${
        run === "destroy"
          ? "nothing is left in Keycloak or Kubernetes"
          : "one client, the same secret in state, Keycloak and " + "Secret, a sign-in"
      }: ${seconds[run].length} times of ${seconds[run].length}`,
      heals:
        `pulumi cancel, then ${run === "destroy" ? "destroy --refresh" : "up"} ` +
        `again${run === "up from nothing" && twice > 0 ? ` (${twice} times once more: Keycloak was still at it)` : ""}`,
      seconds: Math.ceil(Math.max(...seconds[run])),
    });
  }

  it("goes on where it was: nothing orphaned, no secret lost, sign-in works", async () => {
    for (let points = 0, tries = 0; points < POINTS;) {
      assert.ok(tries++ < 2 * POINTS, "too many runs were over before their point");
      for (const run of ["up from nothing", "rotation", "destroy"] as const) {
        if (run === "up from nothing") generation = 1;
        if (run === "rotation") generation++;
        await own.configure({ rotation: { generation, strategy: "replace" } });
        if (points >= POINTS) break;
        const took = await killAndHeal(run);
        if (run === "destroy") await nothingIsLeft();
        else await everythingIsThere();
        if (took !== undefined) {
          points++;
          noted(run, took);
        }
      }
    }
  });
});
