import { Exec, KubeConfig } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { contractKeys } from "../../lib/pod/contract";
import { startKeycloak, stopKeycloak } from "../../sandbox/keycloak";
import { sleep, waitFor } from "../../sandbox/process";
import { verify } from "../../verify/chain";
import { kubectl } from "./gitops";
import { keycloakAdmin, platform, regenerateSecret, TestStack } from "./harness";

/** The bound that the design gives: kubelet's sync of a mounted Secret, one probe, one start. */
const HEALED_SECONDS = 120;

describe("a running Backstage heals itself", function () {
  this.timeout("8m");
  let own: TestStack;
  before(async () => {
    own = await TestStack.create("healing", 2);
    await own.up();
    await own.mustSignIn();
  });
  after(() => own.remove());

  it("when Keycloak and the Secret get another value behind Pulumi's back", async () => {
    const changed = "Changed0Changed0Changed0Changed0Changed0Changed0";
    const before = await own.pods();

    const admin = await keycloakAdmin();
    const [client] = await admin.clients.find({ realm: own.realm, clientId: "backstage" });
    assert.ok(client?.id !== undefined);
    await admin.clients.update({ realm: own.realm, id: client.id }, { ...client, secret: changed });
    await own.editSecret({ [contractKeys.clientSecret]: changed });

    const { seconds, refused } = await own.untilSignIn(HEALED_SECONDS);
    console.log(`      healed after ${seconds.toFixed(0)} s; ${refused.length} sign-ins refused until then`);
    assert.ok(refused.length > 0, "the change was not noticed: the old secret still works");
    const after = await own.pods();
    assert.deepEqual(after.names, before.names, "it was the same pod");
    assert.equal(after.restarts, before.restarts + 1, "restarted once");

    // Pulumi is the owner, and its next run says so again: to the pod that is the same change once more.
    await own.refresh();
    await own.up();
    await own.untilSignIn(HEALED_SECONDS);
  });

  it("when Backstage's process started before its realm was there", async () => {
    const { kubeconfig } = await platform();
    const before = await own.pods();
    // Renamed, the realm is gone for everybody, and comes back as it was: nothing but time tells the pod so.
    const away = `${own.realm}-away`;
    await (await keycloakAdmin()).realms.update({ realm: own.realm }, { realm: away });
    try {
      const config = new KubeConfig();
      config.loadFromFile(kubeconfig);
      const stop = ["node", "-e", "process.kill(1, 'SIGTERM')"];
      await new Exec(config).exec(
        own.namespace,
        before.names[0] ?? "",
        "backstage",
        stop,
        new PassThrough(),
        null,
        null,
        false,
      );
      await waitFor("the restart of the container", 60, async () =>
        (await own.pods()).restarts === before.restarts + 1 ? true : undefined,
      );

      // Long enough for every probe to have its say: nothing restarts a pod while the realm is missing.
      await sleep(45_000);
      assert.equal((await own.pods()).restarts, before.restarts + 1);
      assert.equal(await own.readyPods(), 0, "a pod that cannot sign anybody in is not ready");
    } finally {
      await (await keycloakAdmin()).realms.update({ realm: away }, { realm: own.realm });
    }
    const { seconds } = await own.untilSignIn(HEALED_SECONDS);
    console.log(`      healed ${seconds.toFixed(0)} s after the realm came back`);
    assert.deepEqual((await own.pods()).names, before.names, "it was the same pod");
  });

  it("tells of a secret that is changed in Keycloak alone, and goes on serving whoever is signed in", async () => {
    const before = await own.pods();
    await regenerateSecret(own.realm);
    const [name = ""] = before.names;
    const refused =
      /^health: proof: Keycloak refuses the secret of client backstage .*every new sign-in fails: run pulumi up --refresh$/m;
    const told = async (): Promise<true | undefined> =>
      refused.test(
        await own.cluster.core.readNamespacedPodLog({ namespace: own.namespace, name, container: "backstage" }),
      )
        ? true
        : undefined;
    await waitFor("the line in the log", 100, told, 1000);
    const metrics = await kubectl(
      "get",
      "--raw",
      `/api/v1/namespaces/${own.namespace}/pods/${name}:7008/proxy/metrics`,
    );
    assert.match(metrics, /^backstage_credential_accepted\{credential="sign-in"\} 0$/m);
    assert.deepEqual(await own.pods(), before);
    assert.equal(await own.readyPods(), 1);
    const credential = (await verify(await own.context(), "credential")).at(-1);
    assert.deepEqual(
      [credential?.state, credential?.remedy],
      ["failed", "the Secret is stale: run pulumi up --refresh"],
    );
    await own.up("--refresh");
    await own.mustSignIn();
  });

  it("and leaves a pod alone while Keycloak is down for two minutes", async () => {
    const before = await own.pods();
    await stopKeycloak();
    try {
      await sleep(120_000);
      assert.deepEqual(await own.pods(), before);
      assert.equal(await own.readyPods(), 1, "who is signed in goes on working");
    } finally {
      await startKeycloak();
    }
    await own.mustSignIn();
    assert.deepEqual(await own.pods(), before);
  });
});
