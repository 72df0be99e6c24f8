import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { run, runUnchecked, sleep, type RunResult } from "../../sandbox/process";
import { cache, root } from "../../sandbox/settings";

/** A platform of its own beside the one that the other tests use. */
const prefix = "10.94";
const folder = path.join(cache, "platform-test");
const env: NodeJS.ProcessEnv = { ...process.env, SANDBOX_NETWORK: prefix, SANDBOX_PLATFORM: folder };
delete env.SANDBOX_KUBECONFIG;
delete env.SANDBOX_KEYCLOAK_HOST;

/** `make NAME`, with what it said. */
const make = (name: string, more: NodeJS.ProcessEnv = {}): Promise<RunResult> =>
  runUnchecked("make", ["--silent", name], { cwd: root, env: { ...env, ...more } });

async function mustMake(name: string): Promise<string> {
  const { code, stdout, stderr } = await make(name);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

/** The pids of what belongs to the platform: in its cgroups, or started with its folder in the arguments. */
function processes(): number[] {
  const pids = fs
    .readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  return pids.filter((pid) => {
    try {
      const cgroups = fs.readFileSync(`/proc/${pid}/cgroup`, "utf8");
      return (
        cgroups.includes(`backstage-keycloak-${prefix}`) ||
        fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder)
      );
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

/** Everything on this machine that a platform could leave behind. */
async function traces(): Promise<Record<string, unknown>> {
  const cgroups = await run("find", ["/sys/fs/cgroup", "-type", "d", "-name", `backstage-keycloak-${prefix}*`]);
  const rules = async (command: string): Promise<string> =>
    (await runUnchecked(command, [])).stdout.replace(/^#.*\n/gm, "").replace(/\[\d+:\d+\]/g, "");
  return {
    processes: processes(),
    cgroups,
    mounts: fs.readFileSync("/proc/self/mounts", "utf8"),
    interfaces: fs.readdirSync("/sys/class/net").filter((name) => name.includes(prefix.replace(".", "-"))),
    routes: (await run("ip", ["-4", "route"])).split("\n").filter((line) => line.includes(`${prefix}.`)),
    networkNamespaces: await run("ip", ["netns", "list"]),
    rules: [await rules("iptables-save"), await rules("ip6tables-save")],
    folder: fs.existsSync(folder),
  };
}

describe("the local platform", function () {
  this.timeout("10m");
  let untouched: Record<string, unknown>;
  before(async () => {
    await mustMake("down");
    untouched = await traces();
    assert.deepEqual(untouched.processes, []);
  });
  after(() => make("down"));

  it("comes up from nothing to a proven sign-in", async () => {
    assert.match(await mustMake("demo"), /ok {4}ada signs in .*\n[^]*A sign-in is proven\./);
    assert.match(
      await mustMake("status"),
      /Kubernetes {2}runs\nKeycloak {4}runs\nstacks {6}dev\nmemory {6}\d{3,4} MiB\n/,
    );
  });

  it("comes up again after a kill -9 of everything, and after kills while it comes up", async () => {
    const pids = processes();
    assert.ok(pids.length > 10, `only ${pids.length} processes`);
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // the end of another one has ended it
      }
    }
    for (const seconds of [3, 8, 20]) {
      const demo = spawn("make", ["--silent", "demo"], { cwd: root, env, detached: true, stdio: "ignore" });
      await sleep(seconds * 1000);
      // The whole group: make, the command and what it waits for, as a closed terminal would.
      process.kill(-(demo.pid ?? 0), "SIGKILL");
      await new Promise((resolve) => demo.on("close", resolve));
    }
    // A run that was killed in the middle of an update leaves the stack's lock, which Pulumi asks its user to release.
    await runUnchecked("make", ["--silent", "shell", "CMD=pulumi cancel --yes"], { cwd: root, env });
    assert.match(await mustMake("demo"), /A sign-in is proven\./);
  });

  async function killKeycloak(): Promise<void> {
    const pid = fs.readFileSync(path.join(folder, "run", "keycloak.pid"), "utf8").split(" ")[0];
    process.kill(Number(pid), "SIGKILL");
    await sleep(1000);
  }

  it("says who has taken Keycloak's port", async () => {
    await killKeycloak();
    // Pods ask there all the time; a connection that stays open would keep the server from closing.
    const server = net.createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(8080, `${prefix}.0.1`, resolve));
    const { code, stderr } = await make("demo");
    await new Promise((resolve) => server.close(resolve));
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      new RegExp(
        `Port 8080 of ${prefix}.0.1 is taken by \\S+ \\(pid ${process.pid}\\); stop it, or set SANDBOX_KEYCLOAK_PORT`,
      ),
    );
  });

  it("says that Java is too old", async () => {
    const bin = fs.mkdtempSync(path.join(os.tmpdir(), "java-"));
    fs.writeFileSync(path.join(bin, "java"), `#!/bin/sh\necho 'openjdk version "11.0.20" 2023-07-18' >&2\n`, {
      mode: 0o755,
    });
    const { code, stderr } = await make("demo", { PATH: `${bin}:${process.env.PATH ?? ""}`, JAVA_HOME: undefined });
    fs.rmSync(bin, { recursive: true });
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /Java 11 is too old, Keycloak needs 17 or newer; install Debian's package openjdk-17-jre-headless/,
    );
  });

  /** The id of every object that the program made, and when it was made. */
  async function objects(): Promise<Record<string, string>> {
    const { code, stdout, stderr } = await runUnchecked("make", ["--silent", "shell", "CMD=pulumi stack export"], {
      cwd: root,
      env,
    });
    assert.equal(code, 0, stderr);
    const { deployment } = JSON.parse(stdout) as {
      deployment: { resources: { urn: string; type: string; id?: string; created: string }[] };
    };
    const made = deployment.resources.filter(({ id, type }) => id !== undefined && !type.startsWith("pulumi:"));
    return Object.fromEntries(made.map(({ urn, id, created }) => [urn, `${id ?? ""} of ${created}`]));
  }

  it("moves Keycloak to another public URL in place: a sign-in before and after, and every object the same, users included", async () => {
    assert.match(
      await mustMake("demo"),
      new RegExp(`http://${prefix}\\.0\\.1:8080/realms/platform\\n[^]*400 invalid_grant[^]*A sign-in is proven`),
    );
    const before = await objects();
    assert.ok(Object.keys(before).some((urn) => urn.includes("keycloak:index/user:User")));
    await killKeycloak();
    const { code, stdout, stderr } = await make("demo", { SANDBOX_KEYCLOAK_PATH: "/auth" });
    assert.equal(code, 0, stdout + stderr);
    assert.match(
      stdout,
      new RegExp(`http://${prefix}\\.0\\.1:8080/auth/realms/platform\\n[^]*400 invalid_grant[^]*A sign-in is proven`),
    );
    assert.deepEqual(await objects(), before);
  });

  it("goes away with everything it made", async () => {
    assert.notDeepEqual(await traces(), untouched);
    await mustMake("down");
    assert.deepEqual(await traces(), untouched);
  });
});

describe("the local platform refuses, in one sentence,", function () {
  this.timeout("1m");

  /** Runs one function of the sandbox in a process of its own, with another environment. */
  const sandbox = (command: string[], code: string, more: NodeJS.ProcessEnv): Promise<RunResult> => {
    const script =
      `import(${JSON.stringify(path.join(root, "sandbox", "tools.ts"))}).then(async (tools) => { ${code} ` +
      "}).catch((e) => { console.error(e.message); process.exit(1); })";
    return runUnchecked("env", [...command, process.execPath, "--import", "tsx", "-e", script], {
      cwd: root,
      env: { ...env, ...more },
    });
  };

  it("anybody but root", async () => {
    const { code, stderr } = await sandbox(["unshare", "--user"], "(tools.default ?? tools).requireRoot()", {});
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /^The sandbox's Kubernetes needs root; run this as root, or name a cluster in SANDBOX_KUBECONFIG\.$/m,
    );
  });

  it("a missing Go, where something has to be built", async () => {
    const empty = fs.mkdtempSync(path.join(os.tmpdir(), "cache-"));
    const { code, stderr } = await sandbox([], `await (tools.default ?? tools).goTools("pause")`, {
      SANDBOX_CACHE: empty,
      PATH: "/usr/bin:/bin",
    });
    fs.rmSync(empty, { recursive: true });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^Go is missing, and pause is built with it; install Go/m);
  });

  it("a disk without space for a build", async () => {
    const small = fs.mkdtempSync(path.join(os.tmpdir(), "disk-"));
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
    const { code, stderr } = await sandbox([], `await (tools.default ?? tools).goTools("pause")`, {
      SANDBOX_CACHE: small,
    });
    await run("umount", [small]);
    fs.rmdirSync(small);
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /^Building pause takes up to 8 GiB and \S+ has 0\.0 GiB left; free some, or set XDG_CACHE_HOME/m,
    );
  });

  it("a port that is none", async () => {
    const { code, stderr } = await make("status", { SANDBOX_KEYCLOAK_PORT: "http" });
    assert.notEqual(code, 0);
    assert.match(stderr, /SANDBOX_KEYCLOAK_PORT must be a port from 1 to 65535; unset it to use 8080\./);
  });
});
