import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { contractKeys } from "../../lib/pod/contract";
import { prove } from "../../lib/pod/scripts/keycloak.mjs";
import type { Result } from "../../verify/runChecks";
import { adminPassword } from "../../sandbox/keycloak";
import { stateFolder } from "../../sandbox/pulumi";
import { inPlatform, ports } from "../../sandbox/settings";
import { keycloakAdmin, platform, story, TestStack } from "./harness";
import { whileWatched, type Watched } from "./watched";

const credential = (values: Readonly<Record<string, string>>) => ({
  metadataUrl: values[contractKeys.metadataUrl] ?? "",
  issuer: values[contractKeys.issuer] ?? "",
  clientId: values[contractKeys.clientId] ?? "",
  clientSecret: values[contractKeys.clientSecret] ?? "",
});

/** Every file below a folder that a person or a tool may read, as one text. */
function textOf(folder: string): string {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fs.readFileSync(`${entry.parentPath}/${entry.name}`, "utf8"))
    .join("\n");
}

describe("a stack's life", function () {
  this.timeout("5m");
  story();

  let own: TestStack;
  const printed: string[] = [];
  let watched: Watched;
  const revision = async (): Promise<string | undefined> =>
    (await own.cluster.apps.readNamespacedDeployment({ namespace: own.namespace, name: "backstage" })).metadata
      ?.annotations?.["deployment.kubernetes.io/revision"];
  before(async () => {
    own = await TestStack.create("lifecycle", 1);
  });
  after(() => own.remove());

  it("previews on nothing, and creates nothing", async () => {
    const { code, stdout, stderr } = await own.stack.preview();
    printed.push(stdout, stderr);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /keycloak:openid:Client/);
    const admin = await keycloakAdmin();
    assert.equal(await admin.realms.findOne({ realm: own.realm }), null);
    await assert.rejects(own.cluster.core.readNamespace({ name: own.namespace }), { code: 404 });
  });

  it("comes up, and a user signs in", async () => {
    const TMPDIR = fs.mkdtempSync(path.join(os.tmpdir(), "lifecycle-"));
    watched = await whileWatched(TMPDIR, async () => {
      const { code, stdout, stderr } = await own.stack.run(own.stack.updating("up"), { env: { TMPDIR } });
      assert.equal(code, 0, stdout + stderr);
      assert.doesNotMatch(stdout + stderr, /will not show as a stack output/);
      printed.push(stdout, stderr);
    });
    fs.rmSync(TMPDIR, { recursive: true });
    assert.equal((await own.mustSignIn()).userEntityRef, "user:default/ada");
  });

  it("passes every check of verify", async () => {
    await own.mustHold();
  });

  it("passes `npm run verify`, which prints no secret", async () => {
    const { code, stdout, stderr } = await own.verify(["--login", "ada"]);
    printed.push(stdout, stderr);
    assert.equal(code, 0, stdout + stderr);
    const results = JSON.parse(stdout) as Result[];
    assert.deepEqual(
      results.filter(({ state }) => state !== "ok"),
      [],
    );
    assert.equal(results.at(-1)?.saw, "as user:default/ada");
  });

  it("runs again and changes nothing", async () => {
    const before = await own.pods();
    const { stdout, stderr } = await own.up("--expect-no-changes");
    printed.push(stdout, stderr);
    assert.deepEqual(await own.pods(), before);
  });

  it("shows no drift after a refresh of its own work", async () => {
    const refreshed = await own.stack.refresh();
    assert.equal(refreshed.code, 0, refreshed.stdout);
    const { code, stdout } = await own.stack.preview("--expect-no-changes");
    assert.equal(code, 0, stdout);
  });

  it("shows nobody a secret while it runs, in a command line or in a temporary file that others may read", async () => {
    const { credential: values, userPasswords } = await own.outputs();
    const { commandLines, openFiles, files } = watched;
    console.log(`      ${commandLines.split("\n").length} command lines, ${files} temporary files`);
    assert.match(commandLines, /pulumi up --yes .*--stack lifecycle/);
    for (const secret of [
      adminPassword(),
      values[contractKeys.clientSecret],
      values[contractKeys.sessionSecret],
      userPasswords.ada,
    ]) {
      assert.ok(secret !== undefined && secret.length >= 10);
      assert.ok(!commandLines.includes(secret), "a command line holds a secret in clear");
      assert.ok(!openFiles.includes(secret), "a file that others may read holds a secret in clear");
    }
  });

  it("rolls a new client secret out exactly once; the new one works and the old one does not", async () => {
    assert.equal(await revision(), "1");
    const old = credential((await own.outputs()).credential);
    await own.configure({ rotation: { generation: 2, strategy: "replace" } });
    const { stdout, stderr } = await own.up();
    printed.push(stdout, stderr);
    const now = credential((await own.outputs()).credential);
    assert.equal(await revision(), "2");
    assert.equal((await prove(now)).answer, "accepted");
    assert.equal((await prove(old)).answer, "refused");
    await own.mustSignIn();
    assert.equal((await own.pods()).restarts, 0);
  });

  it("leaves no secret in clear in its state, logs, events, outputs or ConfigMaps", async () => {
    const { credential: values, userPasswords } = await own.outputs();
    const secrets = [values[contractKeys.clientSecret], values[contractKeys.sessionSecret], userPasswords.ada];
    for (const secret of secrets) assert.ok((secret ?? "").length >= 20);
    const encoded = secrets.map((secret) => Buffer.from(secret ?? "").toString("base64"));

    const { namespace } = own;
    const pods = await own.cluster.pods(namespace, "backstage");
    const podLogs = await Promise.all(
      pods.flatMap(({ metadata, spec }) =>
        [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((container) =>
          own.cluster.core.readNamespacedPodLog({ namespace, name: metadata?.name ?? "", container: container.name }),
        ),
      ),
    );
    assert.ok(podLogs.every((log) => log.length > 0));
    const places: Record<string, string> = {
      "the state": textOf(stateFolder),
      "the stack's config": textOf(own.stack.folder),
      "what pulumi printed": printed.join("\n"),
      "the outputs": await own.stack.mustRun(["stack", "output", "--json", "--stack", own.stack.name]),
      "the pods' logs": podLogs.join("\n"),
      "the pods": JSON.stringify(pods),
      "the events": JSON.stringify(await own.cluster.core.listNamespacedEvent({ namespace })),
      "the ConfigMaps": JSON.stringify(await own.cluster.core.listNamespacedConfigMap({ namespace })),
      "the sandbox's logs": textOf(inPlatform("logs")),
    };
    for (const [place, text] of Object.entries(places)) {
      assert.ok(text.length > 100, `${place} was not read`);
      for (const secret of [...secrets, ...encoded])
        assert.ok(!text.includes(secret ?? "?"), `${place} holds a secret in clear`);
    }
  });

  it("heals a client that was deleted by hand", async () => {
    const admin = await keycloakAdmin();
    const [client] = await admin.clients.find({ realm: own.realm, clientId: "backstage" });
    await admin.clients.del({ realm: own.realm, id: client?.id ?? "" });
    await own.refresh();
    await own.up();
    await own.mustSignIn();
  });

  it("heals a realm that was deleted by hand, its users included", async () => {
    await (await keycloakAdmin()).realms.del({ realm: own.realm });
    await own.refresh();
    await own.up();
    await own.mustSignIn();
  });

  it("heals a Secret that was edited by hand", async () => {
    await own.editSecret({ [contractKeys.clientSecret]: "edited" });
    await own.refresh();
    await own.up();
    await own.mustHold();
  });

  it("moves to another public URL in place: the same client, one rollout, and sign-in at the new URL only", async () => {
    const { nodeAddress } = await platform();
    const admin = await keycloakAdmin();
    const client = async () => {
      const [found] = await admin.clients.find({ realm: own.realm, clientId: "backstage" });
      assert.ok(found !== undefined);
      return found;
    };
    const before = await client();
    const was = await revision();
    const nodePort = ports.backstage + 8;
    const url = `http://${nodeAddress}:${nodePort}`;
    await own.configure({ rotation: { generation: 2, strategy: "replace" }, backstage: { url, nodePort } });
    await own.up();
    await own.mustSignIn();
    const after = await client();
    assert.equal(after.id, before.id);
    assert.deepEqual(after.redirectUris, [`${url}/api/auth/oidc/handler/frame`]);
    assert.notDeepEqual(before.redirectUris, after.redirectUris);
    assert.equal(after.rootUrl, url);
    assert.equal(Number(await revision()), Number(was) + 1);
    await own.mustHold();
  });

  it("is destroyed, and leaves nothing in Keycloak or Kubernetes", async () => {
    const { code, stdout } = await own.stack.destroy();
    assert.equal(code, 0, stdout);
    assert.equal(await (await keycloakAdmin()).realms.findOne({ realm: own.realm }), null);
    await assert.rejects(own.cluster.core.readNamespace({ name: own.namespace }), { code: 404 });
  });
});
