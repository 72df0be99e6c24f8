import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { stringify } from "yaml";
import { pulumi } from "../../sandbox/pulumi";
import { inPlatform } from "../../sandbox/settings";
import type { ConfigValues } from "../../sandbox/stack";
import { adminPassword } from "../../sandbox/keycloak";
import { keycloakAdmin, platform, TestStack } from "./harness";
import { pattern } from "../pattern";

/** A TCP port of this machine that nothing listens on. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("bad input gets one sentence and changes nothing", function () {
  this.timeout("2m");
  let own: TestStack;
  before(async () => {
    own = await TestStack.create("bad-input", 3);
  });
  afterEach(() => own.configure());
  after(() => own.remove());

  /** What `pulumi up` says of a mistake: the one line of ours among the engine's. */
  async function refusal(): Promise<string> {
    const { code, stdout, stderr } = await own.stack.up();
    const output = stdout + stderr;
    assert.notEqual(code, 0, output);
    assert.doesNotMatch(output, /^\s+at .*:\d+:\d+/m, "a stack trace for a user's mistake");
    const admin = await keycloakAdmin();
    assert.equal(await admin.realms.findOne({ realm: own.realm }), null, "a realm was created");
    await assert.rejects(own.cluster.core.readNamespace({ name: own.namespace }), { code: 404 });
    const lines = output
      .split("\n")
      .filter((line) => /(config|Keycloak|Kubernetes): /.test(line) && !/waiting up to/.test(line));
    // The engine repeats a diagnostic in its summary.
    const said = new Set(lines.map((line) => line.trim().replace(/^.*?error: /, "")));
    assert.equal(said.size, 1, output);
    return [...said][0] ?? "";
  }

  const mlflow = {
    clientId: "mlflow",
    rootUrl: "https://m.example.com",
    redirectUris: ["https://m.example.com/cb"],
    secret: { namespace: "nowhere", name: "mlflow" },
  };
  const database = { kind: "external", host: "db.example.com", credentials: { secret: "db" } };
  const extraEnv = [{ name: "MORE", configMap: "more" }];
  const settings: [string, ConfigValues, RegExp][] = [
    ["an unknown key", { realms: {} }, /config: realms is not a setting; did you mean realm\?/],
    ["a missing URL", { backstage: { url: undefined } }, /config: backstage\.url is missing; set it/],
    ["a malformed URL", { keycloak: { url: "keycloak" } }, /config: keycloak\.url is not an absolute URL; write it as/],
    ["an empty host", { keycloak: { url: "https:///keycloak" } }, /config: keycloak\.url has an empty host; write/],
    ["http outside loopback and dev", { environment: "prod" }, /config: (keycloak|backstage)\.url is plain http/],
    [
      "a client's Secret in a namespace that is not there",
      { clients: [mlflow] },
      pattern(
        /Kubernetes: clients\.0\.secret\.namespace names Namespace nowhere, which is not there; /,
        /create it, or set clients\.0\.secret\.createNamespace to true\.$/,
      ),
    ],
    [
      "an external database without its Secret",
      { backstage: { database } },
      /Kubernetes: backstage\.database\.credentials\.secret names Secret bad-input\/db, which is not there; create it first, or correct/,
    ],
    [
      "a variable from a ConfigMap that is not there",
      { backstage: { extraEnv } },
      /Kubernetes: backstage\.extraEnv\.0\.configMap names ConfigMap bad-input\/more, which is not there/,
    ],
  ];
  for (const [what, values, sentence] of settings) {
    it(what, async () => {
      await own.configure(
        what.startsWith("http") ? { ...values, backstage: { url: "https://backstage.example.com" } } : values,
      );
      assert.match(await refusal(), sentence);
    });
  }

  it("Keycloak unreachable", async () => {
    await own.configure({ keycloak: { url: `http://127.0.0.1:${await freePort()}`, waitSeconds: 2 } });
    assert.match(
      await refusal(),
      /Keycloak: http:\S+ cannot be reached \(ECONNREFUSED\), after 2 s of trying; start it, or correct keycloak\.url/,
    );
  });

  it("a wrong base path", async () => {
    const { keycloakUrl } = await platform();
    await own.configure({ keycloak: { url: `${keycloakUrl}/auth` } });
    assert.match(await refusal(), /answers 404; correct the path in keycloak\.url/);
  });

  it("wrong admin credentials", async () => {
    await own.stack.setAdminPassword("wrong");
    try {
      assert.match(
        await refusal(),
        /refuses the administrator admin of realm master \(400 invalid_grant\); correct keycloak\.admin, or set what it signs in with/,
      );
    } finally {
      await own.stack.setAdminPassword(adminPassword());
    }
  });

  it("an API server that is not there", async () => {
    const server = `https://127.0.0.1:${await freePort()}`;
    const kubeconfig = path.join(own.stack.folder, "kubeconfig");
    fs.writeFileSync(
      kubeconfig,
      stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "c",
        contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
        clusters: [{ name: "c", cluster: { server } }],
        users: [{ name: "u", user: {} }],
      }),
    );
    await own.configure({ kubeconfig });
    assert.match(
      await refusal(),
      /Kubernetes: the API server https:\S+ of \S+ cannot be reached \(ECONNREFUSED\); start the cluster/,
    );
  });

  it("no kubeconfig", async () => {
    await own.configure({ kubeconfig: path.join(own.stack.folder, "none") });
    assert.match(await refusal(), /Kubernetes: there is no kubeconfig at .*; set KUBECONFIG/);
  });

  it("a stack that another run holds: the CLI says which and how to go on", async () => {
    await own.configure({ keycloak: { url: `http://127.0.0.1:${await freePort()}`, waitSeconds: 25 } });
    const first = own.stack.up();
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const second = await own.stack.up();
    assert.notEqual(second.code, 0);
    assert.match(second.stdout + second.stderr, /the stack is currently locked by 1 lock/);
    assert.notEqual((await first).code, 0);
  });

  it("a wrong passphrase: the CLI says so", async () => {
    const file = inPlatform("wrong-passphrase");
    fs.writeFileSync(file, "wrong");
    const { code, stdout, stderr } = await pulumi(["preview", "--stack", own.stack.name, "--non-interactive"], {
      cwd: own.stack.folder,
      env: { PULUMI_CONFIG_PASSPHRASE_FILE: file },
    });
    fs.rmSync(file);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /incorrect passphrase/);
  });
});
