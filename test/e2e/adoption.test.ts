import type KcAdminClient from "@keycloak/keycloak-admin-client";
import assert from "node:assert/strict";
import { contractKeys } from "../../lib/pod/contract";
import { prove } from "../../lib/pod/scripts/keycloak.mjs";
import { keycloakAdmin, story, TestStack } from "./harness";
import { pattern } from "../pattern";

const REALM = "adoption";
const MADE = [
  { username: "grace", email: "grace@example.com", firstName: "Grace", lastName: "Hopper" },
  { username: "linus", email: "linus@example.com", firstName: "Linus", lastName: "Torvalds" },
];
const PASSWORD = "made-by-hand-4711";
const SECRET = "an-old-secret-that-was-everywhere";

/** What the first `up` must say of the hand-made client and realm, by the words of lib/keycloak/adoption.ts. */
const REPORTED = [
  "implicitFlowEnabled is true and becomes false",
  "directAccessGrantsEnabled is true and becomes false",
  "fullScopeAllowed is true and becomes false",
  'pkceCodeChallengeMethod is "" and becomes "S256"',
  'validRedirectUris is ["*"] and becomes ["http',
  'webOrigins is ["*"] and becomes []',
  'sslRequired is "none" and becomes "external"',
  "registrationAllowed is true and becomes false",
  "bruteForceProtected is false and becomes true",
];

describe("a realm and a client that were made by hand", function () {
  this.timeout("8m");
  story();

  let own: TestStack;
  let clientUuid: string | undefined;
  let ids: Record<string, string | undefined>;
  const adopting = { realm: { name: REALM, adopt: true }, backstage: { adoptClient: true } };

  const userIds = async (admin: KcAdminClient): Promise<Record<string, string | undefined>> => {
    const found = await Promise.all(
      MADE.map(({ username }) => admin.users.find({ realm: REALM, username, exact: true })),
    );
    return Object.fromEntries(MADE.map(({ username }, index) => [username, found[index]?.[0]?.id]));
  };

  before(async () => {
    own = await TestStack.create(REALM, 6);
  });
  after(() => own.remove());

  it("are refused, in one sentence, while they are not there", async () => {
    await own.configure(adopting);
    const { code, stdout, stderr } = await own.stack.preview();
    assert.notEqual(code, 0);
    assert.match(
      stdout + stderr,
      /realm\.adopt is true, but there is no realm adoption; correct realm\.name, or remove realm\.adopt/,
    );
  });

  it("are in the way, in one sentence each and before anything is made, until the settings adopt them", async () => {
    const admin = await keycloakAdmin();
    await admin.realms.create({
      realm: REALM,
      enabled: true,
      sslRequired: "none",
      registrationAllowed: true,
      bruteForceProtected: false,
    });
    for (const user of MADE) {
      await admin.users.create({
        realm: REALM,
        ...user,
        emailVerified: true,
        enabled: true,
        credentials: [{ type: "password", value: PASSWORD, temporary: false }],
      });
    }
    ids = await userIds(admin);
    const made = await admin.clients.create({
      realm: REALM,
      clientId: "backstage",
      secret: SECRET,
      standardFlowEnabled: true,
      implicitFlowEnabled: true,
      directAccessGrantsEnabled: true,
      fullScopeAllowed: true,
      redirectUris: ["*"],
      webOrigins: ["*"],
    });
    clientUuid = made.id;

    const taken = "is there already, and not of this stack; set";
    const cases: [Record<string, unknown>, string][] = [
      [{}, `realm adoption ${taken} realm.adopt to true`],
      [{ realm: adopting.realm }, `client backstage of realm adoption ${taken} backstage.adoptClient to true`],
    ];
    for (const [values, sentence] of cases) {
      await own.configure(values);
      const { code, stdout, stderr } = await own.stack.up();
      assert.notEqual(code, 0);
      assert.ok(
        (stdout + stderr).includes(`Keycloak: ${sentence} to take it over, or choose another `),
        stdout + stderr,
      );
      assert.doesNotMatch(stdout + stderr, /keycloak:|random:|at .*\.ts:\d+/);
    }
    await own.configure(adopting);
  });

  it("are previewed as imports, with every insecure setting named and nothing changed", async () => {
    const admin = await keycloakAdmin();
    const { code, stdout, stderr } = await own.stack.preview("--diff");
    assert.equal(code, 0, stdout + stderr);
    for (const line of REPORTED) assert.ok((stdout + stderr).includes(line), `${line}\n${stdout}`);
    assert.match(stdout, /= keycloak:index\/realm:Realm: \(import\)/);
    assert.match(stdout, /= keycloak:openid\/client:Client: \(import\)/);
    assert.ok(!(stdout + stderr).includes(SECRET));
    const [client] = await admin.clients.find({ realm: REALM, clientId: "backstage" });
    assert.equal(client?.implicitFlowEnabled, true);
  });

  it("are taken over by one run, which corrects every setting", async () => {
    const { stdout, stderr } = await own.up();
    assert.ok(!(stdout + stderr).includes(SECRET));
    const admin = await keycloakAdmin();
    const [client] = await admin.clients.find({ realm: REALM, clientId: "backstage" });
    const { backstageUrl } = await own.outputs();
    assert.equal(client?.id, clientUuid);
    assert.equal(client?.implicitFlowEnabled, false);
    assert.equal(client.directAccessGrantsEnabled, false);
    assert.equal(client.fullScopeAllowed, false);
    assert.equal(client.publicClient, false);
    assert.equal(client.attributes?.["pkce.code.challenge.method"], "S256");
    assert.deepEqual(client.redirectUris, [`${backstageUrl}/api/auth/oidc/handler/frame`]);
    assert.deepEqual(client.webOrigins, []);
    const realm = await admin.realms.findOne({ realm: REALM });
    assert.equal(realm?.sslRequired, "external");
    assert.equal(realm.registrationAllowed, false);
    assert.equal(realm.bruteForceProtected, true);
  });

  it("keep their users, by id and password, and a user who was there signs in to Backstage", async () => {
    assert.deepEqual(await userIds(await keycloakAdmin()), ids);
    assert.ok(Object.values(ids).every((id) => id !== undefined));
    await own.mustSignIn({ username: "grace", password: PASSWORD });
  });

  it("have the program's secret, and refuse the old one", async () => {
    const { credential } = await own.outputs();
    const metadataUrl = credential[contractKeys.metadataUrl] ?? "";
    const issuer = credential[contractKeys.issuer] ?? "";
    const answer = async (clientSecret: string): Promise<string> =>
      (await prove({ metadataUrl, issuer, clientId: "backstage", clientSecret })).answer;
    assert.equal(await answer(credential[contractKeys.clientSecret] ?? ""), "accepted");
    assert.equal(await answer(SECRET), "refused");
  });

  it("show no change in the next preview, also after a refresh, with the settings kept, removed and set again", async () => {
    await own.refresh();
    const { code, stdout } = await own.stack.preview("--expect-no-changes", "--diff");
    assert.equal(code, 0, stdout);
    const admin = await keycloakAdmin();
    const ada = (await admin.users.find({ realm: REALM, username: "ada", exact: true }))[0]?.id;
    assert.ok(ada !== undefined);
    // Only what the realm notes of the program's own work may change; the user that the program made stays the same,
    // too.
    for (const values of [{ realm: { name: REALM } }, adopting]) {
      await own.configure(values);
      assert.doesNotMatch((await own.up()).stdout, / (becomes|imported|replaced|deleted) |keycloak:openid/);
    }
    assert.equal(
      (await (await keycloakAdmin()).users.find({ realm: REALM, username: "ada", exact: true }))[0]?.id,
      ada,
    );
    const [client] = await (await keycloakAdmin()).clients.find({ realm: REALM, clientId: "backstage" });
    assert.equal(client?.id, clientUuid);
    await own.mustSignIn();
  });

  it("stay the program's when they lose its marks while the settings still adopt them", async () => {
    const admin = await keycloakAdmin();
    const [client] = await admin.clients.find({ realm: REALM, clientId: "backstage" });
    await admin.clients.update(
      { realm: REALM, id: clientUuid ?? "" },
      { ...client, attributes: { ...client?.attributes, "managed-by": "" } },
    );
    const realm = await admin.realms.findOne({ realm: REALM });
    await admin.realms.update(
      { realm: REALM },
      { attributes: { ...realm?.attributes, "made-by-backstage-keycloak": "" } },
    );
    const people = async (): Promise<unknown> =>
      (await (await keycloakAdmin()).users.find({ realm: REALM })).map(({ id, username }) => [username, id]).sort();
    const before = await people();
    for (const args of [[], ["--refresh"]])
      assert.doesNotMatch((await own.up(...args)).stdout, / (imported|replaced|deleted) /);
    assert.equal(
      (await (await keycloakAdmin()).clients.find({ realm: REALM, clientId: "backstage" }))[0]?.id,
      clientUuid,
    );
    assert.deepEqual(await people(), before);
    await own.mustSignIn();
  });

  it("are told apart where one moves to another of the settings, before anything is made", async () => {
    const client = { rootUrl: "https://argo.example.com", redirectUris: ["https://argo.example.com/cb"] };
    await own.configure({ ...adopting, clients: [{ ...client, clientId: "argo", kind: "public" }] });
    await own.up();
    const says =
      "which this stack has made already by another setting, or of another kind; run pulumi up without it first, and then with it.";
    const cases: [Record<string, unknown>, string][] = [
      [
        { clients: [{ ...client, clientId: "argo", kind: "saml", saml: { assertionConsumerUrl: client.rootUrl } }] },
        `config: clients.0.clientId is client argo, ${says}`,
      ],
      [{ backstage: { clientId: "argo" } }, `config: backstage.clientId is client argo, ${says}`],
    ];
    for (const [values, sentence] of cases) {
      await own.configure({ realm: adopting.realm, ...values });
      const { code, stdout, stderr } = await own.stack.up();
      assert.notEqual(code, 0);
      assert.ok((stdout + stderr).includes(sentence), stdout + stderr);
      assert.doesNotMatch(stdout + stderr, / (keycloak|kubernetes|random):|at .*\.ts:\d+/);
    }
    await own.mustSignIn();
  });
});

describe("a stack whose state was lost", function () {
  this.timeout("6m");
  story();

  let own: TestStack;
  let password: string;
  before(async () => {
    own = await TestStack.create("lost", 30);
    await own.up();
    password = (await own.outputs()).userPasswords.ada ?? "";
    await own.stack.forget();
  });
  after(() => own.remove());

  it("is told that its realm is there, and by whom", async () => {
    await own.configure();
    const { code, stdout, stderr } = await own.stack.up();
    assert.notEqual(code, 0);
    assert.match(
      stdout + stderr,
      pattern(
        /Keycloak: realm lost is there already, made by this program and not in this stack's state; /,
        /choose another realm\.name, or, where the state was lost, see docs\/migration\.md\./,
      ),
    );
  });

  it("takes everything over with new secrets, once the marks are gone, and users keep their passwords", async () => {
    const admin = await keycloakAdmin();
    const realm = await admin.realms.findOne({ realm: own.realm });
    await admin.realms.update(
      { realm: own.realm },
      { attributes: { ...realm?.attributes, "made-by-backstage-keycloak": "" } },
    );
    const [client] = await admin.clients.find({ realm: own.realm, clientId: "backstage" });
    await admin.clients.update(
      { realm: own.realm, id: client?.id ?? "" },
      { ...client, attributes: { ...client?.attributes, "managed-by": "" } },
    );

    const ada = {
      username: "ada",
      email: "ada@example.com",
      firstName: "Ada",
      lastName: "Lovelace",
      initialPassword: false,
    };
    await own.configure({ realm: { name: own.realm, adopt: true }, backstage: { adoptClient: true }, users: [ada] });
    await own.up();
    const { credential } = await own.outputs();
    assert.notEqual(credential[contractKeys.clientSecret], client?.secret);
    await own.mustSignIn({ username: "ada", password });
  });
});
