import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { contractKeys } from "../../lib/pod/contract";
import { gateEnv } from "../../lib/pod/gates";
import { keycloakUrls } from "../../lib/keycloak/urls";
import { startKeycloak, stopKeycloak } from "../../sandbox/keycloak";
import { root } from "../../sandbox/settings";
import { keycloakAdmin, platform } from "./harness";

const SECRET = "RightRightRightRightRightRightRightRightRightRig";
const REALM = "gate";

/** Runs the gate as its container does, on a folder that stands for the mounted Secret. */
async function gate(
  mode: string,
  secret: Record<string, string>,
  seconds: number,
): Promise<{ code: number; output: string }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "gate-"));
  for (const [key, value] of Object.entries(secret)) fs.writeFileSync(path.join(folder, key), value, { mode: 0o600 });
  const expected = {
    issuer: secret[contractKeys.issuer] ?? "",
    clientId: secret[contractKeys.clientId] ?? "",
    generations: { client: 1 },
  };
  const settings = gateEnv({ gateSeconds: seconds, expected }).map(
    ({ name, value }) => [name as string, value as string] as const,
  );
  const env: NodeJS.ProcessEnv = { ...process.env, ...Object.fromEntries(settings), GATE_SECRETS_PATH: folder };
  const child = spawn(process.execPath, [path.join(root, "lib/pod/scripts/gate.mjs"), mode], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number>((resolve) => child.on("close", (exit) => resolve(exit ?? -1)));
  fs.rmSync(folder, { recursive: true });
  for (const value of [SECRET, secret[contractKeys.clientSecret] ?? ""]) {
    assert.ok(value === "" || !output.includes(value), "the gate printed a secret");
  }
  return { code, output };
}

describe("the gates, against a real Keycloak", function () {
  this.timeout("3m");
  let right: Record<string, string>;

  before(async () => {
    const { keycloakUrl } = await platform();
    const { issuer, metadata } = keycloakUrls(keycloakUrl, REALM);
    const admin = await keycloakAdmin();
    if ((await admin.realms.find()).some(({ realm }) => realm === REALM)) await admin.realms.del({ realm: REALM });
    await admin.realms.create({ realm: REALM, enabled: true });
    await admin.clients.create({
      realm: REALM,
      clientId: "backstage",
      publicClient: false,
      secret: SECRET,
      redirectUris: ["https://backstage.example.com/handler"],
    });
    right = {
      [contractKeys.clientSecret]: SECRET,
      [contractKeys.clientId]: "backstage",
      [contractKeys.issuer]: issuer,
      [contractKeys.metadataUrl]: metadata,
      [contractKeys.sessionSecret]: "session",
      [contractKeys.generations]: JSON.stringify({ client: 1 }),
    };
  });
  after(async () => {
    await (await keycloakAdmin()).realms.del({ realm: REALM });
  });

  it("wait-for-secrets passes at once when every key is there", async () => {
    const { code, output } = await gate("wait-for-secrets", right, 5);
    assert.equal(code, 0);
    assert.match(output, /^wait-for-secrets: try 1, 0 of 5 s: every key of the Secret is there\n$/);
  });

  it("wait-for-secrets names the key that is missing or empty, and gives up in time", async () => {
    const { code, output } = await gate("wait-for-secrets", { ...right, [contractKeys.clientSecret]: "" }, 2);
    assert.equal(code, 1);
    assert.match(output, /the Secret lacks KEYCLOAK_CLIENT_SECRET: run pulumi up/);
    assert.match(output, /gave up after \d of 2 s/);
  });

  it("verify-credentials passes with the right secret", async () => {
    const { code, output } = await gate("verify-credentials", right, 10);
    assert.equal(code, 0, output);
    assert.match(output, /Keycloak accepts the credential \(400 invalid_grant\)/);
  });

  const refused: [string, () => Record<string, string>, RegExp][] = [
    [
      "a stale secret",
      () => ({ ...right, [contractKeys.clientSecret]: "Stale" }),
      /refuses the secret of client backstage \(401 unauthorized_client\).*run pulumi up/,
    ],
    [
      "a client that does not exist",
      () => ({ ...right, [contractKeys.clientId]: "gone" }),
      /does not know client gone.*\(401 invalid_client\)/,
    ],
    [
      "a realm that does not exist",
      () => ({
        ...right,
        [contractKeys.metadataUrl]: (right[contractKeys.metadataUrl] ?? "").replace(REALM, "nowhere"),
      }),
      /answers 404: the realm does not exist/,
    ],
    [
      "another issuer than the configured one",
      () => ({ ...right, [contractKeys.issuer]: "https://id.example.com/realms/gate" }),
      /the issuer is .*, but https:\/\/id\.example\.com\/realms\/gate is configured/,
    ],
  ];
  for (const [what, secret, line] of refused) {
    it(`verify-credentials stops at ${what}, says so, and gives up in time`, async () => {
      const { code, output } = await gate("verify-credentials", secret(), 5);
      assert.equal(code, 1, output);
      assert.match(output, line);
      const tries = output.split("\n").filter((text) => /: try \d+, /.test(text));
      assert.ok(tries.length >= 2, "one line a try");
    });
  }

  it("verify-credentials waits while Keycloak is down, and passes when it is back", async () => {
    await stopKeycloak();
    const waiting = gate("verify-credentials", right, 120);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await startKeycloak();
    const { code, output } = await waiting;
    assert.equal(code, 0, output);
    assert.match(output, /cannot be reached \(ECONNREFUSED\)/);
    assert.match(output, /Keycloak accepts the credential/);
  });
});
