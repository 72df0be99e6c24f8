import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { adminPassword } from "../../sandbox/keycloak";
import type { RunResult } from "../../sandbox/process";
import { pulumi } from "../../sandbox/pulumi";
import { inPlatform, root } from "../../sandbox/settings";
import { keycloakAdmin, platform, TestStack } from "./harness";
import { planted, variants } from "./variants";

const pack = path.join(root, "policy");
const profile = (name: string): string[] => [
  "--policy-pack",
  pack,
  "--policy-pack-config",
  path.join(pack, "profiles", `${name}.json`),
];
/** `make test` has checked the types of what runs here. */
const unchecked = { PULUMI_NODEJS_TRANSPILE_ONLY: "true" };

/** What the engine printed, without what it repeats and without colours. */
const text = ({ stdout, stderr }: RunResult): string => stdout + stderr;

/** The policies that the engine says were violated, each once. */
const violated = (result: RunResult): string[] =>
  [
    ...new Set(
      [...text(result).matchAll(/^\s+- \[mandatory\]\s+(?:\[severity: \w+\]\s+)?([\w-]+)/gm)].map(
        ([, name]) => name ?? "",
      ),
    ),
  ].sort();
const noted = (result: RunResult): number => [...text(result).matchAll(/\[(mandatory|advisory)\]/g)].length;

describe("the policy pack, run by the engine", function () {
  this.timeout("10m");
  let own: TestStack;
  before(async () => {
    own = await TestStack.create("policy", 12);
  });
  after(() => own.remove());

  /** Points the stack's project at another program. */
  async function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
    const file = path.join(own.stack.folder, "Pulumi.yaml");
    const before = fs.readFileSync(file, "utf8");
    const project = parse(before) as { runtime: unknown };
    fs.writeFileSync(file, stringify({ ...project, runtime: "nodejs", main: program }));
    try {
      return await own.stack.run(["preview", "--non-interactive", "--stack", own.stack.name, ...args], {
        env: { ...unchecked, ...env },
      });
    } finally {
      fs.writeFileSync(file, before);
    }
  }
  const variant = (name: string, ...args: string[]): Promise<RunResult> =>
    run(path.join(root, "test", "e2e", "variant", "index.ts"), args, { VARIANT: name });

  it("has nothing to say of the program on nothing", async () => {
    const result = await own.stack.preview(...profile("dev"));
    assert.equal(result.code, 0, text(result));
    assert.match(text(result), /backstage-keycloak@v0\.1\.0/);
    assert.equal(noted(result), 0, text(result));
  });

  for (const [what, { policy, says }] of Object.entries(variants)) {
    it(`refuses ${what} by ${policy}, and by nothing else`, async () => {
      const result = await variant(what, ...profile("dev"));
      assert.notEqual(result.code, 0, text(result));
      assert.deepEqual(violated(result), [policy], text(result));
      assert.equal(noted(result), says.length, text(result));
      for (const sentence of says)
        assert.ok(text(result).includes(sentence), `${sentence}\nis not in\n${text(result)}`);
      for (const secret of [planted, adminPassword()])
        assert.ok(!text(result).includes(secret), "a secret was printed");
    });
  }

  it("mends what a profile sets to remediate", async () => {
    const file = path.join(own.stack.folder, "profile.json");
    const dev = JSON.parse(fs.readFileSync(path.join(pack, "profiles", "dev.json"), "utf8")) as Record<string, unknown>;
    fs.writeFileSync(file, JSON.stringify({ ...dev, "hardened-pod": "remediate", "client-pkce": "remediate" }));
    for (const [what, policy] of [
      ["a privileged container", "hardened-pod"],
      ["no PKCE", "client-pkce"],
    ] as const) {
      const result = await variant(what, "--policy-pack", pack, "--policy-pack-config", file);
      assert.equal(result.code, 0, text(result));
      assert.match(text(result), new RegExp(`\\[remediate\\].*${policy}`));
    }
  });

  it("judges a program that knows nothing of this repository", async () => {
    const folder = inPlatform("stacks", "plain");
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    const program = path.join(root, "test", "e2e", "plain");
    const project = parse(fs.readFileSync(path.join(program, "Pulumi.yaml"), "utf8")) as object;
    fs.writeFileSync(path.join(folder, "Pulumi.yaml"), stringify({ ...project, main: path.join(program, "index.ts") }));
    const here = (...args: string[]): Promise<RunResult> => pulumi(args, { cwd: folder, env: unchecked });
    const { kubeconfig, keycloakUrl } = await platform();
    await here("stack", "select", "--create", "plain");
    const config = {
      "kubernetes:kubeconfig": kubeconfig,
      "keycloak:url": keycloakUrl,
      "keycloak:clientId": "admin-cli",
      "keycloak:username": "admin",
    };
    for (const [key, value] of Object.entries(config)) await here("config", "set", key, value, "--stack", "plain");
    await pulumi(["config", "set", "--secret", "keycloak:password", "--stack", "plain"], {
      cwd: folder,
      input: adminPassword(),
    });
    const result = await here("preview", "--non-interactive", "--stack", "plain", "--policy-pack", pack);
    await here("stack", "rm", "--yes", "--force", "plain");
    assert.notEqual(result.code, 0);
    assert.deepEqual(
      violated(result),
      [
        "availability",
        "chain-order",
        "client-explicit-flags",
        "client-full-scope",
        "client-pkce",
        "client-redirect-uris",
        "container-resources",
        "gates",
        "hardened-pod",
        "keycloak-admin",
        "network-policy",
        "pinned-image",
        "probes",
        "template-hashes",
      ],
      text(result),
    );
    assert.ok(!text(result).includes(adminPassword()), "a secret was printed");
  });

  describe("on a running stack", () => {
    const analyze = (): Promise<RunResult> =>
      own.stack.run(["policy", "analyze", "--stack", own.stack.name, ...profile("dev")]);

    it("has nothing to say of the state, and judges at the update what was unknown before", async () => {
      const up = await own.up(...profile("dev"));
      assert.equal(noted(up), 0, text(up));
      const result = await analyze();
      assert.equal(result.code, 0, text(result));
      assert.equal(noted(result), 0, text(result));
    });

    it("finds a flag that was changed by hand in Keycloak, after a refresh", async () => {
      const admin = await keycloakAdmin();
      const [client] = await admin.clients.find({ realm: own.realm, clientId: "backstage" });
      assert.ok(client?.id !== undefined);
      await admin.clients.update({ realm: own.realm, id: client.id }, { ...client, directAccessGrantsEnabled: true });
      await own.refresh();
      const result = await analyze();
      assert.notEqual(result.code, 0, text(result));
      assert.deepEqual(violated(result), ["client-flows"], text(result));
      assert.match(text(result), /directAccessGrantsEnabled is on, which takes people's passwords/);
    });
  });
});
