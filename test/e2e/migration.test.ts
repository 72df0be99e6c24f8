import type KcAdminClient from "@keycloak/keycloak-admin-client";
import assert from "node:assert/strict";
import { clientContractKeys } from "../../lib/pod/contract";
import { prove } from "../../lib/pod/scripts/keycloak.mjs";
import { signIn } from "../../verify/signIn";
import { signInAt, type Tokens } from "./application";
import { keycloakAdmin, meanwhile, platform, story, TestStack } from "./harness";

/** The realm that the appmod-blueprints charts make: what docs/migration.md moves, by the commands it names. */

const REALM = "migration";
const realm = { realm: REALM };
const HOST = "https://platform.example.com";
const PASSWORD = "short-one";
const GRAFANA = "https://grafana.example.com/saml/metadata";
const GROUPS = ["admin", "editor", "viewer", "base-user"];
const ROLES = ["grafana-admin", "grafana-editor", "grafana-viewer"];
const PEOPLE = [
  { username: "user1", lastName: "one", groups: ["admin"] },
  { username: "user2", lastName: "two", groups: ["editor"] },
  { username: "user3", lastName: "three", groups: ["viewer", "base-user"] },
].map((person) => ({ ...person, firstName: "user", email: `${person.username}@example.com` }));

const callback = {
  backstage: `${HOST}/backstage/api/auth/keycloak-oidc/handler/frame`,
  "argo-workflows": `${HOST}/argo-workflows/oauth2/callback`,
} as const;
const secretOf = (clientId: string): string => `the-secret-of-${clientId}-in-the-store`;

/** As every client of the charts is: direct grants on, no PKCE, all origins of a path, every role in its tokens. */
const chartClient = (clientId: string, redirectUris: string[], more: object = {}) => ({
  clientId,
  publicClient: false,
  secret: secretOf(clientId),
  directAccessGrantsEnabled: true,
  standardFlowEnabled: true,
  implicitFlowEnabled: false,
  frontchannelLogout: true,
  rootUrl: HOST,
  redirectUris,
  webOrigins: ["/*"],
  ...more,
});

async function makeChartRealm(admin: KcAdminClient): Promise<void> {
  await admin.realms.create({
    ...realm,
    enabled: true,
    ssoSessionIdleTimeout: 36000,
    accessTokenLifespan: 3600,
    accessCodeLifespan: 600,
  });
  const scope = await admin.clientScopes.create({
    ...realm,
    name: "groups",
    description: "groups a user belongs to",
    protocol: "openid-connect",
    attributes: {
      "consent.screen.text": "Access to groups a user belongs to.",
      "display.on.consent.screen": "true",
      "include.in.token.scope": "true",
    },
  });
  const config = {
    "claim.name": "groups",
    "full.path": "false",
    "id.token.claim": "true",
    "access.token.claim": "true",
    "userinfo.token.claim": "true",
  };
  await admin.clientScopes.addProtocolMapper(
    { ...realm, id: scope.id },
    { name: "groups", protocol: "openid-connect", protocolMapper: "oidc-group-membership-mapper", config },
  );
  for (const name of GROUPS) await admin.groups.create({ ...realm, name, attributes: { cost: [name] } });
  for (const name of ROLES) await admin.roles.create({ ...realm, name });
  const credentials = [{ type: "password", value: PASSWORD, temporary: false }];
  for (const { groups, ...person } of PEOPLE) {
    await admin.users.create({
      ...realm,
      ...person,
      groups: groups.map((name) => `/${name}`),
      emailVerified: true,
      enabled: true,
      credentials,
    });
  }
  // Not in the settings, and without a confirmed address: nobody but the charts knows this one.
  await admin.users.create({
    ...realm,
    username: "monitor-viewer",
    email: "viewer@keycloak",
    enabled: true,
    credentials,
  });
  const user1 = (await admin.users.find({ ...realm, username: "user1", exact: true }))[0]?.id ?? "";
  const role = await admin.roles.findOneByName({ ...realm, name: "grafana-admin" });
  await admin.users.addRealmRoleMappings({
    ...realm,
    id: user1,
    roles: [{ id: role?.id ?? "", name: "grafana-admin" }],
  });
  const clients = [
    chartClient("backstage", [callback.backstage]),
    chartClient("argo-workflows", [callback["argo-workflows"]]),
    chartClient("jupyterhub", [`${HOST}/jupyterhub/hub/oauth_callback`]),
    chartClient("kargo", [`${HOST}/login`, "https://localhost/auth/callback"], {
      publicClient: true,
      secret: undefined,
    }),
  ];
  for (const client of clients) {
    const { id } = await admin.clients.create({ ...realm, ...client });
    await admin.clients.addDefaultClientScope({ ...realm, id, clientScopeId: scope.id });
  }
  await admin.clients.create({
    ...realm,
    clientId: GRAFANA,
    protocol: "saml",
    redirectUris: ["https://grafana.example.com/saml/acs"],
  });
}

describe("from a realm shaped like the appmod-blueprints charts'", function () {
  this.timeout("8m");
  story();

  let own: TestStack;
  let admin: KcAdminClient;
  let issuer: string;
  let was: Awaited<ReturnType<typeof ids>>;
  let others: Awaited<ReturnType<typeof untouched>>;

  /** First what is in the realm, for a Backstage beside the charts'; then the clients. */
  const beside = {
    realm: { name: REALM, adopt: true, lifetimes: { accessToken: "1h", ssoSessionIdle: "10h", accessCode: "10m" } },
    roles: ROLES.map((name) => ({ name })),
    groups: GROUPS.map((name) => ({ name })),
    users: PEOPLE.map((person) => ({
      ...person,
      roles: person.username === "user1" ? ["grafana-admin"] : [],
      initialPassword: false,
    })),
    backstage: { clientId: "backstage-next" },
  };
  const argo = {
    rootUrl: `${HOST}/argo-workflows`,
    redirectUris: [callback["argo-workflows"]],
    secret: { namespace: REALM, name: "argo-workflows-oidc" },
  };
  const taken = {
    ...beside,
    clients: [{ clientId: "argo-workflows", adopt: true, ...argo }],
    backstage: { clientId: "backstage", adoptClient: true },
  };
  const settled = {
    ...taken,
    realm: { ...beside.realm, adopt: false },
    clients: [{ clientId: "argo-workflows", ...argo }],
    backstage: { clientId: "backstage" },
  };

  /** The id of everything in the realm, by kind and name. */
  async function ids(): Promise<Record<string, string | undefined>> {
    const of = (kind: string, list: { id?: string; name?: string; username?: string; clientId?: string }[]) =>
      list.map(({ id, name, username, clientId }) => [`${kind} ${clientId ?? username ?? name ?? ""}`, id]);
    return Object.fromEntries([
      ...of("scope", await admin.clientScopes.find(realm)),
      ...of("group", await admin.groups.find(realm)),
      ...of("role", await admin.roles.find(realm)),
      ...of("user", await admin.users.find(realm)),
      ...of("client", await admin.clients.find(realm)),
    ]) as Record<string, string | undefined>;
  }

  /**
   * The clients and the user of the charts that no setting names, and what the settings say nothing of, as they are.
   */
  const untouched = async (): Promise<unknown[]> => [
    ...(
      await Promise.all(["jupyterhub", "kargo", GRAFANA].map((clientId) => admin.clients.find({ ...realm, clientId })))
    ).flat(),
    ...(await admin.users.find({ ...realm, username: "monitor-viewer", exact: true })),
    (await admin.groups.find({ ...realm, briefRepresentation: false })).map(({ name, attributes }) => [
      name,
      attributes,
    ]),
  ];

  const atCharts = (username: string, clientId: keyof typeof callback = "backstage"): Promise<Tokens> =>
    signInAt(
      { issuer, clientId, clientSecret: secretOf(clientId), redirectUri: callback[clientId] },
      { username, password: PASSWORD },
    );

  before(async () => {
    own = await TestStack.create(REALM, 10);
    issuer = `${(await platform()).keycloakUrl}/realms/${REALM}`;
    admin = await keycloakAdmin();
    await makeChartRealm(admin);
    [was, others] = [await ids(), await untouched()];
  });
  beforeEach(async () => {
    // A token of the administrator lives for a minute.
    admin = await keycloakAdmin();
  });
  after(() => own.remove());

  it("asks that no password is generated for a user who has one", async () => {
    await own.configure({ ...beside, users: PEOPLE });
    const { code, stdout, stderr } = await own.stack.preview();
    assert.notEqual(code, 0);
    for (const [index, { username }] of PEOPLE.entries()) {
      assert.ok(
        (stdout + stderr).includes(
          `Keycloak: users.${index} is ${username}, whom realm ${REALM} has already and who keeps the ` +
            `password; set users.${index}.initialPassword to false.`,
        ),
        stdout,
      );
    }
  });

  it("previews what is taken over, and what of security that changes", async () => {
    await own.configure(beside);
    const { code, stdout, stderr } = await own.stack.preview("--diff");
    assert.equal(code, 0, stdout + stderr);
    const imports = stdout.match(/= keycloak:\S+ \(import\)/g) ?? [];
    // The realm, the scope and its mapper, three roles, four groups, three users.
    assert.equal(imports.length, 13, stdout);
    assert.match(stdout + stderr, /realm migration: bruteForceProtected is false and becomes true/);
    assert.ok(!(stdout + stderr).includes(PASSWORD));
    assert.deepEqual(await ids(), was);
  });

  it("brings a Backstage up beside the charts', at which people sign in all the time", async () => {
    assert.deepEqual((await atCharts("user2")).id.groups, ["editor"]);
    const {
      done: { code, stdout, stderr },
      tried,
      failed,
    } = await meanwhile(own.stack.up(), () => atCharts("user2"));
    assert.equal(code, 0, stdout + stderr);
    console.log(`      ${tried} sign-ins at the charts' Backstage meanwhile, ${failed.length} refused`);
    assert.ok(tried > 5);
    assert.deepEqual(failed, []);
    assert.ok(!(stdout + stderr).includes(PASSWORD));
  });

  it("keeps every id, and every user the password, the groups and the roles", async () => {
    const now = await ids();
    assert.deepEqual({ ...was, ...now }, now, "something was deleted");
    assert.deepEqual(Object.fromEntries(Object.keys(was).map((key) => [key, now[key]])), was);
    assert.deepEqual(
      Object.keys(now).filter((key) => !(key in was)),
      ["client backstage-next"],
    );
    await own.mustSignIn({ username: "user1", password: PASSWORD });
    for (const { username, groups } of PEOPLE) {
      const { id } = await atCharts(username);
      assert.deepEqual((id.groups as string[]).sort(), [...groups].sort());
    }
    const roles = await admin.users.listRealmRoleMappings({ ...realm, id: was["user user1"] ?? "" });
    assert.ok(roles.some(({ name }) => name === "grafana-admin"));
    assert.deepEqual((await own.outputs()).userPasswords, {});
  });

  it("changes nothing when it is run again", async () => {
    await own.up("--expect-no-changes");
  });

  it("takes the clients over by one more run, while people sign in at the new Backstage", async () => {
    await own.configure(taken);
    const { backstageUrl, authProvider, authEnvironment } = await own.outputs();
    const attempt = async (): Promise<void> => {
      const { ok, ...said } = await signIn({
        backstageUrl,
        authProvider,
        authEnvironment,
        username: "user3",
        password: PASSWORD,
      });
      if (!ok) throw new Error(JSON.stringify(said));
    };
    const {
      done: { code, stdout, stderr },
      tried,
      failed,
    } = await meanwhile(own.stack.up(), attempt);
    const output = stdout + stderr;
    assert.equal(code, 0, output);
    console.log(`      ${tried} sign-ins at the new Backstage meanwhile, ${failed.length} refused`);
    // Those that began at the old pod, with the client that goes, in its last moments.
    assert.ok(tried - failed.length > 5 && failed.length <= 3, JSON.stringify(failed));
    for (const client of ["backstage", "argo-workflows"]) {
      for (const change of [
        "directAccessGrantsEnabled is true and becomes false",
        'pkceCodeChallengeMethod is "" and becomes "S256"',
        'webOrigins is ["/*"] and becomes []',
        "fullScopeAllowed is true and becomes false",
      ]) {
        assert.ok(output.includes(`client ${client}: ${change}`), `${client}: ${change}\n${output}`);
      }
      assert.ok(!output.includes(secretOf(client)));
    }
  });

  it("has corrected both in place, and left the others and what they use as they were", async () => {
    assert.deepEqual(await ids(), was);
    assert.deepEqual(await untouched(), others);
    const { clientSecrets } = await own.outputs();
    const [namespace = "", name = ""] = clientSecrets["argo-workflows"]?.split("/") ?? [];
    const { data = {} } = await own.cluster.core.readNamespacedSecret({ namespace, name });
    const contract = (value: keyof typeof clientContractKeys): string =>
      Buffer.from(data[clientContractKeys[value]] ?? "", "base64").toString();
    const credential = { metadataUrl: contract("metadataUrl"), issuer: contract("issuer"), clientId: "argo-workflows" };
    assert.equal((await prove({ ...credential, clientSecret: contract("clientSecret") })).answer, "accepted");
    assert.equal((await prove({ ...credential, clientSecret: secretOf("argo-workflows") })).answer, "refused");
    await own.mustSignIn({ username: "user2", password: PASSWORD });
  });

  it("changes nothing more, also once the adopt settings are gone", async () => {
    await own.refresh();
    const { code, stdout } = await own.stack.preview("--expect-no-changes", "--diff");
    assert.equal(code, 0, stdout);
    for (const values of [settled, taken, settled]) {
      await own.configure(values);
      assert.doesNotMatch((await own.up()).stdout, / (becomes|imported|replaced|deleted) /);
    }
    await own.up("--expect-no-changes");
    assert.deepEqual(await ids(), was);
    assert.deepEqual(await untouched(), others);
  });
});
