import { Exec, KubeConfig, loadYaml, type V1Service } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { stringify } from "yaml";
import { waitFor } from "../../sandbox/process";
import { databaseSettings } from "../../sandbox/postgres";
import { ports } from "../../sandbox/settings";
import { signIn } from "../../verify/signIn";
import { platform, story, TestStack } from "./harness";

const PORT_OFFSET = 4;
const DATABASE = "backstage-database";

describe("two Backstages that share an in-cluster PostgreSQL", function () {
  this.timeout("6m");
  story();
  let own: TestStack;
  before(async () => {
    own = await TestStack.create("database", PORT_OFFSET);
    const database = { kind: "postgres", ...(await databaseSettings(await platform())) };
    await own.configure({ backstage: { replicas: 2, database, gateSeconds: 60, rolloutSeconds: 120 } });
    await own.up();
  });
  after(() => own.remove());

  /** What a command prints in the database's pod; rejects with it when the command fails. */
  async function inDatabase(...command: string[]): Promise<string> {
    const config = new KubeConfig();
    config.loadFromFile((await platform()).kubeconfig);
    const [pod] = await databasePods();
    let said = "";
    const out = new Writable({
      write(chunk: Buffer, _encoding, done) {
        said += chunk.toString();
        done();
      },
    });
    await new Promise<void>((resolve, reject) => {
      new Exec(config)
        .exec(own.namespace, pod?.metadata?.name ?? "", "postgres", command, out, out, null, false, (status) => {
          if (status.status === "Success") resolve();
          else reject(new Error(`${status.message ?? ""} ${said}`));
        })
        .catch(reject);
    });
    return said.trim();
  }

  const query = (sql: string): Promise<string> => inDatabase("psql", "-U", "backstage", "-d", "backstage", "-tAc", sql);
  const databasePods = async () =>
    (await own.cluster.pods(own.namespace, DATABASE)).filter(
      ({ metadata }) => metadata?.deletionTimestamp === undefined,
    );

  it("comes up with both pods ready, and changes nothing when it is run again", async () => {
    assert.equal(await own.readyPods(), 2);
    assert.equal((await own.pods()).restarts, 0);
    await own.up("--expect-no-changes");
  });

  it("keeps each plugin's tables in a schema of the one database", async () => {
    const schemas = (await query("select nspname from pg_namespace")).split("\n");
    for (const plugin of ["auth", "catalog"])
      assert.ok(schemas.includes(plugin), `${plugin} among ${schemas.join(", ")}`);
  });

  it("finishes at one pod a sign-in that was started at the other", async () => {
    const { nodeAddress } = await platform();
    const { backstageUrl, authProvider, authEnvironment, userPasswords } = await own.outputs();
    const pods = (await own.pods()).names;
    assert.equal(pods.length, 2);
    const urls: string[] = [];
    // Each pod gets a Service of its own. Cookies know no ports, so a browser takes both for one Backstage.
    for (const [index, name] of pods.entries()) {
      const pod = await own.cluster.core.readNamespacedPod({ namespace: own.namespace, name });
      assert.ok(pod.metadata !== undefined);
      pod.metadata.labels = { ...pod.metadata.labels, only: `pod-${index}` };
      await own.cluster.core.replaceNamespacedPod({ namespace: own.namespace, name, body: pod });
      const nodePort = ports.backstage + PORT_OFFSET + 1 + index;
      const service = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: `only-${index}` },
        spec: {
          type: "NodePort",
          selector: { only: `pod-${index}` },
          ports: [{ port: 80, targetPort: "http", nodePort }],
        },
      };
      await own.cluster.core.createNamespacedService({
        namespace: own.namespace,
        body: loadYaml<V1Service>(stringify(service)),
      });
      urls.push(`http://${nodeAddress}:${nodePort}`);
    }
    for (const url of urls)
      await waitFor(url, 20, async () =>
        (await fetch(`${url}/.backstage/health/v1/readiness`)).ok ? true : undefined,
      );
    const user = { authProvider, authEnvironment, username: "ada", password: userPasswords.ada ?? "" };
    const [first = "", second = ""] = urls;
    for (const [start, finish] of [
      [first, second],
      [second, first],
    ] as const) {
      const outcome = await signIn({ ...user, backstageUrl: start, finishUrl: finish });
      assert.ok(outcome.ok, JSON.stringify(outcome));
    }
    assert.equal((await signIn({ ...user, backstageUrl })).ok, true);
  });

  it("still has its data when the database's pod was deleted, and Backstage goes on without a restart", async () => {
    const sessions = "select count(*) from auth.sessions";
    const before = Number(await query(sessions));
    assert.ok(before > 0, "no session was stored");
    const backstage = await own.pods();
    const [pod] = await databasePods();
    await own.cluster.core.deleteNamespacedPod({ namespace: own.namespace, name: pod?.metadata?.name ?? "" });
    await waitFor("a new pod of the database", 90, async () => {
      const [next] = await databasePods();
      const ready = next?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
      return ready === true && next?.metadata?.uid !== pod?.metadata?.uid ? true : undefined;
    });
    assert.ok(Number(await query(sessions)) >= before);
    const { refused } = await own.untilSignIn(60);
    console.log(`      ${refused.length} sign-ins refused until the pools had connected again`);
    assert.deepEqual(await own.pods(), backstage);
  });

  it("starts one at a time, and takes away the lock of a migration that was killed", async () => {
    const tables = (
      await query(
        "select table_schema || '.' || table_name from information_schema.tables where table_name like '%knex_migrations_lock'",
      )
    ).split("\n");
    assert.ok(tables.length >= 2, String(tables));
    for (const table of tables) await query(`update ${table} set is_locked = 1`);
    const before = await own.pods();
    for (const name of before.names) await own.cluster.core.deleteNamespacedPod({ namespace: own.namespace, name });
    const both = async (): Promise<true | undefined> => {
      const { names } = await own.pods();
      return names.every((name) => !before.names.includes(name)) && (await own.readyPods()) === 2 ? true : undefined;
    };
    await waitFor("two new pods", 180, both, 1000);
    assert.equal((await own.pods()).restarts, 0);
    const logs = await Promise.all(
      (await own.pods()).names.map((name) =>
        own.cluster.core.readNamespacedPodLog({ namespace: own.namespace, name, container: "backstage" }),
      ),
    );
    assert.match(logs.join(""), /start: took away the lock auth\.\S+, which a Backstage had left behind/);
    assert.equal(logs.filter((log) => log.includes("start: another Backstage is starting; waiting for it")).length, 1);
    await own.mustSignIn();
  });

  it("asks for the password: a wrong one is refused over the network", async () => {
    const [pod] = await databasePods();
    const ip = pod?.status?.podIP ?? "";
    await assert.rejects(
      inDatabase("sh", "-c", `PGPASSWORD=wrong psql -w -h ${ip} -U backstage -d backstage -c "select 1"`),
      /password authentication failed for user "backstage"/,
    );
  });
});
