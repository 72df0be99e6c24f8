import assert from "node:assert/strict";
import * as fs from "node:fs";
import { nodePids } from "../../sandbox/node/host";
import { sleep, waitFor } from "../../sandbox/process";
import { meanwhile, story, TestStack } from "../e2e/harness";
import { record } from "./records";
import { firstBroken, lineOf, secondsSince } from "./told";

/** The pids of a daemon of the node. */
const pidsOf = (daemon: string): number[] =>
  nodePids().filter((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] === daemon;
    } catch {
      return false; // it has ended meanwhile
    }
  });

function signal(daemon: string, name: NodeJS.Signals): void {
  const pids = pidsOf(daemon);
  assert.ok(pids.length > 0, `${daemon} does not run`);
  for (const pid of pids) process.kill(pid, name);
}

describe("the cluster fails", function () {
  this.timeout("10m");
  story();
  let own: TestStack;
  before(async () => {
    own = await TestStack.create("cluster-faults", 22);
    await own.up();
    await own.mustSignIn();
  });
  after(async () => {
    for (const pid of pidsOf("kubelet")) process.kill(pid, "SIGCONT");
    await own.remove();
  });

  const answers = (): Promise<boolean> =>
    waitFor("the API server", 120, async () => {
      await own.cluster.core.readNamespace({ name: own.namespace });
      return true;
    });

  it("API server down and back: sign-ins go on, a run is refused in one sentence, the next one ends it", async () => {
    const down = new AbortController();
    // It is started again whenever it ends, so it is ended again for as long as it is to be away.
    const ending = (async () => {
      while (!down.signal.aborted) {
        for (const pid of pidsOf("kube-apiserver")) process.kill(pid, "SIGKILL");
        await sleep(100);
      }
    })();
    const { backstageUrl } = await own.outputs();
    const up = own.stack.up();
    const { done, failed, tried } = await meanwhile(up, async () => {
      const { ok } = await fetch(`${backstageUrl}/api/auth/oidc/start?env=dev`, { redirect: "manual" }).then(
        ({ status }) => ({ ok: status === 302 }),
      );
      if (!ok) throw new Error("no sign-in was started");
    });
    await own.mustSignIn();
    down.abort();
    await ending;
    assert.deepEqual(failed, []);
    assert.ok(tried > 5, String(tried));
    const told = lineOf(done, /Kubernetes: the API server \S+ of \S+ cannot be reached \(ECONNREFUSED\)/).replace(
      / of \S+ cannot/,
      " of KUBECONFIG cannot",
    );
    const began = performance.now();
    await answers();
    await own.up();
    await own.mustHold();
    record({
      fault: "The API server is down when `pulumi up` begins",
      told,
      kept: "sign-ins all the while; every link of the chain",
      heals: "pulumi up again",
      seconds: secondsSince(began),
    });
  });

  for (const daemon of ["kube-apiserver", "etcd"]) {
    it(`${daemon} killed in the middle of a run: that run or the next one ends it`, async () => {
      await own.configure({ rotation: { generation: daemon === "etcd" ? 3 : 2, strategy: "replace" } });
      const up = own.stack.up();
      const { apps } = own.cluster;
      const revision = async (): Promise<number | undefined> =>
        (await apps.readNamespacedDeployment({ namespace: own.namespace, name: "backstage" })).metadata?.generation;
      const before = await revision();
      await waitFor("the rollout of the run", 200, async () => ((await revision()) !== before ? true : undefined), 100);
      signal(daemon, "SIGKILL");
      const first = await up;
      const told = first.code === 0 ? "nothing: the run went on" : lineOf(first, /refused|reset|EOF|error/i);
      const began = performance.now();
      await answers();
      const itself = secondsSince(began);
      await own.up();
      await own.mustHold();
      record({
        fault: `${daemon === "etcd" ? "etcd" : "The API server"} is killed in the middle of a rollout`,
        told,
        kept: "every link of the chain, a sign-in",
        heals: first.code === 0 ? "by itself" : "pulumi up again",
        seconds: first.code === 0 ? itself : secondsSince(began),
      });
    });
  }

  it("node NotReady: verify says so, and the same pod signs in when the kubelet is back", async () => {
    const before = await own.pods();
    const ready = async (): Promise<string | undefined> =>
      (await own.cluster.core.listNode()).items[0]?.status?.conditions?.find(({ type }) => type === "Ready")?.status;
    signal("kubelet", "SIGSTOP");
    await waitFor("the node to be NotReady", 180, async () => ((await ready()) === "True" ? undefined : true));
    const told = await waitFor("what verify says", 60, () => firstBroken(own));
    signal("kubelet", "SIGCONT");
    const began = performance.now();
    await waitFor("the node to be Ready", 120, async () => ((await ready()) === "True" ? true : undefined));
    await own.untilSignIn(120);
    const seconds = secondsSince(began);
    await waitFor("every link of the chain", 60, () => own.mustHold().then(() => true as const));
    assert.deepEqual((await own.pods()).names, before.names);
    record({
      fault: "The node is NotReady: its kubelet stands still",
      told,
      kept: "the same pod, a sign-in",
      heals: "by itself, with the kubelet",
      seconds,
    });
  });
});
