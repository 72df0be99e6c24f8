import type { V1DeploymentSpec } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as tls from "node:tls";
import { parse, stringify } from "yaml";
import { contractKeys } from "../../lib/contract";
import { checksumAnnotation } from "../../lib/hashes";
import { startKeycloak, stopKeycloak } from "../../sandbox/keycloak";
import { waitFor } from "../../sandbox/process";
import { pulumiEnv } from "../../sandbox/pulumi";
import { ports, root } from "../../sandbox/settings";
import { verify } from "../../verify/checks";
import { clusterClient } from "../../verify/cluster";
import type { Context, Outputs } from "../../verify/context";
import { exitCode, table, type Result } from "../../verify/run";
import { Front } from "./front";
import { kubectl } from "./gitops";
import { keycloakAdmin, platform, TestStack } from "./harness";

/** Its NodePort's; the one after it is the front's. */
const PORT_OFFSET = 13;

type Undo = () => Promise<unknown>;

interface Fault {
  readonly what: string;
  /** The one check that names it. */
  readonly check: string;
  /** The line of that check: the fact, then the remedy. */
  readonly says: RegExp;
  /** Breaks the link on the real platform. */
  readonly broken: () => Promise<Undo>;
  /** What a check looks at then, where it is the stack's own outputs that are wrong. */
  readonly outputs?: (outputs: Outputs) => Outputs;
}

describe("verify names the one link that is broken", function () {
  this.timeout("5m");
  let own: TestStack;
  let front: Front;
  let context: Context;
  const authorities = tls.getCACertificates();

  before(async () => {
    own = await TestStack.create("verify", PORT_OFFSET);
    const { nodeAddress } = await platform();
    const { hostname } = new URL((await platform()).keycloakUrl);
    front = await Front.start(hostname, ports.backstage + PORT_OFFSET + 1, "/portal", `http://${nodeAddress}:${ports.backstage + PORT_OFFSET}`);
    tls.setDefaultCACertificates([...authorities, fs.readFileSync(front.authority, "utf8")]);
    await own.configure({ backstage: { url: front.url } });
    await own.up();
    context = await own.context();
  });
  after(async () => {
    await own.remove();
    await front.stop();
    tls.setDefaultCACertificates(authorities);
  });

  it("and finds nothing where nothing is broken", async () => {
    const results = await verify(context);
    console.log(table(results).replace(/^/gm, "      "));
    assert.equal(exitCode(results), 0, table(results));
    assert.equal(results.at(-1)?.saw, "as user:default/ada");
  });

  const client = async () => {
    const admin = await keycloakAdmin();
    const [found] = await admin.clients.find({ realm: own.realm, clientId: "backstage" });
    assert.ok(found?.id !== undefined);
    return { admin, found, at: { realm: own.realm, id: found.id } };
  };
  /** Changes the client in Keycloak, and can change it back. */
  const changeClient = async (change: object): Promise<Undo> => {
    const { admin, found, at } = await client();
    await admin.clients.update(at, { ...found, ...change });
    return async () => (await client()).admin.clients.update(at, found);
  };
  const changeAttributes = async (attributes: Readonly<Record<string, string>>): Promise<Undo> =>
    changeClient({ attributes: { ...(await client()).found.attributes, ...attributes } });
  const changeRealm = async (change: object, back: object): Promise<Undo> => {
    await (await keycloakAdmin()).realms.update({ realm: own.realm }, change);
    return async () => (await keycloakAdmin()).realms.update({ realm: own.realm }, back);
  };

  /** Changes the Deployment behind Pulumi's back, waits until that shows, and can change it back. */
  const changeDeployment = async (change: (spec: V1DeploymentSpec) => void, shows: RegExp): Promise<Undo> => {
    const at = { namespace: own.namespace, name: "backstage" };
    const replaced = async (with_: (spec: V1DeploymentSpec) => V1DeploymentSpec): Promise<void> => {
      const body = await own.cluster.apps.readNamespacedDeployment(at);
      assert.ok(body.spec !== undefined);
      body.spec = with_(body.spec);
      // Whatever version there is: the controller writes the object's status at the same time.
      delete body.metadata?.resourceVersion;
      await own.cluster.apps.replaceNamespacedDeployment({ ...at, body });
    };
    let before: V1DeploymentSpec | undefined;
    await replaced((spec) => {
      before = structuredClone(spec);
      change(spec);
      return spec;
    });
    const undo = (): Promise<void> => replaced((spec) => before ?? spec);
    let shown = "";
    const look = async (): Promise<true | undefined> => (shows.test((shown = table(await verify(context, "pods")))) ? true : undefined);
    await waitFor("the fault to show", 120, look, 1000).catch(async (error: unknown) => {
      await undo();
      throw new Error(`${String(error)}\n${shown}`);
    });
    return undo;
  };
  type Container = V1DeploymentSpec["template"]["spec"] & object;
  const backstageOf = (spec: V1DeploymentSpec): Container["containers"][number] => {
    const found = spec.template.spec?.containers.find(({ name }) => name === "backstage");
    assert.ok(found !== undefined);
    return found;
  };

  /** The contract Secret as the cluster has it, and where it is. */
  const heldSecret = async () => {
    const at = { namespace: own.namespace, name: context.outputs.contractSecret };
    return { at, body: await own.cluster.core.readNamespacedSecret(at) };
  };

  /** Puts a key of the contract Secret right again. */
  const rightKey = (key: string): Undo => () => own.editSecret({ [key]: context.outputs.credential[key] ?? "" });

  const faults: Fault[] = [
    {
      what: "Keycloak down",
      check: "keycloak",
      says: /cannot be reached \(ECONNREFUSED\); start Keycloak/,
      broken: async () => {
        await stopKeycloak();
        return startKeycloak;
      },
    },
    {
      what: "wrong base path",
      check: "base-path",
      says: /\/auth\/realms\/verify answers 404, and not as Keycloak does for a realm; correct the path in keycloak\.url \(\/auth\)/,
      broken: async () => Promise.resolve(() => Promise.resolve()),
      outputs: (outputs) => ({ ...outputs, keycloakUrl: `${outputs.keycloakUrl}/auth`, issuer: outputs.issuer.replace("/realms/", "/auth/realms/") }),
    },
    {
      what: "realm disabled",
      check: "realm",
      says: /realm verify is disabled; run pulumi up --refresh/,
      broken: () => changeRealm({ enabled: false }, { enabled: true }),
    },
    {
      what: "realm gone",
      check: "realm",
      says: /realm verify does not exist; run pulumi up --refresh/,
      broken: async () => {
        await (await keycloakAdmin()).realms.update({ realm: own.realm }, { realm: "verify-away" });
        return async () => (await keycloakAdmin()).realms.update({ realm: "verify-away" }, { realm: own.realm });
      },
    },
    {
      what: "issuer mismatch",
      check: "issuer",
      says: /the issuer is https:\/\/elsewhere\.example\.com\/realms\/verify, but \S+ is configured.*; set Keycloak's hostname/,
      broken: () => changeRealm({ attributes: { frontendUrl: "https://elsewhere.example.com" } }, { attributes: { frontendUrl: "" } }),
    },
    {
      what: "client deleted",
      check: "client",
      says: /client backstage does not exist, or it is disabled \(401 invalid_client\); run pulumi up --refresh/,
      broken: async () => {
        const { admin, found, at } = await client();
        await admin.clients.del(at);
        return async () => (await keycloakAdmin()).clients.create({ realm: own.realm, ...found });
      },
    },
    {
      what: "client disabled",
      check: "client",
      says: /client backstage does not exist, or it is disabled/,
      broken: () => changeClient({ enabled: false }),
    },
    {
      what: "client made public",
      check: "client",
      says: /client backstage is public: Keycloak asks it for no secret/,
      broken: () => changeClient({ publicClient: true }),
    },
    {
      what: "redirect URI changed",
      check: "redirect-uri",
      says: /Keycloak refuses the redirect URI https:\S+\/portal\/api\/auth\/oidc\/handler\/frame; run pulumi up --refresh/,
      broken: () => changeClient({ redirectUris: ["https://old.example.com/api/auth/oidc/handler/frame"] }),
    },
    {
      what: "redirect URI with a wildcard",
      check: "redirect-uri",
      says: /Keycloak takes a redirect URI of a foreign host/,
      broken: () => changeClient({ redirectUris: ["*"] }),
    },
    {
      what: "PKCE method changed",
      check: "pkce",
      says: /Keycloak refuses PKCE S256 \(.*\); run pulumi up --refresh/,
      broken: () => changeAttributes({ "pkce.code.challenge.method": "plain" }),
    },
    {
      what: "PKCE no longer required",
      check: "pkce",
      says: /Keycloak lets a sign-in start without PKCE/,
      broken: () => changeAttributes({ "pkce.code.challenge.method": "" }),
    },
    {
      what: "scope detached",
      check: "scopes",
      says: /the client lacks the scope groups; run pulumi up --refresh/,
      broken: async () => {
        const { admin, at } = await client();
        const scope = (await admin.clients.listDefaultClientScopes(at)).find(({ name }) => name === "groups");
        assert.ok(scope?.id !== undefined);
        const clientScope = { ...at, clientScopeId: scope.id };
        await admin.clients.delDefaultClientScope(clientScope);
        return async () => (await keycloakAdmin()).clients.addDefaultClientScope(clientScope);
      },
    },
    {
      what: "Secret deleted",
      check: "secret",
      says: /Secret verify\/backstage-env-vars is missing; run pulumi up --refresh/,
      broken: async () => {
        const { at, body } = await heldSecret();
        await own.cluster.core.deleteNamespacedSecret(at);
        delete body.metadata?.resourceVersion;
        return () => own.cluster.core.createNamespacedSecret({ namespace: own.namespace, body });
      },
    },
    {
      what: "key missing",
      check: "secret",
      says: /Secret verify\/backstage-env-vars lacks AUTH_SESSION_SECRET; run pulumi up --refresh/,
      broken: async () => {
        const { at, body } = await heldSecret();
        body.data = Object.fromEntries(Object.entries(body.data ?? {}).filter(([key]) => key !== contractKeys.sessionSecret));
        await own.cluster.core.replaceNamespacedSecret({ ...at, body });
        return rightKey(contractKeys.sessionSecret);
      },
    },
    {
      what: "Secret edited",
      check: "secret",
      says: /in Secret verify\/backstage-env-vars KEYCLOAK_CLIENT_SECRET is not what the state says; run pulumi up --refresh/,
      broken: async () => {
        await own.editSecret({ [contractKeys.clientSecret]: "edited" });
        return rightKey(contractKeys.clientSecret);
      },
    },
    {
      what: "client secret regenerated by hand",
      check: "credential",
      says: /Keycloak refuses the secret of client backstage \(401 unauthorized_client\).*; the Secret is stale: run pulumi up --refresh/,
      broken: async () => {
        const { admin, found, at } = await client();
        await admin.clients.generateNewClientSecret(at);
        return async () => (await keycloakAdmin()).clients.update(at, found);
      },
    },
    {
      what: "implicit flow, direct grants, service account and device grant turned on",
      check: "closed-doors",
      says: /the client also allows the implicit flow, direct grants, a service account, the device grant; run pulumi up --refresh/,
      broken: async () => {
        const { attributes } = (await client()).found;
        const flags = { implicitFlowEnabled: true, directAccessGrantsEnabled: true, serviceAccountsEnabled: true };
        return changeClient({ ...flags, attributes: { ...attributes, "oauth2.device.authorization.grant.enabled": "true" } });
      },
    },
    {
      what: "Deployment scaled to 0",
      check: "rollout",
      says: /Deployment verify\/backstage is scaled to 0; run pulumi up --refresh, or scale it up/,
      broken: () => changeDeployment((spec) => (spec.replicas = 0), /scaled to 0/),
    },
    {
      what: "image missing",
      check: "rollout",
      says: /pod backstage-\S+: container backstage waits: \S*Image\S*: localhost\/missing:1; correct backstage\.image/,
      broken: () => changeDeployment((spec) => (backstageOf(spec).image = "localhost/missing:1"), /Image/),
    },
    {
      what: "Backstage crash",
      check: "rollout",
      says: /pod backstage-\S+: container backstage (?:waits: \S+|runs, but is not ready), last exit code 3.*; mend what its log says, and run pulumi up/,
      broken: () => changeDeployment((spec) => (backstageOf(spec).command = ["node", "-e", "console.log('no such module'); process.exit(3)", "--"]), /exit code 3[^]*no such module/),
    },
    {
      what: "hash stale",
      check: "pods",
      says: /pod backstage-\S+ was made for another content of the Secret; run pulumi up --refresh/,
      broken: () =>
        changeDeployment((spec) => {
          const annotations = spec.template.metadata?.annotations ?? {};
          annotations[checksumAnnotation("secret", context.outputs.contractSecret)] = "of-an-older-secret";
        }, /another content/),
    },
    {
      what: "certificate expired",
      check: "backstage-certificate",
      says: /the certificate of https:\S+ has expired on \S+; renew it/,
      broken: () => {
        front.show("expired");
        return Promise.resolve(() => {
          front.show("valid");
          return Promise.resolve();
        });
      },
    },
    {
      what: "clocks apart",
      check: "clock",
      says: /Backstage's clock, \d{3} s ahead of this machine's, is not Keycloak's: .*; set the clocks of both by NTP/,
      broken: () => {
        front.secondsAhead = 300;
        return Promise.resolve(() => Promise.resolve((front.secondsAhead = 0)));
      },
    },
    {
      what: "sub-path wrong",
      check: "start",
      says: /\/portal does not lead to Backstage: its path \/portal answers 404; correct the path in backstage\.url/,
      broken: () => {
        front.takesPathOff = false;
        return Promise.resolve(() => Promise.resolve((front.takesPathOff = true)));
      },
    },
  ];

  for (const { what, check, says, broken, outputs } of faults) {
    it(`${what}: ${check}`, async () => {
      const undo = await broken();
      let results: Result[];
      try {
        results = await verify(outputs === undefined ? context : { ...context, outputs: outputs(context.outputs) });
      } finally {
        await undo();
      }
      const shown = table(results);
      assert.equal(exitCode(results), 1, shown);
      const at = results.findIndex(({ name }) => name === check);
      assert.match(`${results[at]?.saw ?? ""}; ${results[at]?.remedy ?? ""}`, says, shown);
      assert.deepEqual(results.filter(({ state }) => state === "failed").map(({ name }) => name), [check], shown);
      assert.ok(results.slice(0, at).every(({ state }) => state === "ok"), shown);
      if (check !== "closed-doors") assert.equal(results.at(-1)?.state, "not reached", shown);
      for (const secret of Object.values(context.outputs.userPasswords)) assert.ok(!shown.includes(secret));
      await waitFor("all links to hold again", 90, async () => (exitCode(await verify(context)) === 0 ? true : undefined), 1000);
    });
  }

  it("needs no more rights than the Role in docs/operations.md, and says which one is missing", async () => {
    const { namespace } = own;
    const { kubeconfig } = await platform();
    const page = fs.readFileSync(path.join(root, "docs", "operations.md"), "utf8");
    const role = parse(/```yaml\n([^]*?)```/.exec(page)?.[1] ?? "") as { metadata: object; rules: { resources: string[] }[] };
    const apply = async (rules: object[]): Promise<void> => {
      const file = path.join(own.stack.folder, "role.yaml");
      fs.writeFileSync(file, stringify({ ...role, metadata: { ...role.metadata, namespace }, rules }));
      await kubectl("apply", "-f", file);
    };
    await kubectl("create", "serviceaccount", "reader", "-n", namespace);
    await kubectl("create", "rolebinding", "reader", "-n", namespace, "--role", "verify", "--serviceaccount", `${namespace}:reader`);
    const token = (await kubectl("create", "token", "reader", "-n", namespace)).trim();
    const config = parse(fs.readFileSync(kubeconfig, "utf8")) as { users: { name: string }[] };
    const file = path.join(own.stack.folder, "reader.kubeconfig");
    fs.writeFileSync(file, stringify({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) }), { mode: 0o600 });
    const reading = { ...context, cluster: clusterClient(file) };

    await apply(role.rules.filter(({ resources }) => !resources.includes("secrets")));
    const lacking = await verify(reading);
    assert.equal(exitCode(lacking), 2, table(lacking));
    const unseen = lacking.filter(({ state }) => state === "not checked");
    assert.deepEqual(unseen.map(({ name, saw }) => [name, saw]), [["secret", "the kubeconfig's user may not get secrets in namespace verify"]]);

    await apply(role.rules);
    const results = await verify(reading);
    assert.equal(exitCode(results), 0, table(results));
  });

  it("says so where the cluster is another one", async () => {
    const results = await verify({ ...context, outputs: { ...context.outputs, namespace: "elsewhere" } });
    assert.equal(exitCode(results), 2, table(results));
    assert.match(results.find(({ state }) => state === "not checked")?.saw ?? "", /^the cluster https:\S+ has no namespace elsewhere$/);
  });

  it("is one sentence and exit code 2 for what a user mistypes", async () => {
    const mistakes: [string[], RegExp][] = [
      [["--only", "secrets"], /^There is no check secrets here; there are keycloak, .*, start, clock\.\n$/],
      [["--stack", "nowhere"], /^The outputs of stack nowhere cannot be read: no stack named 'nowhere' found\n$/],
      [["--wrong"], /^Unknown option '--wrong'/],
      [["--login", "eve"], /^password of eve: \nThere is no password for --login eve; give it on the standard input\.\n$/],
    ];
    for (const [args, says] of mistakes) {
      const { code, stderr } = await own.verify(args);
      assert.match(stderr, says);
      assert.equal(code, 2);
    }
  });

  it("looks at one link when asked, as JSON where there is no terminal and as a table when told", async () => {
    const { code, stdout } = await own.verify(["--only", "secret"]);
    assert.equal(code, 0, stdout);
    const results = JSON.parse(stdout) as Result[];
    assert.deepEqual(results.map(({ name, state }) => [name, state]), [["cluster", "ok"], ["secret", "ok"]]);
    assert.deepEqual(Object.keys(results[0] ?? {}), ["name", "title", "state", "saw", "remedy", "details", "seconds"]);
    assert.match((await own.verify(["--only", "secret", "--no-json"])).stdout, /^ok {4}the cluster lets us in .*\nok {4}the Secret holds the credential .*\n$/);
  });

  it("tells a wrong password from a broken link", async () => {
    const { code, stdout } = await own.verify(["--login", "eve"], { env: { NODE_EXTRA_CA_CERTS: front.authority }, input: "wrong-password\n" });
    assert.equal(code, 1, stdout);
    const failed = (JSON.parse(stdout) as Result[]).filter(({ state }) => state !== "ok");
    assert.deepEqual(failed.map(({ name, saw }) => [name, saw]), [["sign-in", "ended at credentials: Keycloak refuses user eve or the password"]]);
    assert.ok(!stdout.includes("wrong-password"));
  });

  it("watches until it is interrupted, says what changes, and ends with the last look's code", async () => {
    const { stack, namespace } = own;
    const command = ["--import", require.resolve("tsx"), path.join(root, "verify", "index.ts"), "--stack", stack.name, "--only", "secret", "--watch"];
    const child = spawn(process.execPath, command, { cwd: stack.folder, env: await pulumiEnv(), stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const looks = (): Result[][] => said.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Result[]);
    await waitFor("the first look", 120, () => (looks().length === 1 ? true : undefined));
    await own.editSecret({ [contractKeys.clientSecret]: "edited" });
    await waitFor("the second look", 60, () => (looks().length === 2 ? true : undefined));
    await rightKey(contractKeys.clientSecret)();
    assert.deepEqual(looks().map((results) => results.at(-1)?.state), ["ok", "failed"], namespace);
    child.kill("SIGINT");
    assert.equal(await new Promise((resolve) => child.on("close", resolve)), 1);
  });
});
