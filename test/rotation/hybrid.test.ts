import assert from "node:assert/strict";
import { waitFor } from "../../sandbox/process";
import { catalogIsAccepted, podsProveTheirs } from "../../verify/checks/proofs";
import { story } from "../e2e/harness";
import { HybridStack } from "./hybridStack";

describe("a rotation in hybrid reaches the running pods", function () {
  this.timeout("8m");
  story();
  let hybrid: HybridStack;
  /** The rotation of the client's secret, as it stays in the settings afterwards. */
  let overlap: Record<string, unknown> = {};

  before(async () => {
    hybrid = await HybridStack.create("hybrid-rotation", 27, 2);
    await hybrid.start(200);
  });
  after(() => hybrid.remove());

  /** Is there a pod that waits for a Secret as new as itself? */
  const waits = async (): Promise<true | undefined> => {
    const { cluster, namespace } = hybrid.own;
    const names = (await cluster.pods(namespace, "backstage")).map(({ metadata }) => metadata?.name ?? "");
    const logs = await Promise.all(
      names.map((name) =>
        cluster.core.readNamespacedPodLog({ namespace, name, container: "wait-for-secrets" }).catch(() => ""),
      ),
    );
    return logs.some((log) => /its client credential is of generation 1, this pod expects 2/.test(log))
      ? true
      : undefined;
  };

  it("of the client's secret, by a change in Git: new pods wait for the Secret, old ones serve, and nobody is refused", async () => {
    const { own } = hybrid;
    const { tried, failed } = await own.signingIn(async () => {
      overlap = { generation: 2, at: new Date().toISOString(), gracePeriod: "5m" };
      await hybrid.configure(overlap);
      await hybrid.sync();
      await waitFor("a pod that waits for the newer Secret", 60, waits);
      assert.equal(await own.readyPods(), 2);
      await hybrid.upAndRefresh();
      await hybrid.arrived("client backstage, client 2, session 1, catalog 1", 200);
    }, 5000);
    console.log(`      ${tried} sign-ins during the rotation, ${failed.length} failed`);
    assert.deepEqual(failed, []);
    assert.equal((await own.pods()).restarts, 0);
  });

  it("of the catalog's secret and of the database's password, which change in the Secrets alone", async () => {
    const { own } = hybrid;
    await hybrid.configure({ ...overlap, catalogSync: 2, database: 2 });
    await hybrid.upAndRefresh();
    const began = performance.now();
    await hybrid.arrived("client backstage, client 2, session 1, catalog 2", 400);
    console.log(
      `      arrived after ${((performance.now() - began) / 1000).toFixed(0)} s, ${(await own.pods()).restarts} restarts of two pods`,
    );
    await own.mustSignIn();
    assert.match(await catalogIsAccepted(await own.context()), /400 invalid_grant/);
    const [database] = await own.cluster.pods(own.namespace, "backstage-database");
    assert.equal(
      database?.status?.containerStatuses?.[0]?.restartCount,
      0,
      "PostgreSQL takes the password without a restart",
    );
  });

  it("of the session secret, by a change in Git", async () => {
    await hybrid.configure({ ...overlap, catalogSync: 2, database: 2, sessionSecret: 2 });
    await hybrid.own.up();
    await hybrid.sync();
    await hybrid.upAndRefresh();
    await hybrid.arrived("client backstage, client 2, session 2, catalog 2", 200);
    await hybrid.own.mustSignIn();
  });

  it("and verify says of each pod which credential it uses", async () => {
    assert.equal(
      await podsProveTheirs(await hybrid.own.context()),
      "2 of client backstage, client 2, session 2, catalog 2",
    );
  });

  it("also of the realm itself: the pods follow to the new issuer, though nothing in Git says so", async () => {
    const { own } = hybrid;
    const before = await own.pods();
    await hybrid.configure(
      { ...overlap, catalogSync: 2, database: 2, sessionSecret: 2 },
      { realm: { name: `${own.realm}-moved` } },
    );
    await hybrid.upAndRefresh();
    const moved = async (): Promise<true | undefined> =>
      (await own.pods()).restarts >= before.restarts + 2 && (await own.readyPods()) === 2 ? true : undefined;
    await waitFor("two pods that have followed", 400, moved, 1000);
    assert.deepEqual((await own.pods()).names, before.names);
    await own.mustSignIn();
  });
});
