import assert from "node:assert/strict";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { catalogKeys, contractKeys, standbyKeys } from "../../../lib/pod/contract";
import { dataHash } from "../../../lib/pod/hashes";
import { checks, verify } from "../../../verify/chain";
import { clockOf } from "../../../verify/checks/clock";
import type { Context } from "../../../verify/context";
import { CannotLook, table, type State } from "../../../verify/runChecks";

/**
 * The checks against a played Keycloak and Backstage whose every answer a test can replace: by a proxy's, which says
 * nothing of a link. What the real ones answer, test/e2e/verify.test.ts asks.
 */

type Answer = (request: http.IncomingMessage, response: http.ServerResponse, body: string) => void;

async function listen(answer: Answer): Promise<{ url: string; close: () => void }> {
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => answer(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

const json = (response: http.ServerResponse, status: number, document: object): unknown =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
const page =
  '<!DOCTYPE html><html><form id="kc-form-login" action="/realms/r/login-actions/authenticate?x"></form></html>';

/** Keycloak, as it answers when every link holds. */
const keycloak =
  (url: () => string): Answer =>
  (request, response, body) => {
    const asked = new URL(request.url ?? "/", url());
    const form = new URLSearchParams(body);
    const issuer = `${url()}/realms/r`;
    if (asked.pathname.endsWith("/openid-configuration"))
      return void json(response, 200, { issuer, token_endpoint: `${issuer}/protocol/openid-connect/token` });
    if (asked.pathname.endsWith("/login-actions/authenticate")) return void response.end(page);
    if (asked.pathname.endsWith("/auth")) {
      const query = asked.searchParams;
      const to = query.get("redirect_uri") ?? "";
      if (to.includes("verify.invalid"))
        return void response
          .writeHead(400)
          .end("<html><div id='kc-error-message'>Invalid parameter: redirect_uri</div></html>");
      if (query.get("response_type") === "token")
        return void response.writeHead(302, { location: `${to}#error=unauthorized_client` }).end();
      if (!query.has("code_challenge"))
        return void response.writeHead(302, { location: `${to}?error=invalid_request` }).end();
      return void response.end(page);
    }
    if (asked.pathname.endsWith("/token")) {
      const basic = Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64").toString();
      const secret = form.get("client_secret") ?? decodeURIComponent(basic.split(":")[1] ?? "");
      if (form.get("grant_type") === null) return void json(response, 400, { error: "invalid_request" });
      if (!secret.startsWith("s3cret")) return void json(response, 401, { error: "unauthorized_client" });
      if (form.get("grant_type") !== "authorization_code")
        return void json(response, 400, { error: "unauthorized_client" });
      const proof = request.headers.dpop as string | undefined;
      const { iat = Date.now() / 1000 } =
        proof === undefined
          ? {}
          : (JSON.parse(Buffer.from(proof.split(".")[1] ?? "", "base64url").toString()) as { iat?: number });
      if (Math.abs(iat - Date.now() / 1000) > 15)
        return void json(response, 400, { error: "invalid_request", error_description: "DPoP proof is not active" });
      return void json(response, 400, { error: "invalid_grant" });
    }
    if (asked.pathname.endsWith("/auth/device")) return void json(response, 400, { error: "unauthorized_client" });
    response.end();
  };

/** Backstage, whose clock its own cookie shows; a proxy before it has dated the answer. */
const backstage =
  (issuer: () => string, url: () => string): Answer =>
  (request, response) => {
    if (request.url?.includes("/start") !== true)
      return void response.writeHead(200, { date: new Date(0).toUTCString() }).end("x");
    const to = new URLSearchParams({
      client_id: "backstage",
      redirect_uri: `${url()}/api/auth/oidc/handler/frame`,
      code_challenge: "x",
      code_challenge_method: "S256",
    });
    const cookie = `oidc-nonce=x; Max-Age=600; Path=/; Expires=${new Date(Date.now() + 600_000).toUTCString()}; HttpOnly`;
    response
      .writeHead(302, {
        location: `${issuer()}/protocol/openid-connect/auth?${to.toString()}`,
        "set-cookie": cookie,
        date: new Date(0).toUTCString(),
      })
      .end();
  };

/** What proxies say in the place of whoever is behind them. */
const proxies: Readonly<Record<string, Answer>> = {
  "429 in plain text": (_, response) => void response.writeHead(429).end("Too Many Requests"),
  "429 in JSON": (_, response) => void json(response, 429, { message: "slow down" }),
  "502 in HTML": (_, response) =>
    void response.writeHead(502, { "content-type": "text/html" }).end("<html><h1>Bad Gateway</h1></html>"),
  "503 in JSON": (_, response) => void json(response, 503, { error: "unavailable" }),
  "403 in HTML": (_, response) =>
    void response.writeHead(403, { "content-type": "text/html" }).end("<html>Request blocked</html>"),
  "400 in HTML": (_, response) =>
    void response.writeHead(400, { "content-type": "text/html" }).end("<html>Bad Request</html>"),
  "a page for maintenance": (_, response) =>
    void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><html>Back soon</html>"),
  "a sign-in of its own": (_, response) =>
    void response.writeHead(302, { location: "https://sso.example.com/login?rd=x" }).end(),
  "a connection that breaks": (request) => void request.socket.destroy(),
};

const credential = (issuer: string): Record<string, string> => ({
  [contractKeys.clientSecret]: "s3cret-client",
  [contractKeys.clientId]: "backstage",
  [contractKeys.issuer]: issuer,
  [contractKeys.metadataUrl]: `${issuer}/.well-known/openid-configuration`,
  [contractKeys.sessionSecret]: "s3cret-session",
  [catalogKeys.clientId]: "catalog",
  [catalogKeys.clientSecret]: "s3cret-catalog",
  [standbyKeys.clientId]: "backstage-green",
  [standbyKeys.clientSecret]: "s3cret-standby",
});

const gates = ["wait-for-secrets", "verify-credentials"].map((name) => ({
  name,
  state: { terminated: { exitCode: 0 } },
}));
const pod = (name: string, hash: string, status: object, more: object = {}): object => ({
  metadata: { name, annotations: { "checksum/secret-s": hash }, ...more },
  status: {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True" }],
    initContainerStatuses: gates,
    containerStatuses: [{ name: "backstage", ready: true, restartCount: 0, state: { running: {} } }],
    ...status,
  },
});

describe("a check whose answer tells nothing", () => {
  let ofKeycloak: Answer | undefined;
  let ofBackstage: Answer | undefined;
  /** How many answers of Keycloak are its own before the other one comes. */
  let first = 0;
  let pods: object[] = [];
  let status = {};
  let log = "verify-credentials: try 1: Keycloak accepts";
  let context: Context;
  const close: (() => void)[] = [];

  before(async () => {
    const servers = { keycloak: "", backstage: "" };
    const issuer = (): string => `${servers.keycloak}/realms/r`;
    const well = { keycloak: keycloak(() => servers.keycloak), backstage: backstage(issuer, () => servers.backstage) };
    const [one, other] = await Promise.all([
      listen((...asked) => (first-- > 0 ? well.keycloak : (ofKeycloak ?? well.keycloak))(...asked)),
      listen((...asked) => (ofBackstage ?? well.backstage)(...asked)),
    ]);
    Object.assign(servers, { keycloak: one.url, backstage: other.url });
    close.push(one.close, other.close);
    const held = credential(issuer());
    const data = Object.fromEntries(
      Object.entries(held).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    );
    const cluster = {
      server: "https://10.0.0.1",
      pods: () => Promise.resolve(pods),
      apps: {
        readNamespacedDeployment: () =>
          Promise.resolve({
            metadata: { generation: 1 },
            spec: { replicas: 1 },
            status: { observedGeneration: 1, updatedReplicas: 1, availableReplicas: 1, replicas: 1, ...status },
          }),
      },
      core: {
        readNamespace: () => Promise.resolve({}),
        readNamespacedSecret: () => Promise.resolve({ data }),
        readNamespacedPodLog: () => Promise.resolve(log),
      },
    } as unknown as Context["cluster"];
    const outputs = {
      mode: "direct",
      backstageUrl: other.url,
      authProvider: "oidc",
      authEnvironment: "prod",
      keycloakUrl: one.url,
      issuer: issuer(),
      namespace: "n",
      deployment: "backstage",
      contractSecret: "s",
      credential: held,
      clientSecrets: {},
      userPasswords: { ada: "s3cret-ada" },
      userPasswordsTemporary: false,
      rotation: { generation: 1, graceEnds: 0 },
    } as unknown as Context["outputs"];
    context = { outputs, cluster, logins: [{ username: "ada", password: "s3cret-login" }] };
  });
  beforeEach(() => {
    [ofKeycloak, ofBackstage, first, status] = [undefined, undefined, 0, {}];
    log = "verify-credentials: try 1: Keycloak accepts";
    pods = [pod("backstage-1", dataHash(context.outputs.credential), {})];
  });
  after(() => close.forEach((end) => end()));

  /** What one check says, without those that it needs. */
  async function said(name: string): Promise<{ state: State; saw: string }> {
    const [check] = checks(context).filter((one) => one.name === name);
    assert.ok(check !== undefined, name);
    const result = await check.run().then(
      (saw) => ({ state: "ok" as const, saw }),
      (error: unknown) => ({
        state:
          error instanceof CannotLook || !("remedy" in (error as object))
            ? ("not checked" as const)
            : ("failed" as const),
        saw: (error as Error).message,
      }),
    );
    return result;
  }

  const ofTheChain = [
    "keycloak",
    "base-path",
    "realm",
    "issuer",
    "client",
    "redirect-uri",
    "pkce",
    "scopes",
    "cluster",
    "secret",
    "credential",
    "closed-doors",
    "rollout",
    "gates",
    "pods",
    "backstage",
    "start",
    "clock",
  ];

  it("is none of those where every link holds", async () => {
    for (const name of ofTheChain) assert.equal((await said(name)).state, "ok", `${name}: ${(await said(name)).saw}`);
    // The played Keycloak refuses every password, as the real one does: with its form.
    assert.match((await said("sign-in")).saw, /^ended at credentials: Keycloak refuses user ada/);
  });

  for (const [what, answer] of Object.entries(proxies)) {
    for (const name of [
      "base-path",
      "realm",
      "issuer",
      "client",
      "redirect-uri",
      "pkce",
      "scopes",
      "credential",
      "closed-doors",
      "clock",
      "sign-in",
    ]) {
      it(`is not checked, and not broken: ${name} with ${what} for Keycloak's`, async () => {
        for (const own of [0, 1]) {
          ofKeycloak = answer;
          first = own;
          const { state, saw } = await said(name);
          // One answer is all that some checks need.
          if (own === 1 && state === "ok") continue;
          assert.equal(state, "not checked", `${own} own, then ${saw}`);
        }
      });
    }
    for (const name of ["start", "clock", "sign-in"]) {
      it(`is not checked, and not broken: ${name} with ${what} for Backstage's`, async () => {
        ofBackstage = answer;
        const { state, saw } = await said(name);
        assert.equal(state, "not checked", saw);
      });
    }
  }

  it("is the clock's where Keycloak asks for a nonce, or finds another fault with the proof", async () => {
    for (const document of [
      { error: "use_dpop_nonce" },
      { error: "invalid_request", error_description: "Unsupported DPoP algorithm: ES256" },
    ]) {
      ofKeycloak = (_, response) => void json(response, 400, document);
      assert.equal((await said("clock")).state, "not checked");
    }
    ofKeycloak = (_, response) =>
      void json(response, 400, { error: "invalid_request", error_description: "DPoP proof is not active" });
    assert.match((await said("clock")).saw, /^Backstage's clock, the same as this machine's, is not Keycloak's/);
  });

  it("is not what Keycloak itself says of a client that is wrong", async () => {
    ofKeycloak = (_, response) => void response.end(page);
    assert.match((await said("redirect-uri")).saw, /takes a redirect URI of a foreign host/);
    assert.match((await said("pkce")).saw, /start without PKCE/);
    ofKeycloak = (_, response) => void json(response, 400, { error: "invalid_scope" });
    assert.match((await said("closed-doors")).saw, /also allows direct grants, a service account, the device grant/);
    ofKeycloak = (_, response) =>
      void json(response, 400, {
        error: "invalid_request",
        error_description: "Missing parameter: code_challenge_method",
      });
    assert.match((await said("closed-doors")).saw, /also allows .*the device grant/);
    ofBackstage = (_, response) => void json(response, 500, { error: { name: "Error", message: "no discovery" } });
    assert.deepEqual(await said("start"), {
      state: "failed",
      saw: "Backstage answers 500 where a sign-in starts; look at its log; a discovery that failed at its start heals by itself",
    });
  });

  it("knows Backstage's clock by its own cookie alone", () => {
    const cookie = (name: string, age: number): string =>
      `${name}=x; Max-Age=${age}; Path=/; Expires=Thu, 01 Jan 2026 00:10:00 GMT`;
    assert.equal(clockOf([cookie("oidc-nonce", 600)]), Date.parse("2026-01-01T00:00:00Z"));
    assert.equal(clockOf([cookie("proxy-session", 600)]), undefined);
    assert.equal(clockOf(["oidc-nonce=x; Max-Age=600", "oidc-nonce=x"]), undefined);
  });

  it("is none because of pods that are over or of somebody else, while the Deployment misses none", async () => {
    const evicted = pod("backstage-evicted", "older", {
      phase: "Failed",
      reason: "Evicted",
      conditions: undefined,
      initContainerStatuses: undefined,
      containerStatuses: undefined,
    });
    const unready = {
      conditions: [{ type: "Ready", status: "False" }],
      containerStatuses: [
        { name: "backstage", ready: false, restartCount: 0, state: { terminated: { exitCode: 143, reason: "Error" } } },
      ],
    };
    const ended = [
      evicted,
      pod("backstage-shutdown", "older", { phase: "Failed", ...unready }),
      pod("backstage-done", "older", { phase: "Succeeded", ...unready }),
    ];
    const job = pod(
      "backstage-job",
      "none",
      { initContainerStatuses: [], ...unready },
      { ownerReferences: [{ kind: "Job", controller: true }] },
    );
    pods = [...ended, job, ...pods];
    for (const name of ["rollout", "gates", "pods"])
      assert.equal((await said(name)).state, "ok", `${name}: ${(await said(name)).saw}`);
    status = { availableReplicas: 0 };
    pods = [...ended, pod("backstage-1", "x", unready)];
    assert.match((await said("rollout")).saw, /^pod backstage-1: container backstage ended: Error, last exit code 143/);
    pods = ended;
    assert.match((await said("rollout")).saw, /^0 of 1 pods are ready/);
  });

  it("shows no secret, though everybody repeats what they were asked and what they hold", async () => {
    const secrets = [
      ...Object.entries(context.outputs.credential).flatMap(([key, value]) => (/SECRET$/.test(key) ? [value] : [])),
      "s3cret-ada",
      "s3cret-login",
    ];
    assert.equal(secrets.length, 6);
    const written = secrets.flatMap((value) => [
      value,
      Buffer.from(value).toString("base64"),
      Buffer.from(`backstage:${value}`).toString("base64"),
    ]);
    const canary = written.join(" ");
    log = canary;
    status = { availableReplicas: 0 };
    pods = [pod("backstage-1", canary, { conditions: [{ type: "PodScheduled", status: "False", message: canary }] })];
    const echo: Answer = (request, response, body) =>
      void json(response, 418, {
        error: `${canary} ${request.headers.authorization ?? ""} ${body}`,
        error_description: canary,
        issuer: canary,
      });
    for (const [one, other] of [
      [echo, undefined],
      [undefined, echo],
      [undefined, undefined],
    ] as const) {
      for (const name of [...ofTheChain, "sign-in"]) {
        [ofKeycloak, ofBackstage] = [one, other];
        const results = await verify(context, name);
        for (const shown of [table(results), JSON.stringify(results)])
          for (const text of written) assert.ok(!shown.includes(text), `${name} shows ${text}`);
      }
    }
    // The canary has come through, or nothing was proven.
    assert.match(table(await verify(context, "rollout")), /is not scheduled: \[secret\]/);
  });
});
