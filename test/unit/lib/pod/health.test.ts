import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { contractKeys } from "../../../../lib/pod/contract";
import { gateEnv, healthEnv } from "../../../../lib/pod/gates";

/**
 * The scripts of a pod as they run there, with a Keycloak and a Backstage that do as they are told: what cannot be had
 * from the real ones within seconds. `test/e2e` has the real ones.
 */

const scripts = path.resolve(__dirname, "../../../../lib/pod/scripts");
const SECRET = "RightRightRightRightRightRightRightRightRightRig";
const START = "/api/auth/oidc/start?env=dev";

const listening = (handler: http.RequestListener): Promise<http.Server> =>
  new Promise((resolve) => {
    const server = http.createServer(handler);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
const portOf = (server: http.Server): number => (server.address() as AddressInfo).port;
const freePort = async (): Promise<number> => {
  const server = await listening(() => undefined);
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
};

class World {
  accepts = new Set([SECRET]);
  /** Instead of its own answers. */
  keycloakStatus = 0;
  retryAfter: string | undefined;
  isPublic = false;
  /** The host names under which Keycloak is at home. */
  host = "127.0.0.1";
  questions: string[] = [];
  backstage = { alive: true, ready: true, start: 302 };
  sessions = 0;
  readonly running: ChildProcess[] = [];
  readonly folders: string[] = [];
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "health-"));

  private constructor(
    readonly keycloak: http.Server,
    readonly app: http.Server,
  ) {}

  static async create(): Promise<World> {
    // Filled in below: a server cannot be made after the world that it answers for.
    let world: World | undefined = undefined as World | undefined;
    const keycloak = await listening((request, response) => world?.answerAsKeycloak(request, response));
    const app = await listening((request, response) => world?.answerAsBackstage(request, response));
    world = new World(keycloak, app);
    return world;
  }

  private answerAsKeycloak({ url = "", headers }: http.IncomingMessage, response: http.ServerResponse): void {
    const realm = this.realm(this.host);
    if (this.keycloakStatus !== 0) {
      response
        .writeHead(this.keycloakStatus, this.retryAfter === undefined ? {} : { "retry-after": this.retryAfter })
        .end("{}");
      this.questions.push("turned away");
    } else if (url.includes("well-known")) {
      response.end(JSON.stringify({ issuer: realm, token_endpoint: `${realm}/token` }));
    } else {
      const [client = "", secret = ""] = Buffer.from((headers.authorization ?? "").slice(6), "base64")
        .toString()
        .split(":")
        .map(decodeURIComponent);
      this.questions.push(client);
      const known = client !== "gone";
      const ok = known && (this.isPublic || this.accepts.has(secret));
      response
        .writeHead(ok ? 400 : 401)
        .end(JSON.stringify({ error: ok ? "invalid_grant" : known ? "unauthorized_client" : "invalid_client" }));
    }
  }

  private answerAsBackstage({ url = "" }: http.IncomingMessage, response: http.ServerResponse): void {
    const { alive, ready, start } = this.backstage;
    if (!alive) return;
    if (url.endsWith("/readiness")) response.writeHead(ready ? 200 : 503).end("{}");
    else if (url === START) {
      this.sessions++;
      response.writeHead(start, { location: "http://keycloak" }).end();
    } else response.end("{}");
  }

  realm(host: string): string {
    return `http://${host}:${portOf(this.keycloak)}/realms/r`;
  }

  values(secret = SECRET, host = "127.0.0.1"): Record<string, string> {
    const issuer = this.realm(host);
    return {
      [contractKeys.metadataUrl]: `${issuer}/.well-known/openid-configuration`,
      [contractKeys.issuer]: issuer,
      [contractKeys.clientId]: "backstage",
      [contractKeys.clientSecret]: secret,
      [contractKeys.sessionSecret]: "session",
      [contractKeys.generations]: JSON.stringify({ client: 2, session: 1 }),
    };
  }

  mount(values: Readonly<Record<string, string>>): void {
    for (const file of fs.readdirSync(this.folder)) fs.rmSync(path.join(this.folder, file));
    for (const [key, value] of Object.entries(values)) fs.writeFileSync(path.join(this.folder, key), value);
  }

  /**
   * Puts a client for PostgreSQL where Backstage would have its own. The lock is a file, of whoever made it; queries
   * whose text is in the file `fails` fail once.
   */
  database(): { env: NodeJS.ProcessEnv; isLocked: () => boolean; fail: (query: string) => void } {
    const app = fs.mkdtempSync(path.join(os.tmpdir(), "app-"));
    const [lock, fails] = [path.join(app, "lock"), path.join(app, "fails")];
    fs.mkdirSync(path.join(app, "node_modules", "pg"), { recursive: true });
    fs.writeFileSync(
      path.join(app, "node_modules", "pg", "index.js"),
      `const fs = require("node:fs");
      exports.Client = class {
        on() {}
        async connect() {}
        async query(sql) {
          if (fs.existsSync(${JSON.stringify(fails)}) && sql.includes(fs.readFileSync(${JSON.stringify(fails)}, "utf8"))) {
            fs.rmSync(${JSON.stringify(fails)});
            throw new Error("the connection broke");
          }
          if (sql === "rollback") this.release();
          if (!sql.includes("pg_try_advisory_xact_lock")) return { rows: [] };
          try {
            fs.writeFileSync(${JSON.stringify(lock)}, "", { flag: "wx" });
            this.mine = true;
          } catch {}
          return { rows: [{ mine: String(this.mine === true) }] };
        }
        release() {
          if (this.mine) fs.rmSync(${JSON.stringify(lock)});
          this.mine = false;
        }
        async end() {
          this.release();
        }
      };`,
    );
    this.folders.push(app);
    const address = { host: "db", port: 5432, database: "backstage", perPlugin: false };
    return {
      env: { GATE_DATABASE: JSON.stringify(address), GATE_APP: path.join(app, "index.js").replace(/\/index\.js$/, "") },
      isLocked: () => fs.existsSync(lock),
      fail: (query) => fs.writeFileSync(fails, query),
    };
  }

  private env(settings: ReturnType<typeof gateEnv>, more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      ...Object.fromEntries(settings.map(({ name, value }) => [name as string, value as string])),
      GATE_SECRETS_PATH: this.folder,
      ...more,
    };
  }

  private spawn(args: string[], env: NodeJS.ProcessEnv): { child: ChildProcess; said: () => string } {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.running.push(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    return { child, said: () => output };
  }

  /** Runs a gate to its end. */
  async gate(
    mode: string,
    seconds: number,
    over: { expected?: object; env?: NodeJS.ProcessEnv } = {},
  ): Promise<{ code: number; output: string }> {
    const expected = {
      issuer: this.realm("127.0.0.1"),
      clientId: "backstage",
      generations: { client: 2, session: 1 },
      ...over.expected,
    };
    const { child, said } = this.spawn(
      [path.join(scripts, "gate.mjs"), mode],
      this.env(gateEnv({ gateSeconds: seconds, expected }), over.env ?? {}),
    );
    const code = await new Promise<number>((resolve) => child.on("close", (exit) => resolve(exit ?? -1)));
    return { code, output: said() };
  }

  /**
   * A pod whose container was started with these values. @param args what Node runs, instead of the health server alone
   */
  async pod(
    inUse: Readonly<Record<string, string>>,
    over: { env?: NodeJS.ProcessEnv; startSeconds?: number; proofSeconds?: number; args?: string[] } = {},
  ) {
    const healthPort = await freePort();
    const settings = healthEnv({
      port: portOf(this.app),
      healthPort,
      startPath: START,
      startSeconds: over.startSeconds ?? 600,
    });
    const env = this.env(settings, {
      ...inUse,
      ...(over.proofSeconds === undefined ? {} : { GATE_PROOF_SECONDS: String(over.proofSeconds) }),
      ...over.env,
    });
    const { child, said } = this.spawn(over.args ?? [path.join(scripts, "health.mjs")], env);
    const ask = async (what: string): Promise<{ status: number; text: string }> => {
      const response = await fetch(`http://127.0.0.1:${healthPort}/${what}`, { signal: AbortSignal.timeout(10_000) });
      const text = (await response.text()).trim();
      for (const secret of [SECRET, inUse[contractKeys.clientSecret] ?? SECRET])
        assert.ok(!text.includes(secret) && !said().includes(secret), `/${what} or the log shows a secret`);
      return { status: response.status, text };
    };
    /** Waits until a probe answers so. */
    const until = async (what: string, status: number, seconds: number): Promise<string> => {
      const over = performance.now() + seconds * 1000;
      for (;;) {
        const answer = await ask(what).catch(() => ({ status: 0, text: "nobody answers" }));
        if (answer.status === status) return answer.text;
        assert.ok(
          performance.now() < over,
          `/${what} is ${answer.status} after ${seconds} s: ${answer.text}\n${said()}`,
        );
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    /** Waits until a probe says so, whatever it said before. */
    const untilSays = async (what: string, line: RegExp, seconds: number): Promise<void> => {
      const over = performance.now() + seconds * 1000;
      for (let text = ""; !line.test(text);) {
        assert.ok(performance.now() < over, `/${what} says after ${seconds} s: ${text}\n${said()}`);
        ({ text } = await ask(what).catch(() => ({ text: "nobody answers" })));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    return { ask, until, untilSays, said, child };
  }

  end(): void {
    for (const child of this.running) child.kill("SIGKILL");
    for (const server of [this.keycloak, this.app]) {
      server.closeAllConnections();
      server.close();
    }
    for (const folder of [this.folder, ...this.folders]) fs.rmSync(folder, { recursive: true });
  }
}

const later = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** How many of them do so at a time: more would only make a busy machine slow. */
const AT_ONCE = 4;

/**
 * Most of what these do is wait, so several do it at the same time, each in a world of its own; the last ones, which
 * wait longest, first.
 */
function sideBySide(): (title: string, scenario: (world: World) => Promise<void>) => void {
  const scenarios = new Map<string, (world: World) => Promise<void>>();
  const running = new Map<string, Promise<Error | undefined>>();
  const told = async (scenario: (world: World) => Promise<void>): Promise<Error | undefined> => {
    const world = await World.create();
    world.mount(world.values());
    return scenario(world)
      .then(
        () => undefined,
        (error: unknown) => error as Error,
      )
      .finally(() => world.end());
  };
  before(() => {
    // Each begins when one of those before it has ended.
    const slots: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    for (const [index, [title, scenario]] of [...scenarios].reverse().entries()) {
      const outcome = (slots[index % AT_ONCE] ?? Promise.resolve()).then(() => told(scenario));
      slots[index % AT_ONCE] = outcome;
      running.set(title, outcome);
    }
  });
  return (title, scenario) => {
    scenarios.set(title, scenario);
    it(title, async () => {
      const fault = await running.get(title);
      if (fault !== undefined) throw fault;
    });
  };
}

describe("the scripts of a pod", function () {
  this.timeout(240_000);
  const scenario = sideBySide();

  describe("before Backstage starts", () => {
    scenario("pass where the Secret is complete and Keycloak accepts it", async (world) => {
      for (const gate of ["wait-for-secrets", "verify-credentials"])
        assert.equal((await world.gate(gate, 10)).code, 0, gate);
    });

    const spoilt: [string, string, RegExp][] = [
      ["a line break at the end", `${SECRET}\n`, /KEYCLOAK_CLIENT_SECRET begins or ends with a blank or a line break/],
      ["a blank before it", ` ${SECRET}`, /KEYCLOAK_CLIENT_SECRET begins or ends with a blank or a line break/],
      ["nothing", "", /the Secret lacks KEYCLOAK_CLIENT_SECRET/],
    ];
    for (const [what, value, line] of spoilt) {
      scenario(`hold a Secret with ${what} in a value, and name the key`, async (world) => {
        world.mount({ ...world.values(), [contractKeys.clientSecret]: value });
        const { code, output } = await world.gate("wait-for-secrets", 1);
        assert.equal(code, 1);
        assert.match(output, line);
        assert.ok(!output.includes(SECRET));
      });
    }

    scenario("wait for a Secret that is older than the pod, and not for one that is newer", async (world) => {
      const older = await world.gate("wait-for-secrets", 1, {
        expected: { generations: { client: 3, session: 1, catalog: 2 } },
      });
      assert.equal(older.code, 1);
      assert.match(
        older.output,
        /its client credential is of generation 2, this pod expects 3, its catalog credential is of generation 0, this pod expects 2/,
      );
      assert.equal((await world.gate("wait-for-secrets", 1, { expected: { generations: { client: 1 } } })).code, 0);
      world.mount({ ...world.values(), DATABASE_GENERATION: "1" });
      assert.match(
        (await world.gate("wait-for-secrets", 1, { expected: { generations: { database: 2 } } })).output,
        /its database credential is of generation 1/,
      );
    });

    scenario(
      "wait for the Secret of a Keycloak that has moved, and go on with it where only the pod is older",
      async (world) => {
        // The pod is of the new host, where Keycloak is at home; the Secret is still of the old one, which answers,
        // too.
        const moved = { expected: { issuer: world.realm("localhost") } };
        world.mount({ ...world.values(SECRET, "localhost") });
        world.host = "localhost";
        const older = await world.gate("verify-credentials", 10, { expected: { issuer: world.realm("127.0.0.1") } });
        assert.equal(older.code, 0, older.output);
        world.host = "127.0.0.1";
        world.mount(world.values());
        assert.equal(
          (await world.gate("verify-credentials", 10, moved)).code,
          0,
          "the expected issuer is not there: the pod is the older one",
        );
        assert.equal(
          (await world.gate("verify-credentials", 10, { expected: { clientId: "gone" } })).code,
          0,
          "Keycloak knows no such client",
        );
        const other = await world.gate("verify-credentials", 1, { expected: { clientId: "backstage-green" } });
        assert.equal(other.code, 1);
        assert.match(other.output, /of client backstage, this pod expects backstage-green, and Keycloak knows it/);
      },
    );

    scenario("do not take a public client's yes for a proof", async (world) => {
      world.isPublic = true;
      const { code, output } = await world.gate("verify-credentials", 1);
      assert.equal(code, 1);
      assert.match(output, /client backstage is public: Keycloak asks it for no secret/);
    });

    scenario("tell of a catalog's credential that is refused, and let Backstage start", async (world) => {
      world.mount({
        ...world.values(),
        KEYCLOAK_CATALOG_CLIENT_ID: "catalog",
        KEYCLOAK_CATALOG_CLIENT_SECRET: "Stale",
      });
      const { code, output } = await world.gate("verify-credentials", 10);
      assert.equal(code, 0);
      assert.match(
        output,
        /Keycloak accepts the credential .*the catalog cannot be filled: Keycloak refuses the secret of client catalog/,
      );
    });

    scenario("ask a Keycloak that refuses them less and less often", async (world) => {
      world.accepts.clear();
      const { code } = await world.gate("verify-credentials", 14);
      assert.equal(code, 1);
      assert.ok(
        world.questions.length >= 3 && world.questions.length <= 4,
        `${world.questions.length} questions in 14 s`,
      );
    });

    scenario("wait as long as a Keycloak that is busy asks them to", async (world) => {
      world.keycloakStatus = 429;
      world.retryAfter = "5";
      const waiting = world.gate("verify-credentials", 60);
      while (world.questions.length === 0) await later(0.1);
      world.keycloakStatus = 0;
      await later(3);
      assert.deepEqual(world.questions, ["turned away"]);
      assert.equal((await waiting).code, 0);
    });

    scenario("end by themselves, whatever else is loaded into their process", async (world) => {
      const agent = path.join(world.folder, "..", `agent-${process.pid}.cjs`);
      fs.writeFileSync(agent, "setInterval(() => {}, 1000)");
      const { code } = await world.gate("verify-credentials", 10, { env: { NODE_OPTIONS: `--require ${agent}` } });
      fs.rmSync(agent);
      assert.equal(code, 0);
    });
  });

  describe("while Backstage starts", () => {
    scenario(
      "leave a Backstage alone that answers long before it is ready, and end one that outlasts its bound",
      async (world) => {
        world.backstage = { alive: true, ready: false, start: 500 };
        const pod = await world.pod(world.values(), { startSeconds: 6 });
        await pod.until("startup", 200, 30);
        await later(3);
        assert.equal((await pod.ask("live")).status, 200);
        assert.match((await pod.ask("ready")).text, /still starting/);
        assert.equal(world.sessions, 0, "a start must not be judged by a sign-in");
        assert.match(await pod.until("live", 503, 30), /not ready in 6 s/);
      },
    );

    scenario("are ready once a sign-in is proven, and write one session for it", async (world) => {
      const pod = await world.pod(world.values());
      await pod.until("ready", 200, 30);
      await later(1);
      assert.equal(world.sessions, 1);
      assert.match(
        pod.said(),
        /proof: Keycloak accepts the credential in use .*a sign-in starts; client backstage, client 2, session 1/,
      );
      assert.ok(!pod.said().includes(SECRET));
    });

    scenario("are not ready with a refused secret, and write no session for it", async (world) => {
      const pod = await world.pod(world.values("Stale"));
      await pod.until("startup", 200, 30);
      await pod.untilSays("ready", /refuses the secret of client backstage/, 60);
      assert.equal((await pod.ask("live")).status, 200, "a restart would not heal it");
      assert.equal(world.sessions, 0);
    });

    scenario(
      "restart a Backstage that began before Keycloak answered, and not one that lacks the module",
      async (world) => {
        world.backstage.start = 500;
        const broken = await world.pod(world.values());
        assert.match(await broken.until("live", 503, 60), /a restart repeats the discovery/);
        world.backstage.start = 404;
        const lacking = await world.pod(world.values());
        await lacking.until("startup", 200, 30);
        await lacking.untilSays("ready", /no sign-in provider at .*add the OIDC module/, 60);
        await later(8);
        assert.equal((await lacking.ask("live")).status, 200);
      },
    );

    scenario(
      "give their turn back where the database fails them after they got it, and take it again",
      async (world) => {
        const { env, fail } = world.database();
        fail("knex_migrations_lock");
        const app = env.GATE_APP ?? "";
        fs.writeFileSync(path.join(app, "index.js"), "console.log('Backstage begins'); setInterval(() => {}, 1000)");
        const pod = await world.pod(world.values(), {
          env,
          args: ["--import", path.join(scripts, "preload.mjs"), app],
        });
        await pod.until("startup", 200, 30);
        await later(6);
        assert.match(pod.said(), /does not let Backstage start yet: the connection broke\n[^]*Backstage begins/);
      },
    );

    scenario(
      "do so in a thread of Backstage's own process, past its proxies, agents and a loop that hangs",
      async (world) => {
        const app = path.join(world.folder, "..", `app-${process.pid}.cjs`);
        fs.writeFileSync(app, "setTimeout(() => { for (;;); }, 4000)");
        const env = {
          NODE_OPTIONS: `--require ${app}.agent.cjs`,
          HTTP_PROXY: "http://127.0.0.1:9",
          http_proxy: "http://127.0.0.1:9",
          NODE_USE_ENV_PROXY: "1",
        };
        fs.writeFileSync(`${app}.agent.cjs`, "setInterval(() => {}, 1000)");
        const pod = await world.pod(world.values(), {
          env,
          args: ["--import", path.join(scripts, "preload.mjs"), app],
        });
        await pod.until("ready", 200, 30);
        await later(5);
        assert.equal((await pod.ask("live")).status, 200, "the thread answers although the process hangs");
        for (const file of [app, `${app}.agent.cjs`]) fs.rmSync(file);
      },
    );
  });

  describe("while Backstage runs", () => {
    const proven = async (world: World, over: Parameters<World["pod"]>[1] = {}, inUse = world.values()) => {
      const pod = await world.pod(inUse, over);
      await pod.until("ready", 200, 30);
      return pod;
    };

    scenario("tell of a secret that is changed in Keycloak alone, and keep the pod in service", async (world) => {
      const pod = await proven(world, { proofSeconds: 1 });
      assert.match((await pod.ask("metrics")).text, /backstage_credential_accepted\{credential="sign-in"\} 1/);
      world.accepts = new Set(["Other"]);
      await pod.untilSays("metrics", /backstage_credential_accepted\{credential="sign-in"\} 0/, 30);
      assert.match((await pod.ask("metrics")).text, /backstage_credential_accepted\{credential="sign-in"\} 0/);
      assert.match(
        pod.said(),
        /proof: Keycloak refuses the secret of client backstage .*every new sign-in fails: run pulumi up --refresh/,
      );
      assert.deepEqual([(await pod.ask("ready")).status, (await pod.ask("live")).status], [200, 200]);
      world.accepts = new Set([SECRET]);
      await pod.untilSays("metrics", /backstage_credential_accepted\{credential="sign-in"\} 1/, 30);
    });

    scenario("let a proof grow old while Keycloak is down, and keep the pod in service", async (world) => {
      const pod = await proven(world, { proofSeconds: 1 });
      world.keycloakStatus = 503;
      await later(3);
      assert.match(pod.said(), /proof: not repeated: /);
      assert.match((await pod.ask("metrics")).text, /accepted\{credential="sign-in"\} 1/);
      assert.deepEqual([(await pod.ask("ready")).status, (await pod.ask("live")).status], [200, 200]);
    });

    scenario("ask one question a proof, no more often than they are told", async (world) => {
      const pod = await proven(world, { proofSeconds: 1 });
      // After the first round, which also asks for the discovery.
      await later(2);
      world.questions = [];
      await later(6);
      assert.ok(world.questions.length >= 3 && world.questions.length <= 6, `${world.questions.length} in 6 s`);
      pod.child.kill("SIGKILL");
    });

    type Values = Record<string, string>;
    const changes: [string, (values: Values, world: World) => Values, (world: World) => void, RegExp][] = [
      [
        "a secret, where Keycloak refuses the one in use",
        (values) => ({ ...values, [contractKeys.clientSecret]: "New" }),
        (world) => (world.accepts = new Set(["New"])),
        /another KEYCLOAK_CLIENT_SECRET, proven right/,
      ],
      [
        "a Keycloak that has moved",
        (values, world) => ({ ...values, ...world.values(SECRET, "localhost") }),
        (world) => (world.host = "localhost"),
        /another KEYCLOAK_METADATA_URL, KEYCLOAK_ISSUER, proven right/,
      ],
      [
        "a catalog's secret, where Keycloak refuses the one in use",
        (values) => ({ ...values, KEYCLOAK_CATALOG_CLIENT_SECRET: "New" }),
        (world) => (world.accepts = new Set([SECRET, "New"])),
        /another KEYCLOAK_CATALOG_CLIENT_SECRET, proven right/,
      ],
    ];
    for (const [what, change, happens, line] of changes) {
      scenario(`take over ${what}`, async (world) => {
        const inUse: Record<string, string> = {
          ...world.values(),
          KEYCLOAK_CATALOG_CLIENT_ID: "catalog",
          KEYCLOAK_CATALOG_CLIENT_SECRET: "Old",
        };
        world.accepts = new Set([SECRET, "Old"]);
        world.mount(inUse);
        const pod = await proven(world, {}, inUse);
        world.mount(change(inUse, world));
        happens(world);
        assert.match(await pod.until("live", 503, 60), line);
        assert.equal((await pod.ask("ready")).status, 503, "it leaves the service before it ends");
      });
    }

    const kept: [string, (world: World) => Values][] = [
      ["a secret that Keycloak does not accept", (world) => world.values("Wrong")],
      [
        "a right secret with a line break, which Backstage would send along",
        (world) => ({ ...world.values(), [contractKeys.clientSecret]: `${SECRET}\n` }),
      ],
      ["a Secret that is gone", () => ({})],
      ["another secret while both are accepted: a rollout does that better", (world) => world.values("New")],
      [
        "another session secret, until a rollout had its time",
        (world) => ({ ...world.values(), [contractKeys.sessionSecret]: "other" }),
      ],
    ];
    for (const [what, values] of kept) {
      scenario(`do not restart at once for ${what}`, async (world) => {
        world.accepts.add("New");
        const pod = await proven(world);
        world.mount(values(world));
        await later(12);
        assert.deepEqual([(await pod.ask("ready")).status, (await pod.ask("live")).status], [200, 200]);
      });
    }

    scenario(
      "hold up no other pod's start for a value that changes back while they wait for their turn",
      async (world) => {
        const { env, isLocked } = world.database();
        const pod = await proven(world, { env });
        world.accepts = new Set(["New"]);
        world.mount(world.values("New"));
        await pod.untilSays("metrics", /backstage_credential_differs 1/, 30);
        while (!/restarts when it is its turn/.test(pod.said())) await later(0.2);
        world.accepts = new Set([SECRET]);
        world.mount(world.values());
        // Longer than it may wait for its turn.
        await later(45);
        assert.ok(!isLocked(), "it holds the turn of others");
        assert.equal((await pod.ask("live")).status, 200);
      },
    );

    scenario("restart a Backstage that hangs, also while Keycloak is down and the Secret is gone", async (world) => {
      const pod = await proven(world);
      world.backstage.alive = false;
      world.keycloakStatus = 503;
      world.mount({});
      assert.match(await pod.until("live", 503, 55 + 30), /has not answered for 60 s/);
    });
  });
});
