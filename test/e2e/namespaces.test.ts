import assert from "node:assert/strict";
import { stackMark } from "../../lib/ownership/stackMark";
import { ports } from "../../sandbox/settings";
import { apply, kubectl } from "./gitops";
import { keycloakAdmin, platform, story, TestStack } from "./harness";
import { pattern } from "../pattern";

const THEIRS = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "theirs", namespace: "shared" },
  data: { key: "value" },
};
const namespaceOf = (name: string): object => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

describe("a namespace that was there before", function () {
  this.timeout("6m");
  story();
  let own: TestStack;
  let uid: string | undefined;
  before(async () => {
    own = await TestStack.create("shared", 13);
    await kubectl("delete", "namespace", "shared", "--ignore-not-found");
    await apply("kubectl", namespaceOf("shared"));
    await apply("kubectl", THEIRS);
    uid = (await own.cluster.core.readNamespace({ name: "shared" })).metadata?.uid;
  });
  after(async () => {
    await own.remove();
    await kubectl("delete", "namespace", "shared", "--ignore-not-found");
  });

  /**
   * Backstage in another namespace, and so at another port: the cluster has one Service of each, and the old one goes
   * last.
   */
  async function elsewhere(): Promise<Record<string, unknown>> {
    const nodePort = ports.backstage + 14;
    const { nodeAddress } = await platform();
    return { backstage: { namespace: "shared-next", nodePort, url: `http://${nodeAddress}:${nodePort}` } };
  }

  /** It is as its owner made it, with what its owner has in it. */
  async function isTheirs(): Promise<void> {
    const { metadata } = await own.cluster.core.readNamespace({ name: "shared" });
    assert.deepEqual([metadata?.uid, metadata?.annotations, metadata?.deletionTimestamp], [uid, undefined, undefined]);
    const { data } = await own.cluster.core.readNamespacedConfigMap({ namespace: "shared", name: "theirs" });
    assert.deepEqual(data, THEIRS.data);
  }

  /** What `pulumi up` refuses with, having made nothing. */
  async function refusal(): Promise<string> {
    const { code, stdout, stderr } = await own.stack.up();
    assert.notEqual(code, 0);
    assert.doesNotMatch(stdout + stderr, / (keycloak|kubernetes|random):|at .*\.ts:\d+/);
    return stdout + stderr;
  }

  it("with an object of the program's name in it is refused, in one sentence and before anything is made", async () => {
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "backstage", namespace: "shared" },
      spec: { ports: [{ port: 80 }] },
    };
    await apply("kubectl", service);
    assert.match(
      await refusal(),
      pattern(
        /Kubernetes: Service shared\/backstage is there already, and not of this stack; /,
        /delete it, choose another backstage\.namespace, /,
        /or annotate it with backstage-keycloak\/stack=shared to have it taken over\./,
      ),
    );
    assert.equal(await (await keycloakAdmin()).realms.findOne({ realm: own.realm }), null);
    await isTheirs();
    await kubectl("delete", "service", "backstage", "-n", "shared");
  });

  it("is used as it is, and its like for a client's Secret", async () => {
    const client = {
      clientId: "argo",
      rootUrl: "https://argo.example.com",
      redirectUris: ["https://argo.example.com/cb"],
      secret: { namespace: "shared", name: "argo-oidc", createNamespace: true },
    };
    await own.configure({ clients: [client] });
    const { stdout } = await own.up();
    assert.match(stdout, /Namespace shared was there before: it is used as it is, and never deleted\./);
    await own.mustSignIn();
    await isTheirs();
    await own.configure();
    assert.doesNotMatch((await own.up()).stdout, /Namespace +shared/);
    await assert.rejects(own.cluster.core.readNamespacedSecret({ namespace: "shared", name: "argo-oidc" }), {
      code: 404,
    });
    await isTheirs();
  });

  it("stays when Backstage moves to another one, which the program makes", async () => {
    await own.configure({ ...(await elsewhere()), namespaces: { protect: true } });
    await own.up();
    await isTheirs();
    await assert.rejects(own.cluster.apps.readNamespacedDeployment({ namespace: "shared", name: "backstage" }), {
      code: 404,
    });
    const { metadata } = await own.cluster.core.readNamespace({ name: "shared-next" });
    assert.equal(metadata?.annotations?.["backstage-keycloak/stack"], stackMark("shared")["backstage-keycloak/stack"]);
    await own.mustSignIn();
  });

  it("and one that the program has made is protected, in one sentence, until the setting lifts that", async () => {
    const sentence = pattern(
      /config: namespaces\.protect keeps Namespace shared-next from being deleted with all that is in it, /,
      /which this stack has made and the settings no longer name; /,
      /set them back, or set namespaces\.protect to false, run pulumi up, and then change them\./,
    );
    for (const protect of [true, false]) {
      await own.configure({ namespaces: { protect } });
      assert.match(await refusal(), sentence, `protect is ${protect} now, and was true in the run before`);
    }
    await own.configure(await elsewhere());
    await own.up();
    await own.configure();
    await own.up();
    await assert.rejects(own.cluster.core.readNamespace({ name: "shared-next" }), { code: 404 });
    await own.mustSignIn();
  });

  it("survives destroy, with everything of its owner's in it", async () => {
    const { code, stdout, stderr } = await own.stack.destroy();
    assert.equal(code, 0, stdout + stderr);
    await isTheirs();
    await assert.rejects(own.cluster.core.readNamespacedService({ namespace: "shared", name: "backstage" }), {
      code: 404,
    });
  });
});
