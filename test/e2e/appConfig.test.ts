import assert from "node:assert/strict";
import { parse } from "yaml";
import { backstageUrls } from "../../lib/keycloak/urls";
import { story, TestStack } from "./harness";

const overlay = {
  organization: { name: "Example" },
  catalog: { rules: [{ allow: ["Component", "Domain"] }] },
  backend: { csp: { "img-src": ["'self'", "https://images.example.com"] } },
};

describe("app-config and sign-in as the settings say", function () {
  this.timeout("6m");
  story();

  let own: TestStack;
  before(async () => {
    own = await TestStack.create("app-config", 7);
    await own.configure({
      backstage: { appConfig: overlay, additionalScopes: ["offline_access", "groups"], sessionDuration: "1h" },
    });
    await own.up();
  });
  after(() => own.remove());

  it("lays the overlay into the app-config", async () => {
    const { data } = await own.cluster.core.readNamespacedConfigMap({
      namespace: own.namespace,
      name: "backstage-app-config",
    });
    const config = parse(data?.["app-config.yaml"] ?? "") as typeof overlay;
    assert.deepEqual(config.organization, overlay.organization);
    assert.deepEqual(config.catalog.rules, overlay.catalog.rules);
  });

  it("passes every check of verify, a sign-in among them", async () => {
    await own.mustHold();
    await own.mustSignIn();
  });

  it("asks Keycloak for the additional scopes", async () => {
    const { backstageUrl, authProvider, authEnvironment } = await own.outputs();
    const { base, startPath } = backstageUrls(backstageUrl, authProvider, authEnvironment);
    const response = await fetch(base + startPath, { redirect: "manual" });
    const scopes = new URL(response.headers.get("location") ?? "").searchParams.get("scope")?.split(" ").sort();
    assert.deepEqual(scopes, ["email", "groups", "offline_access", "openid", "profile"]);
  });

  it("runs Backstage with the overlay", async () => {
    const { backstageUrl } = await own.outputs();
    const { headers } = await fetch(`${backstageUrl}/api/auth/.backstage/auth/v1/jwks.json`);
    assert.match(headers.get("content-security-policy") ?? "", /img-src 'self' https:\/\/images\.example\.com/);
  });

  it("refuses an overlay of the sign-in's own keys before anything changes", async () => {
    await own.configure({ backstage: { appConfig: { auth: { session: { secret: "hunter2hunter2" } } } } });
    const { code, stdout, stderr } = await own.stack.up();
    assert.notEqual(code, 0);
    assert.match(
      stdout + stderr,
      /config: backstage\.appConfig\.auth\.session is a key of the program's own; remove it\./,
    );
    assert.doesNotMatch(stdout + stderr, /hunter2|at .*\.ts:\d+/);
  });
});
