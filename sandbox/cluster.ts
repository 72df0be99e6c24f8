import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { checkNetworks, createCgroups, link, removeLeftovers } from "./node/host";
import { daemonLog, daemonPid, log, run, runUnchecked, startDaemon, stopDaemon, waitFor } from "./process";
import { addresses, inPlatform, platform, ports, UserError } from "./settings";
import { cniPlugins, ensureDebianPackages, ensurePauseImage, goTools, pauseImage, requireRoot } from "./tools";

/*
 * A Kubernetes of one node. All of it, from etcd to the pods, lives in one set of namespaces below one process
 * (node/start.sh), so that killing that process leaves nothing behind but cgroups, which node/host.ts removes.
 */

/** The administrator's kubeconfig. */
export const kubeconfig = inPlatform("kubeconfig");

export const nodeName = "sandbox";
const START_SECONDS = 120;
const scripts = path.join(__dirname, "node");
const config = (...names: string[]): string => inPlatform("node", ...names);

/** Fills a template's `${name}` places; a place without a value is our mistake. */
export function render(template: string, values: Record<string, string>): string {
  return template.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template has no value for ${name}`);
    return value;
  });
}

/** Writes a file that only root reads, whole or not at all. */
function writePrivately(file: string, content: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  fs.writeFileSync(`${file}.part`, content, { mode: 0o600 });
  fs.renameSync(`${file}.part`, file);
}

function writeKubeconfig(file: string, user: string): void {
  const pki = (name: string): string => fs.readFileSync(config("pki", name)).toString("base64");
  const server = `https://${addresses.node}:${ports.apiServer}`;
  const content = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: nodeName, cluster: { server, "certificate-authority-data": pki("ca.crt") } }],
    users: [
      { name: user, user: { "client-certificate-data": pki(`${user}.crt`), "client-key-data": pki(`${user}.key`) } },
    ],
    contexts: [{ name: nodeName, context: { cluster: nodeName, user } }],
    "current-context": nodeName,
  };
  writePrivately(file, stringify(content));
}

/** Certificates once; kubeconfigs and the daemons' settings at each start, as they depend on ports and versions. */
async function configure(): Promise<void> {
  // Certificates, etcd's data and the pods' addresses hold the network, so it cannot change under them.
  const network = `${addresses.host} ${addresses.pods} ${addresses.services}`;
  const made = fs.existsSync(config("network")) ? fs.readFileSync(config("network"), "utf8") : network;
  if (made !== network) {
    throw new UserError("The platform was made with another SANDBOX_NETWORK; set that again, or run make down first.");
  }
  writePrivately(config("network"), network);
  if (!fs.existsSync(config("pki"))) {
    await run("bash", [path.join(scripts, "pki.sh"), config("pki"), nodeName, addresses.node, addresses.apiService]);
  }
  for (const user of ["kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy"]) {
    writeKubeconfig(config(`${user}.kubeconfig`), user);
  }
  writeKubeconfig(kubeconfig, "admin");
  const values = {
    cniPlugins,
    config: config(),
    logs: inPlatform("logs"),
    nodeAddress: addresses.node,
    nodeName,
    pauseImage,
    pki: config("pki"),
    pods: addresses.pods,
    state: inPlatform("state"),
  };
  const templates = {
    "containerd.toml": "containerd.toml",
    "kubelet.yaml": "kubelet.yaml",
    "kube-proxy.yaml": "kube-proxy.yaml",
    "pods.conflist": path.join("cni", "pods.conflist"),
  };
  for (const [template, file] of Object.entries(templates)) {
    writePrivately(config(file), render(fs.readFileSync(path.join(scripts, template), "utf8"), values));
  }
  // etcd refuses a data folder that others may read.
  for (const folder of ["etcd", "containerd-temp"])
    fs.mkdirSync(inPlatform("state", folder), { recursive: true, mode: 0o700 });
}

/** Is the node's one process there? It says nothing about its health. */
export const clusterRunning = (): boolean => daemonPid("node") !== undefined;

interface Item {
  kind: string;
  status?: { conditions?: { type: string; status: string; lastHeartbeatTime: string }[] };
}

/**
 * Do the API server's answers mean that pods can run? After a kill the node is still recorded as ready, so only a
 * report from after the start counts.
 */
export function isReady(items: readonly Item[], startedMs: number): boolean {
  const ready = items.find(({ kind }) => kind === "Node")?.status?.conditions?.find(({ type }) => type === "Ready");
  const reported = Date.parse(ready?.lastHeartbeatTime ?? "");
  const account = items.some(({ kind }) => kind === "ServiceAccount");
  return account && ready?.status === "True" && reported >= Math.floor(startedMs / 1000) * 1000;
}

async function ready(kubectl: string): Promise<true | undefined> {
  const args = ["--kubeconfig", kubeconfig, "--request-timeout=5s", "--output=json", "get"];
  const answer = await runUnchecked(kubectl, [...args, `node/${nodeName}`, "serviceaccount/default"]);
  if (answer.code !== 0) throw new Error(answer.stderr.trim().split("\n").at(-1));
  const { items } = JSON.parse(answer.stdout) as { items: Item[] };
  return isReady(items, fs.statSync(inPlatform("run", "node.pid")).mtimeMs) ? true : undefined;
}

/** In the order in which they depend on each other. */
const daemons = [
  "etcd",
  "containerd",
  "kube-apiserver",
  "kubelet",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
];

/** Whose log says why the cluster did not come up: the first daemon that ended, else the one that is waited for. */
export function culprit(nodeLog: string, nodeRuns: boolean): string {
  if (!nodeRuns) return "node";
  const ended = daemons.find((daemon) => nodeLog.includes(`${daemon} ended with code`));
  return ended ?? (nodeLog.includes("kubelet starts") ? "kubelet" : "kube-apiserver");
}

const textOf = (file: string): string => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "");

function failure(reason: string): UserError {
  const logFile = daemonLog(culprit(textOf(daemonLog("node")), clusterRunning()));
  return new UserError(
    `Kubernetes did not come up (${reason}); see ${logFile}, and after make down a make demo starts from nothing. ` +
      `The log ends with:\n${textOf(logFile).trimEnd().split("\n").slice(-5).join("\n")}`,
  );
}

/** Brings up the cluster, or returns at once when it is healthy. */
export async function startCluster(): Promise<void> {
  requireRoot();
  await ensureDebianPackages();
  const [etcd, containerd, kubernetes] = [
    await goTools("etcd"),
    await goTools("containerd"),
    await goTools("kubernetes"),
  ];
  const pause = await ensurePauseImage();
  const kubectl = path.join(kubernetes, "kubectl");
  if (!clusterRunning()) {
    await removeLeftovers();
    await checkNetworks();
    await configure();
    log("starting Kubernetes");
    fs.rmSync(daemonLog("node"), { force: true });
    startDaemon("node", "bash", [path.join(scripts, "start.sh"), ...createCgroups()], {
      cwd: "/",
      env: {
        PATH: `${etcd}:${containerd}:${kubernetes}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        HOME: "/",
        LANG: "C.UTF-8",
        NODE_NAME: nodeName,
        NODE_ADDRESS: addresses.node,
        HOST_ADDRESS: addresses.host,
        LINK: link,
        API_PORT: String(ports.apiServer),
        SERVICES: addresses.services,
        PLATFORM: platform,
        PAUSE_IMAGE: pause,
      },
    });
  }
  try {
    const ended = await waitFor<true | "ended">("the node", START_SECONDS, () =>
      clusterRunning() ? ready(kubectl) : "ended",
    );
    if (ended === "ended") throw new Error("its process ended");
  } catch (error) {
    throw failure(error instanceof Error ? error.message : String(error));
  }
  log("Kubernetes is ready");
}

/** Ends everything of the cluster; its data stay in the platform's folder. */
export async function stopCluster(): Promise<void> {
  // Nothing in there needs a goodbye: it is made to survive this.
  await stopDaemon("node", 0);
  await removeLeftovers();
}

/** Runs a command inside the node, where the daemons, the pods and their network are. */
export function inNode(command: string, args: string[], stdin = "/dev/null"): Promise<string> {
  const pid = daemonPid("node");
  if (pid === undefined) throw new UserError("Kubernetes does not run; run make demo first.");
  // The recorded process is PID 1's parent: the same namespaces, but for the process namespace that it made.
  const spaces = Object.entries({ mount: "mnt", net: "net", ipc: "ipc", uts: "uts", pid: "pid_for_children" });
  const enter = spaces.map(([option, file]) => `--${option}=/proc/${pid}/ns/${file}`);
  return run("bash", ["-c", 'exec "$@" < "$0"', stdin, "nsenter", ...enter, command, ...args]);
}

/** Loads an image archive into the node. Read from outside, so the node need not see the file. */
export async function importImage(tar: string): Promise<void> {
  const ctr = path.join(await goTools("containerd"), "ctr");
  await inNode(ctr, ["--namespace", "k8s.io", "images", "import", "-"], tar);
}
