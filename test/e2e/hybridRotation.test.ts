import assert from "node:assert/strict";
import * as path from "node:path";
import { databaseSettings } from "../../sandbox/postgres";
import { waitFor } from "../../sandbox/process";
import { verify } from "../../verify/checks";
import { lastProof } from "../../verify/checks/proofs";
import { kubectl, render, Tree } from "./gitops";
import { platform, story, TestStack } from "./harness";

const person = (username: string) => ({ username, email: `${username}@example.com`, firstName: username, lastName: "Example" });

/** A Backstage of two replicas that Argo CD and the External Secrets Operator apply; the test plays both. */
describe("a rotation in hybrid reaches the running pods", function () {
  this.timeout("8m");
  story();
  let own: TestStack;
  let tree: Tree;
  const source = "hybrid-rotation-keycloak";
  const configure = async (rotation: Record<string, unknown>): Promise<void> => {
    const database = { kind: "postgres", ...(await databaseSettings(await platform())) };
    await own.configure({
      mode: "hybrid",
      gitops: { secretStore: {}, source: { namespace: source, createNamespace: true } },
      users: ["ada", "bob"].map(person),
      catalogSync: { enabled: true },
      backstage: { database, replicas: 2, gateSeconds: 60, rolloutSeconds: 200 },
      rotation: { strategy: "overlap", ...rotation },
    });
  };
  const rendered = async (): Promise<void> => {
    assert.equal((await render(own.stack.folder, own.stack.name)).code, 0);
    tree = new Tree(path.join(own.stack.folder, "gitops", own.stack.name));
  };

  /** What each pod that is ready says of the credential that it uses, by its last proof. */
  const inUse = async (): Promise<string[]> => {
    const said: string[] = [];
    for (const { metadata, status } of await own.cluster.pods(own.namespace, "backstage")) {
      if (metadata?.deletionTimestamp !== undefined || status?.containerStatuses?.[0]?.ready !== true) continue;
      const log = await own.cluster.core.readNamespacedPodLog({ namespace: own.namespace, name: metadata?.name ?? "", container: "backstage" });
      said.push(lastProof(log) ?? "nothing");
    }
    return said;
  };
  /** Waits until both pods use a credential of these generations. */
  const arrived = (generations: string, seconds: number): Promise<boolean> =>
    waitFor(`two pods with ${generations}`, seconds, async () => {
      const said = await inUse();
      return said.length === 2 && said.every((proof) => proof.startsWith("Keycloak accepts") && proof.endsWith(generations)) ? true : undefined;
    }, 1000);

  before(async () => {
    own = await TestStack.create("hybrid-rotation", 27);
    await configure({});
    await own.up();
    await rendered();
    await tree.sync();
    await tree.refreshSecrets();
    await arrived("client backstage, client 1, session 1, catalog 1", 200);
    await own.mustSignIn();
  });
  after(async () => {
    await kubectl("delete", "namespace", own.namespace, "--ignore-not-found");
    await own.remove();
  });

  it("of the client's secret, by a change in Git: new pods wait for the Secret, old ones serve, and nobody is refused", async () => {
    const { tried, failed } = await own.signingIn(async () => {
      await configure({ generation: 2, at: new Date().toISOString(), gracePeriod: "4m" });
      await rendered();
      await tree.sync();
      await waitFor("a pod that waits for the newer Secret", 60, async () => {
        const pods = await own.cluster.pods(own.namespace, "backstage");
        const logs = await Promise.all(pods.map(({ metadata }) => own.cluster.core.readNamespacedPodLog({ namespace: own.namespace, name: metadata?.name ?? "", container: "wait-for-secrets" }).catch(() => "")));
        return logs.some((log) => /its client credential is of generation 1, this pod expects 2/.test(log)) ? true : undefined;
      });
      assert.equal(await own.readyPods(), 2);
      await own.up();
      await tree.refreshSecrets();
      await arrived("client backstage, client 2, session 1, catalog 1", 200);
    }, 5000);
    console.log(`      ${tried} sign-ins during the rotation, ${failed.length} failed`);
    assert.deepEqual(failed, []);
    assert.equal((await own.pods()).restarts, 0);
  });

  it("of the catalog's secret and of the database's password, which change in the Secrets alone", async () => {
    await configure({ generation: 2, catalogSync: 2, database: 2 });
    await own.up();
    await tree.refreshSecrets();
    const began = performance.now();
    await arrived("client backstage, client 2, session 1, catalog 2", 400);
    console.log(`      arrived after ${((performance.now() - began) / 1000).toFixed(0)} s, ${(await own.pods()).restarts} restarts`);
    await own.mustSignIn();
    const results = await verify(await own.context(), "catalog");
    assert.ok(results.every(({ state }) => state === "ok"), JSON.stringify(results));
    const pods = await own.cluster.pods(own.namespace, "backstage-database");
    assert.equal(pods[0]?.status?.containerStatuses?.[0]?.restartCount, 0, "PostgreSQL took the password without a restart");
  });

  it("of the session secret, by a change in Git", async () => {
    await configure({ generation: 2, catalogSync: 2, database: 2, sessionSecret: 2 });
    await own.up();
    await rendered();
    await tree.sync();
    await tree.refreshSecrets();
    await arrived("client backstage, client 2, session 2, catalog 2", 200);
    await own.mustSignIn();
  });

  it("and verify says of each pod which credential it uses", async () => {
    const proofs = (await verify(await own.context(), "proofs")).find(({ name }) => name === "proofs");
    assert.equal(proofs?.saw, "2 of client backstage, client 2, session 2, catalog 2");
  });
});
