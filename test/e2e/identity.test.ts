import assert from "node:assert/strict";
import { clientContractKeys } from "../../lib/pod/contract";
import { prove } from "../../lib/pod/scripts/keycloak.mjs";
import { waitFor } from "../../sandbox/process";
import { signInAt, signInBySaml, type Tokens } from "./application";
import { keycloakAdmin, story, TestStack } from "./harness";

const confidential = ["argo-workflows", "jupyterhub", "kubeflow", "mlflow", "spark", "airflow"];
const open = ["kargo", "argocd", "account-portal"];
const APPS = "identity-apps";
const GRAFANA = "https://grafana.example.com/saml/metadata";

const home = (clientId: string): string => `https://${clientId}.example.com`;
const callback = (clientId: string): string => `${home(clientId)}/oauth2/callback`;

const clients = [
  ...confidential.map((clientId) => ({
    clientId,
    description: `${clientId} of the platform`,
    rootUrl: home(clientId),
    redirectUris: [callback(clientId)],
    mappers: [{ name: "audience", audience: clientId }],
    lifetimes: { accessToken: "7m" },
    secret: { namespace: APPS, name: `${clientId}-oidc`, createNamespace: true },
  })),
  ...open.map((clientId) => ({
    clientId,
    kind: "public",
    rootUrl: home(clientId),
    redirectUris: [callback(clientId), "http://localhost:8085/auth/callback"],
    webOrigins: [home(clientId)],
  })),
  {
    clientId: GRAFANA,
    kind: "saml",
    rootUrl: home("grafana"),
    redirectUris: [`${home("grafana")}/saml/acs`],
    saml: { assertionConsumerUrl: `${home("grafana")}/saml/acs`, nameIdFormat: "email" },
  },
];

/** Each in another group, by the user's name. */
const groupOf = { ada: "platform-admins", grace: "developers", linus: "viewers" } as const;
const people = {
  roles: [{ name: "platform-admin" }],
  groups: [
    { name: "platform-admins", roles: ["platform-admin"] },
    { name: "developers" },
    { name: "viewers", description: "May look." },
  ],
  users: Object.entries(groupOf).map(([username, group]) => ({
    username,
    email: `${username}@example.com`,
    firstName: username,
    lastName: "Tester",
    groups: [group],
  })),
};

/** What the catalog has, as far as it is looked at here. */
interface Entity {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly memberOf?: readonly string[] };
}

describe("the identity of a whole platform", function () {
  this.timeout("6m");
  story();

  let own: TestStack;
  let issuer: string;
  let passwords: Readonly<Record<string, string>>;
  before(async () => {
    own = await TestStack.create("identity", 4);
    await own.configure({
      ...people,
      clients,
      catalogSync: { enabled: true, frequency: "1m" },
      realm: { name: own.realm, lifetimes: { accessToken: "10m" } },
      // A user that the catalog lacks is refused.
      backstage: { resolvers: [{ resolver: "emailLocalPartMatchingUserEntityName" }] },
    });
    await own.up();
    ({ issuer, userPasswords: passwords } = await own.outputs());
  });
  after(() => own.remove());

  const person = (username: string): { username: string; password: string } => ({
    username,
    password: passwords[username] ?? "",
  });

  async function contractOf(clientId: string): Promise<Record<string, string>> {
    const [namespace = "", name = ""] = ((await own.outputs()).clientSecrets[clientId] ?? "").split("/");
    const { data = {} } = await own.cluster.core.readNamespacedSecret({ namespace, name });
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    );
  }

  for (const clientId of confidential) {
    it(`gives ${clientId} a contract Secret that Keycloak accepts`, async () => {
      const contract = await contractOf(clientId);
      const read = (value: keyof typeof clientContractKeys): string => contract[clientContractKeys[value]] ?? "";
      const verdict = await prove({
        metadataUrl: read("metadataUrl"),
        issuer: read("issuer"),
        clientId,
        clientSecret: read("clientSecret"),
      });
      assert.equal(verdict.answer, "accepted", verdict.why);
      const discovery = (await (await fetch(read("metadataUrl"))).json()) as Record<string, unknown>;
      assert.equal(read("jwksUrl"), discovery.jwks_uri);
      assert.equal(read("tokenUrl"), discovery.token_endpoint);
      assert.equal(read("clientId"), clientId);
    });
  }

  for (const [username, group] of Object.entries(groupOf)) {
    it(`signs ${username} in at an application, with the group ${group} in every token`, async () => {
      const clientId = "mlflow";
      const clientSecret = (await contractOf(clientId))[clientContractKeys.clientSecret] ?? "";
      const tokens: Tokens = await signInAt(
        { issuer, clientId, clientSecret, redirectUri: callback(clientId) },
        person(username),
      );
      for (const part of ["id", "access", "userinfo"] as const) assert.deepEqual(tokens[part].groups, [group], part);
      assert.ok([tokens.access.aud].flat().includes(clientId));
      // A client's own lifetime goes before the realm's.
      assert.equal(Number(tokens.access.exp) - Number(tokens.access.iat), 7 * 60);
    });
  }

  for (const [index, clientId] of open.entries()) {
    it(`signs in at ${clientId} without a secret, by PKCE only`, async () => {
      // One after the other: Keycloak refuses a user while it still ends that user's sign-in of a moment ago.
      const user = person(Object.keys(groupOf)[index % Object.keys(groupOf).length] ?? "");
      const app = { issuer, clientId, redirectUri: callback(clientId) };
      const { access } = await signInAt(app, user);
      assert.equal(Number(access.exp) - Number(access.iat), 10 * 60);
      await assert.rejects(signInAt({ ...app, pkce: false }, user), /Missing\+parameter%3A\+code_challenge_method/);
    });
  }

  it("refuses a redirect URI that is only alike", async () => {
    const app = { issuer, clientId: "kargo", redirectUri: `${callback("kargo")}/more` };
    await assert.rejects(signInAt(app, person("ada")), /no form, but 400/);
  });

  it("signs in at grafana by SAML, with a signed assertion", async () => {
    const { postedTo, assertion } = await signInBySaml(issuer, GRAFANA, person("grace"));
    assert.equal(postedTo, `${home("grafana")}/saml/acs`);
    assert.match(assertion, /<saml:NameID[^>]*>grace@example\.com<\/saml:NameID>/);
    assert.match(assertion, /<saml:Assertion[\s\S]*<dsig:SignatureValue>/);
  });

  it("fills Backstage's catalog with users and groups, and a sign-in resolves to the catalog's user", async () => {
    await own.untilSignIn(60);
    const { userEntityRef, backstageToken } = await own.mustSignIn();
    assert.equal(userEntityRef, "user:default/ada");
    const { backstageUrl } = await own.outputs();
    const names = (kind: string, entities: readonly Entity[]): string[] =>
      entities
        .filter((entity) => entity.kind === kind)
        .map(({ metadata }) => metadata.name)
        .sort();
    // One entity comes after the other, and ada may be the first.
    const entities = await waitFor("three users and three groups in the catalog", 60, async () => {
      const response = await fetch(`${backstageUrl}/api/catalog/entities`, {
        headers: { authorization: `Bearer ${backstageToken}` },
      });
      const found = (await response.json()) as Entity[];
      return names("User", found).length >= 3 && names("Group", found).length >= 3 ? found : undefined;
    });
    assert.deepEqual(names("User", entities), ["ada", "grace", "linus"]);
    assert.deepEqual(names("Group", entities), ["developers", "platform-admins", "viewers"]);
    assert.deepEqual(entities.find(({ kind, metadata }) => kind === "User" && metadata.name === "ada")?.spec.memberOf, [
      "platform-admins",
    ]);
  });

  it("lets the catalog's client view users, and change or sign in nobody", async () => {
    const { credential } = await own.outputs();
    const token = await fetch(`${issuer}/protocol/openid-connect/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: credential.KEYCLOAK_CATALOG_CLIENT_ID ?? "",
        client_secret: credential.KEYCLOAK_CATALOG_CLIENT_SECRET ?? "",
      }),
    });
    const { access_token: access } = (await token.json()) as { access_token: string };
    const users = issuer.replace("/realms/", "/admin/realms/") + "/users";
    const headers = { authorization: `Bearer ${access}`, "content-type": "application/json" };
    assert.equal((await fetch(users, { headers })).status, 200);
    assert.equal((await fetch(users, { headers, method: "POST", body: '{"username":"intruder"}' })).status, 403);
    assert.equal((await fetch(users.replace("/users", "/clients"), { headers })).status, 403);
  });

  it("passes every check of verify", async () => {
    await own.mustHold();
  });

  it("shows no drift after a refresh of its own work", async () => {
    await own.refresh();
    const { code, stdout } = await own.stack.preview("--expect-no-changes", "--diff");
    assert.equal(code, 0, stdout);
  });

  it("corrects what was changed by hand", async () => {
    const admin = await keycloakAdmin();
    const realm = { realm: own.realm };
    await admin.realms.update(realm, { accessTokenLifespan: 86400, resetPasswordAllowed: true });
    await admin.realms.updateConfigEvents(realm, {
      eventsEnabled: false,
      adminEventsEnabled: false,
      eventsListeners: [],
    });
    const [kargo] = await admin.clients.find({ ...realm, clientId: "kargo" });
    await admin.clients.update(
      { ...realm, id: kargo?.id ?? "" },
      { ...kargo, redirectUris: ["*"], implicitFlowEnabled: true },
    );
    const [linus] = await admin.users.find({ ...realm, username: "linus", exact: true });
    const [admins] = await admin.groups.find({ ...realm, search: "platform-admins" });
    await admin.users.addToGroup({ ...realm, id: linus?.id ?? "", groupId: admins?.id ?? "" });
    await own.refresh();
    await own.up();
    const found = await admin.realms.findOne(realm);
    assert.deepEqual([found?.accessTokenLifespan, found?.resetPasswordAllowed], [600, false]);
    assert.equal((await admin.realms.getConfigEvents(realm)).eventsEnabled, true);
    const [again] = await admin.clients.find({ ...realm, clientId: "kargo" });
    assert.equal(again?.implicitFlowEnabled, false);
    assert.ok(again.redirectUris?.every((uri) => !uri.includes("*")));
    assert.deepEqual(
      (await admin.users.listGroups({ ...realm, id: linus?.id ?? "" })).map(({ name }) => name),
      ["viewers"],
    );
  });
});
