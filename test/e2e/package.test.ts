import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { adminPassword } from "../../sandbox/keycloak";
import { mustEnd, waitFor, type RunResult } from "../../sandbox/process";
import { pulumi } from "../../sandbox/pulumi";
import { ports, root } from "../../sandbox/settings";
import type { Outputs } from "../../lib/outputs";
import { signIn } from "../../verify/signIn";
import { makeConsumer } from "../packaging/consumer";
import { platform, story } from "./harness";

type Values = Record<string, Record<string, unknown>>;

/** The settings of Pulumi.dev.yaml for a place of their own on the platform. */
async function settings(): Promise<Values> {
  const { keycloakUrl, nodeAddress, image } = await platform();
  const { config } = parse(fs.readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8")) as { config: Values };
  const dev: Values = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.slice("backstage-keycloak:".length), value]),
  );
  const nodePort = ports.backstage + 31;
  const url = `http://${nodeAddress}:${nodePort}`;
  return {
    ...dev,
    keycloak: { url: keycloakUrl },
    realm: { name: "theirs" },
    backstage: { ...dev.backstage, namespace: "theirs", image, nodePort, url },
  };
}

describe("a program of somebody else's that uses the package", function () {
  this.timeout("10m");
  story();

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "theirs-"));
  const run = (...args: string[]): Promise<RunResult> =>
    pulumi([...args, "--non-interactive", "--stack", "theirs"], { cwd: folder, input: adminPassword() });
  const change = async (more: Values = {}): Promise<void> => {
    const file = path.join(folder, "Pulumi.theirs.yaml");
    const before = parse(fs.readFileSync(file, "utf8")) as { config?: object };
    const config = { ...before.config, "theirs:settings": { ...(await settings()), ...more } };
    fs.writeFileSync(file, stringify({ ...before, config }));
  };
  const update = async (): Promise<string> => mustEnd(await run("up", "--yes", "--skip-preview")).stdout;
  const mustSignIn = async (): Promise<void> => {
    const { stdout } = mustEnd(await run("stack", "output", "--json", "--show-secrets"));
    const { backstageUrl, userPasswords } = JSON.parse(stdout) as Outputs;
    await waitFor(`a route to ${backstageUrl}`, 15, () => fetch(backstageUrl, { signal: AbortSignal.timeout(5000) }));
    const of = { backstageUrl, authProvider: "oidc", authEnvironment: "dev", username: "ada" };
    const outcome = await signIn({ ...of, password: userPasswords.ada ?? "" });
    assert.ok(outcome.ok, JSON.stringify(outcome));
  };

  before(async () => {
    await platform();
    await makeConsumer(folder);
    mustEnd(await pulumi(["stack", "select", "--create", "theirs"], { cwd: folder }));
    mustEnd(await run("config", "set", "--secret", "adminSecret"));
    await change();
  });
  after(async () => {
    mustEnd(await run("destroy", "--yes", "--refresh"));
    await pulumi(["stack", "rm", "--yes", "theirs"], { cwd: folder });
    fs.rmSync(folder, { recursive: true });
  });

  it("signs in after its first update", async () => {
    await update();
    await mustSignIn();
  });

  it("has everything below the component, and its secret nowhere in clear", async () => {
    const { stdout } = mustEnd(await run("stack", "export"));
    assert.ok(!stdout.includes(adminPassword()));
    const { deployment } = JSON.parse(stdout) as { deployment: { resources: { urn: string; parent?: string }[] } };
    const urns = deployment.resources.map(({ urn }) => urn);
    assert.ok(urns.length > 20);
    const beside = urns.filter((urn) => !urn.includes("backstage-keycloak:index:BackstageWithKeycloak"));
    const types = beside.map((urn) => urn.split("::")[2]).sort();
    assert.deepEqual(types, ["pulumi:providers:pulumi", "pulumi:providers:random", "pulumi:pulumi:Stack"]);
  });

  it("changes nothing when nothing has changed", async () => {
    mustEnd(await run("preview", "--expect-no-changes"));
  });

  it("goes on from its last update: a rotation is told whom it costs, and what was replaced does not come back", async () => {
    await change({ rotation: { generation: 2, strategy: "replace" } });
    assert.match(await update(), /rotation by replace: sign-in is refused from the moment/);
    await mustSignIn();
    await change();
    const { code, stdout } = await run("preview");
    assert.notEqual(code, 0);
    assert.match(stdout, /an old secret does not come back/);
    await change({ rotation: { generation: 2, strategy: "replace" } });
  });
});
