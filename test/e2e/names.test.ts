import assert from "node:assert/strict";
import { signInAt } from "./application";
import { keycloakAdmin, story, TestStack } from "./harness";

/** Longer than the 36 characters of Keycloak's own id of a realm. */
const REALM = "The platform of a company with a long 'name'";
const USER = "ada+test@example.com";
const NATIVE = "com.example.app:/callback";

describe("names, paths and schemes as people have them", function () {
  this.timeout("6m");
  story();

  let own: TestStack;
  const client = (more: object): object => ({
    clientId: "https://app.example.com/?tenant=a",
    kind: "public",
    rootUrl: "HTTPS://App.example.com",
    redirectUris: [NATIVE, "https://app.example.com/cb"],
    postLogoutRedirectUris: ["+"],
    webOrigins: ["+"],
    ...more,
  });
  const settings = (more: object = {}): Record<string, unknown> => ({
    realm: { name: REALM, lifetimes: { offlineSessionMax: "90d" } },
    roles: [{ name: "app:admin" }, { name: "Platform Admin" }],
    groups: [
      { name: "/Platform Team/team-a", roles: ["app:admin"] },
      { name: "R&D (EU)", roles: ["Platform Admin"] },
    ],
    users: [
      {
        username: USER,
        email: "Ada@Example.com",
        firstName: "Ada",
        lastName: "O'Neil",
        groups: ["/Platform Team/team-a", "R&D (EU)"],
      },
    ],
    clients: [client(more)],
    backstage: {
      resolvers: [
        { resolver: "emailLocalPartMatchingUserEntityName", dangerouslyAllowSignInWithoutUserInCatalog: true },
      ],
    },
  });
  before(async () => {
    own = await TestStack.create("names", 14);
    await own.configure(settings());
    await own.up();
  });
  after(async () => own.remove());

  const person = async (): Promise<{ username: string; password: string }> => ({
    username: USER,
    password: (await own.outputs()).userPasswords[USER] ?? "",
  });

  it("signs the person in at Backstage", async () => {
    const { issuer } = await own.outputs();
    assert.ok(issuer.endsWith(`/realms/${encodeURIComponent(REALM)}`), issuer);
    await own.mustSignIn(await person());
  });

  it("signs the person in at a native app, with the last parts of the groups' paths in the token", async () => {
    const { issuer } = await own.outputs();
    const { id } = await signInAt(
      { issuer, clientId: "https://app.example.com/?tenant=a", redirectUri: NATIVE },
      await person(),
    );
    assert.deepEqual((id.groups as string[]).sort(), ["R&D (EU)", "team-a"]);
  });

  it("has made the group within its parent", async () => {
    const admin = await keycloakAdmin();
    const [user] = await admin.users.find({ realm: REALM, username: USER, exact: true });
    const groups = await admin.users.listGroups({ realm: REALM, id: user?.id ?? "" });
    assert.deepEqual(groups.map(({ path }) => path).sort(), ["/Platform Team/team-a", "/R&D (EU)"]);
  });

  it("shows no drift after a refresh of its own work, and passes verify", async () => {
    await own.refresh();
    const { code, stdout } = await own.stack.preview("--expect-no-changes", "--diff");
    assert.equal(code, 0, stdout);
    await own.mustHold();
  });

  it("refuses a scope that the realm lacks before anything is made, and takes it once it is there", async () => {
    await own.configure(settings({ optionalScopes: ["offline_access", "tenant"] }));
    const refused = await own.stack.up();
    assert.notEqual(refused.code, 0);
    assert.match(
      refused.stdout + refused.stderr,
      /clients\.0\.optionalScopes\.1 is tenant, which realm .* does not have as a client scope; make it there first/,
    );
    await (await keycloakAdmin()).clientScopes.create({ realm: REALM, name: "tenant", protocol: "openid-connect" });
    await own.up();
  });
});
