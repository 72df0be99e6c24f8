import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { contractKeys } from "../../lib/pod/contract";
import { startKeycloak, stopKeycloak } from "../../sandbox/keycloak";
import { waitFor } from "../../sandbox/process";
import { root } from "../../sandbox/settings";
import { crdFiles } from "./crds";
import { kubectl, render, Tree } from "./gitops";
import { keycloakAdmin, story, TestStack } from "./harness";

const gitops = (namespace: string) => ({ secretStore: {}, source: { namespace, createNamespace: true } });
const STALE = "StaleStaleStaleStaleStaleStaleStaleStaleStaleStal";

describe("the rendered files, as the API server sees them", function () {
  this.timeout("4m");
  const made: string[] = [];
  let crds: string[] = [];
  before(async () => {
    crds = await crdFiles();
    for (const file of crds) await kubectl("apply", "--server-side", "-f", file);
    await kubectl("wait", "--for=condition=Established", "--timeout=60s", ...crds.flatMap((file) => ["-f", file]));
    const there = (await kubectl("get", "namespaces", "-o", "name")).split("\n");
    for (const name of ["keycloak", "identity", "backstage", "argo", "mlflow", "argocd", "argo-cd"]) {
      if (there.includes(`namespace/${name}`)) continue;
      await kubectl("create", "namespace", name);
      made.push(name);
    }
  });
  after(async () => {
    if (made.length > 0) await kubectl("delete", "namespace", ...made);
    if (crds.length > 0) await kubectl("delete", ...crds.flatMap((file) => ["-f", file]));
  });

  for (const folder of ["gitops/dev", "deploy/gitops/staging", "gitops/prod"]) {
    const golden = path.join(root, "test", "golden", folder);
    it(`${folder} is valid to the last field`, async () => {
      // Forced: on the local platform the demo has objects of these names.
      const dryRun = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts"];
      const applied = await kubectl(...dryRun, "-k", golden);
      assert.match(
        applied,
        /externalsecret\.external-secrets\.io\/backstage-oidc serverside-applied \(server dry run\)/,
      );
      const files = fs.readdirSync(golden).filter((file) => file.startsWith("application"));
      if (files.length === 0) return;
      await kubectl(...dryRun, "-k", path.join(golden, "applications"));
      for (const file of files.filter((name) => name.endsWith(".yaml")))
        await kubectl(...dryRun, "-f", path.join(golden, file));
    });
  }

  it("and a misspelt field is refused, so valid means something", async () => {
    const golden = path.join(root, "test", "golden", "gitops/dev/backstage/externalsecret-backstage-oidc.yaml");
    const wrong = fs.readFileSync(golden, "utf8").replace("refreshInterval", "refreshIntervall");
    const file = path.join(fs.mkdtempSync("/tmp/hybrid-"), "wrong.yaml");
    fs.writeFileSync(file, wrong);
    await assert.rejects(
      kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", file),
      /unknown field|not declared in schema/,
    );
    fs.rmSync(path.dirname(file), { recursive: true });
  });
});

describe("hybrid, from nothing", function () {
  this.timeout("6m");
  story();
  let own: TestStack;
  let tree: Tree;
  const source = "hybrid-keycloak";
  before(async () => {
    own = await TestStack.create("hybrid", 9);
    await own.configure({ mode: "hybrid", gitops: gitops(source) });
  });
  after(async () => {
    await kubectl("delete", "namespace", own.namespace, "--ignore-not-found");
    await own.remove();
  });

  /** The last line that a gate wrote. */
  it("Pulumi makes the client and the source Secret, and nothing of Backstage's", async () => {
    await own.up();
    const [client] = await (await keycloakAdmin()).clients.find({ realm: own.realm, clientId: "backstage" });
    assert.equal(client?.publicClient, false);
    const { data } = await own.cluster.core.readNamespacedSecret({ namespace: source, name: "keycloak-clients" });
    assert.equal(
      Buffer.from(data?.[`backstage_${contractKeys.clientSecret}`] ?? "", "base64").toString(),
      (await own.outputs()).credential[contractKeys.clientSecret],
    );
    await assert.rejects(own.cluster.core.readNamespace({ name: own.namespace }), { code: 404 });
  });

  it("the rest is rendered, without a secret, and a change of a file is noticed", async () => {
    const { stack } = own;
    const written = await render(stack.folder, stack.name);
    assert.equal(written.code, 0, written.stdout + written.stderr);
    tree = new Tree(path.join(stack.folder, "gitops", stack.name));
    const { credential, userPasswords } = await own.outputs();
    const secrets = [
      credential[contractKeys.clientSecret],
      credential[contractKeys.sessionSecret],
      ...Object.values(userPasswords),
    ];
    assert.equal(secrets.length, 3);
    for (const secret of secrets) {
      assert.ok(secret !== undefined && secret.length > 10);
      assert.ok(!tree.text.includes(secret) && !tree.text.includes(Buffer.from(secret).toString("base64")));
    }
    assert.equal((await render(stack.folder, stack.name, "--check")).code, 0);
    const file = path.join(tree.folder, "backstage", "service-backstage.yaml");
    fs.appendFileSync(file, "# by hand\n");
    const noticed = await render(stack.folder, stack.name, "--check");
    assert.deepEqual([noticed.code, noticed.stdout.split("\n")[0]], [1, `${file} differs`]);
    assert.equal((await render(stack.folder, stack.name)).code, 0);
  });

  it("applied before its Secret, Backstage waits in the first gate", async () => {
    await tree.sync();
    await waitFor("the gate's line", 60, async () =>
      /the Secret lacks .*KEYCLOAK_CLIENT_SECRET.*look at the ExternalSecret/.test(
        await own.gateSays("wait-for-secrets"),
      )
        ? true
        : undefined,
    );
    assert.equal(await own.readyPods(), 0);
  });

  it("with a stale Secret it waits in the second gate", async () => {
    await tree.refreshSecrets({ [contractKeys.clientSecret]: STALE });
    const line = await waitFor("the gate's line", 150, async () => {
      const said = await own.gateSays("verify-credentials");
      return said.includes("refuses the secret") ? said : undefined;
    });
    assert.ok(!line.includes(STALE));
    assert.equal(await own.readyPods(), 0);
  });

  it("with the right Secret but Keycloak down it waits, and comes up by itself once Keycloak answers", async () => {
    await stopKeycloak();
    try {
      await tree.refreshSecrets();
      await waitFor("the gate's line", 60, async () =>
        /cannot be reached/.test(await own.gateSays("verify-credentials")) ? true : undefined,
      );
    } finally {
      await startKeycloak();
    }
    await waitFor("a ready pod", 200, async () => ((await own.readyPods()) === 1 ? true : undefined));
    await own.mustSignIn();
    const { names, restarts } = await own.pods();
    assert.deepEqual([names.length, restarts], [1, 0], "the first pod, and its Backstage started once");
  });

  it("the gate Job proves Keycloak from inside the cluster", async () => {
    await kubectl("wait", "--for=condition=complete", "--timeout=120s", "job/config", "-n", source);
    assert.match(
      await kubectl("logs", "job/config", "-n", source),
      /verify-credentials: try \d+, .*Keycloak accepts the credential/,
    );
  });
});

describe("direct to hybrid and back", function () {
  this.timeout("6m");
  story();
  let own: TestStack;
  let tree: Tree;
  const source = "handover-keycloak";
  const mode = (to: string): Promise<void> => own.configure({ mode: to, gitops: gitops(source) });

  /** What must be the same all the way through. */
  const identity = async (): Promise<Record<string, unknown>> => {
    const [client] = await (await keycloakAdmin()).clients.find({ realm: own.realm, clientId: "backstage" });
    const { metadata } = await own.cluster.apps.readNamespacedDeployment({
      namespace: own.namespace,
      name: "backstage",
    });
    return {
      client: client?.id,
      deployment: metadata?.uid,
      credential: (await own.outputs()).credential,
      pods: (await own.pods()).names,
    };
  };

  before(async () => {
    own = await TestStack.create("handover", 10);
    await own.up();
    await own.mustSignIn();
  });
  after(async () => {
    await kubectl("delete", "namespace", own.namespace, "--ignore-not-found");
    await own.remove();
  });

  it("in one step is refused, and nothing is deleted", async () => {
    await mode("hybrid");
    const { code, stdout, stderr } = await own.stack.up();
    assert.notEqual(code, 0);
    assert.match(
      stdout + stderr,
      /config: mode is hybrid, and from direct that would delete Backstage; set it to handover, run pulumi up/,
    );
    await own.mustSignIn();
  });

  it("by way of handover loses no sign-in, no pod and no credential", async () => {
    const before = await identity();
    const { tried, failed } = await own.signingIn(async () => {
      await mode("handover");
      await own.up();
      await render(own.stack.folder, own.stack.name);
      tree = new Tree(path.join(own.stack.folder, "gitops", own.stack.name));
      await tree.sync();
      await mode("hybrid");
      await own.up();
      await tree.refreshSecrets();
    });
    console.log(`      ${tried} sign-ins during the change, ${failed.length} failed`);
    assert.deepEqual(failed, []);
    assert.ok(tried > 5);
    assert.deepEqual(await identity(), before);
    const state = await own.stack.mustRun(["stack", "export", "--stack", own.stack.name]);
    assert.doesNotMatch(state, /apps\/v1:Deployment/, "Pulumi has let go of it");
  });

  it("and back takes everything over again, and the source Secret goes", async () => {
    const before = await identity();
    const { failed } = await own.signingIn(async () => {
      await mode("direct");
      await own.up();
    });
    assert.deepEqual(failed, []);
    assert.deepEqual(await identity(), before);
    await assert.rejects(own.cluster.core.readNamespacedSecret({ namespace: source, name: "keycloak-clients" }), {
      code: 404,
    });
    const again = await own.up();
    assert.doesNotMatch(again.stdout, /\d+ (created|updated|replaced|deleted)/);
  });
});
