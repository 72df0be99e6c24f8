import * as fs from "node:fs";
import * as path from "node:path";
import { run, waitFor } from "../process";
import { addresses, inPlatform, UserError } from "../settings";

/*
 * What the node has outside its own namespaces: one end of a link, which ends with it, and cgroups, which do not.
 */

const prefix = addresses.host.split(".").slice(0, 2).join(".");

/** The host's end of the link to the node. The prefix in its name lets two platforms live side by side. */
export const link = `sbx-${prefix.replace(".", "-")}`;

/**
 * The node's own cgroup in every hierarchy. With v1 it is below the one we are in, so that a limit set on us holds
 * for the node; with v2 a group with processes cannot hand controllers down, so it is below the root.
 */
export function cgroupFolders(selfCgroup: string, mountInfo: string, name: string): string[] {
  const mounts = mountInfo.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , mountRoot = "/", mountPoint = ""] = before.split(" ");
    const [type = "", , options = ""] = after.split(" ");
    return type.startsWith("cgroup") ? [{ type, mountRoot, mountPoint, options: options.split(",") }] : [];
  });
  const groups = selfCgroup
    .trim()
    .split("\n")
    .map((line) => {
      const [, controllers = "", ...group] = line.split(":");
      return { controllers: controllers === "" ? [] : controllers.split(","), group: group.join(":") };
    });
  if (!groups.some(({ controllers }) => controllers.includes("memory"))) {
    return mounts
      .filter(({ type }) => type === "cgroup2")
      .slice(0, 1)
      .map(({ mountPoint }) => path.join(mountPoint, name));
  }
  return groups.flatMap(({ controllers, group }) => {
    const mount = mounts.find(
      ({ type, options }) =>
        type === "cgroup" && controllers.length > 0 && controllers.every((controller) => options.includes(controller)),
    );
    if (mount === undefined) return [];
    const below = group.startsWith(mount.mountRoot) ? group.slice(mount.mountRoot.length) : group;
    return [path.join(mount.mountPoint, below, name)];
  });
}

/** What the node's cgroups are called. */
const cgroupName = `backstage-keycloak-${prefix}`;

/** The pids of everything in the node, its pods included. */
export function nodePids(): number[] {
  return fs
    .readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && fs.readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(`/${cgroupName}`);
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

// Recorded before it is made: another session may run in other cgroups and still has to find this one.
const record = inPlatform("run", "cgroups");

/** With cgroup v2 the root passes on only the controllers that it is told to; systemd leaves some out. */
function handDown(root: string): void {
  if (!fs.existsSync(path.join(root, "cgroup.controllers"))) return;
  for (const controller of fs.readFileSync(path.join(root, "cgroup.controllers"), "utf8").trim().split(" ")) {
    try {
      fs.writeFileSync(path.join(root, "cgroup.subtree_control"), `+${controller}`);
    } catch {
      // One that cannot be handed down is one that the kubelet does without.
    }
  }
}

/** Makes the node's cgroups and returns their folders. */
export function createCgroups(): string[] {
  const self = fs.readFileSync("/proc/self/cgroup", "utf8");
  const folders = cgroupFolders(self, fs.readFileSync("/proc/self/mountinfo", "utf8"), cgroupName);
  if (folders.length === 0) throw new UserError("This machine has no cgroups mounted; mount them at /sys/fs/cgroup.");
  fs.mkdirSync(path.dirname(record), { recursive: true, mode: 0o700 });
  fs.writeFileSync(record, folders.join("\n"));
  for (const folder of folders) {
    handDown(path.dirname(folder));
    fs.mkdirSync(folder, { recursive: true });
    // A new cpuset of v1 is empty and takes no process before it has processors and memory.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const inherited = path.join(path.dirname(folder), file);
      if (fs.existsSync(inherited) && fs.existsSync(path.join(folder, "tasks"))) {
        fs.writeFileSync(path.join(folder, file), fs.readFileSync(inherited));
      }
    }
  }
  return folders;
}

const subfolders = (folder: string): string[] =>
  fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(folder, entry.name));

/** Kills what is in a cgroup and below, and removes it, deepest first. True when it is gone. */
function removeCgroup(folder: string): boolean {
  if (!fs.existsSync(folder)) return true;
  let empty = subfolders(folder).map(removeCgroup).every(Boolean);
  for (const pid of fs
    .readFileSync(path.join(folder, "cgroup.procs"), "utf8")
    .split("\n")
    .filter((line) => line !== "")) {
    empty = false;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // it has ended meanwhile
    }
  }
  if (!empty) return false;
  try {
    fs.rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

const linkExists = (): boolean => fs.existsSync(`/sys/class/net/${link}`);

/** Waits until nothing of a killed node is left on the host, and removes what does not go by itself. */
export async function removeLeftovers(): Promise<void> {
  if (!fs.existsSync(record)) return;
  const folders = fs.readFileSync(record, "utf8").split("\n");
  // The kernel removes the link a moment after the last process of the node's network namespace.
  await waitFor(
    "end of the old node's cgroups and link",
    20,
    () => (folders.map(removeCgroup).every(Boolean) && !linkExists() ? true : undefined),
    50,
  );
  fs.rmSync(record);
}

export interface Route {
  readonly dst: string;
  readonly dev?: string;
}

const toNumber = (address: string): number => address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);

/** The first route into one of the networks. Ones as wide as /7 are a default route in disguise, and no conflict. */
export function conflictingRoute(routes: readonly Route[], networks: readonly string[]): Route | undefined {
  const range = (network: string): { first: number; last: number; bits: number } => {
    const [address = "", length] = network.split("/");
    const bits = Number(length ?? 32);
    const first = toNumber(address);
    return { first, last: first + 2 ** (32 - bits) - 1, bits };
  };
  const wanted = networks.map(range);
  return routes
    .filter(({ dst }) => dst !== "default")
    .find(({ dst }) => {
      const { first, last, bits } = range(dst);
      return bits >= 8 && wanted.some((one) => first <= one.last && one.first <= last);
    });
}

/** Refuses networks that this machine already uses, be it for another sandbox. To be called while no node runs. */
export async function checkNetworks(): Promise<void> {
  const routes = JSON.parse(await run("ip", ["-json", "-4", "route", "show", "table", "all"])) as Route[];
  const conflict = conflictingRoute(routes, [`${prefix}.0.0/24`, addresses.pods, addresses.services]);
  if (conflict !== undefined) {
    throw new UserError(
      `The network ${conflict.dst} is already routed through ${conflict.dev ?? "another table"} on this machine; ` +
        `set SANDBOX_NETWORK to two other octets, such as 10.98, and run this again.`,
    );
  }
}
