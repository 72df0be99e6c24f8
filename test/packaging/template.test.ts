import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { mustEnd, type RunResult } from "../../sandbox/process";
import { pulumi } from "../../sandbox/pulumi";
import { root } from "../../sandbox/settings";

/** What Git does not have, and so no template from a URL either. */
const NOT_IN_GIT = new Set([".git", "node_modules", "artifacts"]);

/** Where nobody listens, and what a run says that has nothing else to say before. */
const KEYCLOAK = "http://127.0.0.1:1";
const ASKS_KEYCLOAK =
  /error: Keycloak: http:\/\/127\.0\.0\.1:1 cannot be reached \(.*\), after 1 s of trying; start it/;

interface StackFile {
  config: Record<string, unknown>;
}

describe("pulumi new", function () {
  this.timeout(600_000);

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "template-"));
  const template = path.join(folder, "backstage-keycloak");
  // All that a run asks of a cluster before it asks Keycloak: that somebody listens.
  const apiServer = net.createServer((socket) => socket.destroy());
  let kubeconfig = "";

  before(async () => {
    fs.cpSync(root, template, { recursive: true, filter: (file) => !NOT_IN_GIT.has(path.basename(file)) });
    fs.mkdirSync(path.join(folder, "state"));
    await new Promise<void>((resolve) => apiServer.listen(0, "127.0.0.1", resolve));
    kubeconfig = path.join(folder, "kubeconfig");
    const server = `http://127.0.0.1:${(apiServer.address() as net.AddressInfo).port}`;
    fs.writeFileSync(
      kubeconfig,
      JSON.stringify({
        "current-context": "empty",
        contexts: [{ name: "empty", context: { cluster: "empty", user: "nobody" } }],
        clusters: [{ name: "empty", cluster: { server } }],
        users: [{ name: "nobody", user: {} }],
      }),
    );
  });
  after(() => {
    apiServer.close();
    fs.rmSync(folder, { recursive: true });
  });

  /** The CLI in an empty folder of its own, with a state of its own. */
  function command(name: string): (args: string[], env?: NodeJS.ProcessEnv, input?: string) => Promise<RunResult> {
    const cwd = path.join(folder, name);
    fs.mkdirSync(cwd);
    const own = { PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`, KUBECONFIG: kubeconfig };
    return (args, env = {}, input = "") =>
      pulumi([...args, "--non-interactive"], { cwd, env: { ...own, ...env }, input });
  }
  const stackFile = (name: string, stack: string): StackFile =>
    parse(fs.readFileSync(path.join(folder, name, `Pulumi.${stack}.yaml`), "utf8")) as StackFile;

  it("with answers makes a project of any name that asks for Keycloak first", async () => {
    const run = command("portal");
    const answers = {
      environment: "try",
      "keycloak.url": KEYCLOAK,
      "backstage.url": "https://backstage.example.com",
      "backstage.image": "registry.example.com/backstage:1",
    };
    const config = Object.entries(answers).flatMap(([key, value]) => ["--config", `${key}=${value}`]);
    mustEnd(await run(["new", template, "--yes", "--name", "portal", "--stack", "try", ...config]));
    assert.deepEqual(
      stackFile("portal", "try").config,
      Object.fromEntries(
        Object.entries({ ...answers, "realm.name": "platform" }).map(([key, value]) => [`portal:${key}`, value]),
      ),
    );
    const missing = await run(["preview"]);
    assert.match(missing.stdout, /config: keycloakAdminPassword is missing; set it with/);
    mustEnd(await run(["config", "set", "--secret", "keycloakAdminPassword"], {}, "x"));
    mustEnd(await run(["config", "set", "--path", "keycloak.waitSeconds", "1"]));
    assert.match((await run(["preview"])).stdout, ASKS_KEYCLOAK);
  });

  it("without answers leaves the stack's file as it came, which is valid at once", async () => {
    const run = command("plain");
    // That the packages can be installed was seen above.
    fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "plain", "node_modules"));
    mustEnd(await run(["new", template, "--yes", "--force"], { npm_config_dry_run: "true" }));
    const { config } = parse(fs.readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8")) as StackFile;
    assert.deepEqual(stackFile("plain", "dev").config, { ...config, "backstage-keycloak:realm.name": "platform" });
    mustEnd(await run(["config", "set", "--secret", "keycloakAdminPassword"], {}, "x"));
    mustEnd(await run(["config", "set", "--path", "keycloak.url", KEYCLOAK]));
    mustEnd(await run(["config", "set", "--path", "keycloak.waitSeconds", "1"]));
    assert.match((await run(["preview"])).stdout, ASKS_KEYCLOAK);
  });
});
