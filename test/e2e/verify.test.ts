import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as tls from "node:tls";
import { parse, stringify } from "yaml";
import { contractKeys } from "../../lib/pod/contract";
import { waitFor } from "../../sandbox/process";
import { pulumiEnv } from "../../sandbox/pulumi";
import { ports, root } from "../../sandbox/settings";
import { verify } from "../../verify/chain";
import { clusterClient } from "../../verify/cluster";
import type { Context } from "../../verify/context";
import { exitCode, table, type Result } from "../../verify/runChecks";
import { brokenLinks } from "./brokenLinks";
import { Front } from "./front";
import { kubectl } from "./gitops";
import { platform, TestStack } from "./harness";

/** Its NodePort's; the one after it is the front's. */
const PORT_OFFSET = 13;

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
    front = await Front.start(
      hostname,
      ports.backstage + PORT_OFFSET + 1,
      "/portal",
      `http://${nodeAddress}:${ports.backstage + PORT_OFFSET}`,
    );
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
    // A Keycloak that has just started may take seconds for its first form.
    await own.mustHold();
    const results = await verify(context);
    console.log(table(results).replace(/^/gm, "      "));
    assert.equal(exitCode(results), 0, table(results));
    assert.equal(results.at(-1)?.saw, "as user:default/ada");
  });

  for (const { what, check, says, broken, outputs } of brokenLinks({
    own: () => own,
    front: () => front,
    context: () => context,
  })) {
    it(`${what}: ${check}`, async () => {
      const undo = await broken();
      let results: Result[] = [];
      const failed = (): string[] => results.filter(({ state }) => state === "failed").map(({ name }) => name);
      try {
        // A pod that is still going may be one more fault, for a moment.
        for (let tries = 0; tries < 10 && failed().join() !== check; tries++) {
          results = await verify(outputs === undefined ? context : { ...context, outputs: outputs(context.outputs) });
        }
      } finally {
        await undo();
        await waitFor(
          "all links to hold again",
          120,
          async () => (exitCode(await verify(context)) === 0 ? true : undefined),
          1000,
        );
      }
      const shown = table(results);
      assert.equal(exitCode(results), 1, shown);
      const at = results.findIndex(({ name }) => name === check);
      assert.match(`${results[at]?.saw ?? ""}; ${results[at]?.remedy ?? ""}`, says, shown);
      assert.deepEqual(failed(), [check], shown);
      assert.ok(
        results.slice(0, at).every(({ state }) => state === "ok"),
        shown,
      );
      if (check !== "closed-doors") assert.equal(results.at(-1)?.state, "not reached", shown);
      for (const secret of Object.values(context.outputs.userPasswords)) assert.ok(!shown.includes(secret));
    });
  }

  it("needs no more rights than the Role in docs/operations.md, and says which one is missing", async () => {
    const { namespace } = own;
    const { kubeconfig } = await platform();
    const page = fs.readFileSync(path.join(root, "docs", "operations.md"), "utf8");
    const role = parse(/```yaml\n([^]*?)```/.exec(page)?.[1] ?? "") as {
      metadata: object;
      rules: { resources: string[] }[];
    };
    const apply = async (rules: object[]): Promise<void> => {
      const file = path.join(own.stack.folder, "role.yaml");
      fs.writeFileSync(file, stringify({ ...role, metadata: { ...role.metadata, namespace }, rules }));
      await kubectl("apply", "-f", file);
    };
    await kubectl("create", "serviceaccount", "reader", "-n", namespace);
    await kubectl(
      "create",
      "rolebinding",
      "reader",
      "-n",
      namespace,
      "--role",
      "verify",
      "--serviceaccount",
      `${namespace}:reader`,
    );
    const token = (await kubectl("create", "token", "reader", "-n", namespace)).trim();
    const config = parse(fs.readFileSync(kubeconfig, "utf8")) as { users: { name: string }[] };
    const file = path.join(own.stack.folder, "reader.kubeconfig");
    fs.writeFileSync(
      file,
      stringify({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) }),
      { mode: 0o600 },
    );
    const reading = { ...context, cluster: clusterClient(file) };

    await apply(role.rules.filter(({ resources }) => !resources.includes("secrets")));
    const lacking = await verify(reading);
    assert.equal(exitCode(lacking), 2, table(lacking));
    const unseen = lacking.filter(({ state }) => state === "not checked");
    assert.deepEqual(
      unseen.map(({ name, saw }) => [name, saw]),
      [["secret", "the kubeconfig's user may not get secrets in namespace verify"]],
    );

    await apply(role.rules);
    const results = await verify(reading);
    assert.equal(exitCode(results), 0, table(results));
  });

  it("says so where the cluster is another one", async () => {
    const results = await verify({ ...context, outputs: { ...context.outputs, namespace: "elsewhere" } });
    assert.equal(exitCode(results), 2, table(results));
    assert.match(
      results.find(({ state }) => state === "not checked")?.saw ?? "",
      /^the cluster https:\S+ has no namespace elsewhere$/,
    );
  });

  it("is one sentence and exit code 2 for what a user mistypes", async () => {
    const mistakes: [string[], RegExp][] = [
      [["--only", "secrets"], /^There is no check secrets here; there are keycloak, .*, start, clock\.\n$/],
      [["--stack", "nowhere"], /^The outputs of stack nowhere cannot be read: no stack named 'nowhere' found\n$/],
      [["--wrong"], /^Unknown option '--wrong'/],
      [
        ["--login", "eve"],
        /^password of eve: \nThere is no password for --login eve; give it on the standard input\.\n$/,
      ],
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
    assert.deepEqual(
      results.map(({ name, state }) => [name, state]),
      [
        ["cluster", "ok"],
        ["secret", "ok"],
      ],
    );
    assert.deepEqual(Object.keys(results[0] ?? {}), ["name", "title", "state", "saw", "remedy", "details", "seconds"]);
    assert.match(
      (await own.verify(["--only", "secret", "--no-json"])).stdout,
      /^ok {4}the cluster lets us in .*\nok {4}the Secret holds the credential .*\n$/,
    );
  });

  it("tells a wrong password from a broken link", async () => {
    const { code, stdout } = await own.verify(["--login", "eve"], {
      env: { NODE_EXTRA_CA_CERTS: front.authority },
      input: "wrong-password\n",
    });
    assert.equal(code, 1, stdout);
    const failed = (JSON.parse(stdout) as Result[]).filter(({ state }) => state !== "ok");
    assert.deepEqual(
      failed.map(({ name, saw }) => [name, saw]),
      [["sign-in", "ended at credentials: Keycloak refuses user eve or the password"]],
    );
    assert.ok(!stdout.includes("wrong-password"));
  });

  it("watches until it is interrupted, says what changes, and ends with the last look's code", async () => {
    const { stack, namespace } = own;
    const command = [
      "--import",
      require.resolve("tsx"),
      path.join(root, "verify", "index.ts"),
      "--stack",
      stack.name,
      "--only",
      "secret",
      "--watch",
    ];
    const child = spawn(process.execPath, command, {
      cwd: stack.folder,
      env: await pulumiEnv(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const looks = (): Result[][] =>
      said
        .trimEnd()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Result[]);
    await waitFor("the first look", 120, () => (looks().length === 1 ? true : undefined));
    await own.editSecret({ [contractKeys.clientSecret]: "edited" });
    await waitFor("the second look", 60, () => (looks().length === 2 ? true : undefined));
    await own.editSecret({ [contractKeys.clientSecret]: context.outputs.credential[contractKeys.clientSecret] ?? "" });
    assert.deepEqual(
      looks().map((results) => results.at(-1)?.state),
      ["ok", "failed"],
      namespace,
    );
    child.kill("SIGINT");
    assert.equal(await new Promise((resolve) => child.on("close", resolve)), 1);
  });
});
