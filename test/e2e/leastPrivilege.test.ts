import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { keycloakAdmin, story, TestStack } from "./harness";

const SECRET = "LeastLeastLeastLeastLeastLeastLeastLeast";
const master = { realm: "master" };

/** A client of the realm master that may create realms, and nothing else. */
async function createClient(clientId: string, how: object): Promise<void> {
  const admin = await keycloakAdmin();
  const [old] = await admin.clients.find({ ...master, clientId });
  if (old?.id !== undefined) await admin.clients.del({ ...master, id: old.id });
  const { id } = await admin.clients.create({
    ...master,
    clientId,
    publicClient: false,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    directAccessGrantsEnabled: false,
    ...how,
  });
  const account = await admin.clients.getServiceAccountUser({ ...master, id });
  const role = await admin.roles.findOneByName({ ...master, name: "create-realm" });
  assert.ok(account.id !== undefined && role?.id !== undefined);
  await admin.users.addRealmRoleMappings({ ...master, id: account.id, roles: [{ id: role.id, name: "create-realm" }] });
}

async function removeClient(clientId: string): Promise<void> {
  const admin = await keycloakAdmin();
  const [client] = await admin.clients.find({ ...master, clientId });
  if (client?.id !== undefined) await admin.clients.del({ ...master, id: client.id });
}

const key = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = key.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const publicKey = key.publicKey.export({ type: "spki", format: "der" }).toString("base64");

const methods = [
  {
    method: "client-secret",
    client: { secret: SECRET },
    setting: "keycloakAdminClientSecret",
    value: SECRET,
    wrong: "wrong",
  },
  {
    method: "signed-jwt",
    client: {
      clientAuthenticatorType: "client-jwt",
      attributes: { "jwt.credential.public.key": publicKey, "token.endpoint.auth.signing.alg": "RS256" },
    },
    setting: "keycloakAdminSigningKey",
    value: pem,
    wrong: "no key",
  },
] as const;

for (const { method, client, setting, value, wrong } of methods) {
  describe(`the program by a client of least privilege, with ${method}`, function () {
    this.timeout("5m");
    story();
    const clientId = `pulumi-${method}`;
    let own: TestStack;
    before(async () => {
      await createClient(clientId, client);
      own = await TestStack.create(`least-${method}`, 5);
      await own.configure({
        keycloak: { admin: { method, clientId } },
        groups: [{ name: "team-a" }],
        users: [
          { username: "ada", email: "ada@example.com", firstName: "Ada", lastName: "Lovelace", groups: ["team-a"] },
        ],
        catalogSync: { enabled: true },
      });
    });
    after(async () => {
      await own.remove();
      await removeClient(clientId);
    });

    it("refuses what it cannot sign in with, in one sentence that names the setting", async () => {
      const missing = await own.stack.up();
      assert.notEqual(missing.code, 0);
      assert.match(missing.stdout, new RegExp(`config: ${setting} is missing; set it with`));
      await own.stack.setSecret(setting, wrong);
      const refused = await own.stack.up();
      assert.notEqual(refused.code, 0);
      assert.match(
        refused.stdout,
        method === "client-secret"
          ? /refuses the client pulumi-client-secret of realm master \(401 unauthorized_client\)/
          : /keycloakAdminSigningKey is no private key for RS256/,
      );
      assert.ok(!refused.stdout.includes(value));
    });

    it("makes everything, signs a user in, and sees no drift", async () => {
      await own.stack.setSecret(setting, value);
      await own.up();
      // The node's route to a new pod can come a little after the pod is ready; the catalog is filled meanwhile.
      await own.untilSignIn(15);
      await own.refresh();
      const { code, stdout } = await own.stack.preview("--expect-no-changes", "--diff");
      assert.equal(code, 0, stdout);
    });
  });
}
