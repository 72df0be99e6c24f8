import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { spawn } from "node:child_process";
import { log, onPath, run, runUnchecked } from "./process";
import { inCache, root, UserError, versions } from "./settings";

/** Where Debian's package has its CNI plugins. */
export const cniPlugins = "/usr/lib/cni";

/** Debian's packages, each with how to see that this machine has what it holds. */
type DebianPackages = Readonly<Record<string, () => boolean>>;

/** What the node needs of the machine. */
const nodePackages: DebianPackages = {
  runc: () => onPath("runc"),
  "containernetworking-plugins": () => fs.existsSync(path.join(cniPlugins, "ptp")),
  iptables: () => onPath("iptables"),
  iproute2: () => onPath("ip"),
  openssl: () => onPath("openssl"),
  "util-linux": () => ["unshare", "nsenter", "flock"].every(onPath),
};

/** A real browser without a window, for the one test that wants it. */
const BROWSER = "chromium-headless-shell";

const missingOf = (packages: DebianPackages): string[] =>
  Object.entries(packages)
    .filter(([, there]) => !there())
    .map(([name]) => name);

/** Refuses anybody but root, who alone can make network interfaces, mounts and cgroups. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) {
    throw new UserError(
      "The sandbox's Kubernetes needs root; run this as root, or name a cluster in SANDBOX_KUBECONFIG.",
    );
  }
}

/** Installs those of Debian's packages that are missing. */
export async function ensureDebianPackages(packages = nodePackages): Promise<void> {
  const missing = missingOf(packages);
  if (missing.length === 0) return;
  const names = missing.join(", ");
  if (!onPath("apt-get") || process.getuid?.() !== 0) {
    const why = onPath("apt-get") ? "only root can install them" : "there is no apt-get";
    throw new UserError(`The Debian packages ${names} are missing and ${why}; install what they hold by hand.`);
  }
  log(`installing the Debian packages ${names}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await runUnchecked("apt-get", ["update"], { env });
  // Never remove: a container engine's own runc stands in the way of Debian's, and must stay.
  const installed = await runUnchecked(
    "apt-get",
    ["install", "-y", "--no-install-recommends", "--no-remove", ...missing],
    {
      env,
    },
  );
  const still = missingOf(packages);
  if (still.length > 0) {
    const reason = installed.stderr.trim().split("\n").at(-1) ?? "";
    throw new UserError(
      `apt-get cannot install ${still.join(", ")} (${reason}); install it by hand and run this again.`,
    );
  }
}

/** The path of a real Chromium, installed when it is not there. */
export async function ensureChromium(): Promise<string> {
  await ensureDebianPackages({ [BROWSER]: () => onPath(BROWSER) });
  return (await run("which", [BROWSER])).trim();
}

export type GoTool = "kubernetes" | "etcd" | "containerd" | "pulumi" | "pause" | "actionlint";

const [major = "", minor = ""] = versions.kubernetes.split(".");
const kubernetesVersion = "k8s.io/component-base/version";

/** Versions that a program does not know when it is built as a dependency; clients refuse an unknown one. */
const versionStamps: Record<GoTool, string[]> = {
  kubernetes: [
    `-X ${kubernetesVersion}.gitVersion=v${versions.kubernetes}`,
    `-X ${kubernetesVersion}.gitMajor=${major}`,
    `-X ${kubernetesVersion}.gitMinor=${minor}`,
  ],
  etcd: [],
  containerd: [],
  pulumi: [`-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${versions.pulumi}`],
  pause: [],
  actionlint: [],
};

/** From this version on Go fetches the newer one that a go.mod asks for by itself. */
const OLDEST_GO = "1.21";
const BUILD_SPACE_GIB = 8;

/** Is version `a` older than `b`? */
export function olderThan(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (const [i, part] of (right ?? []).entries()) {
    if ((left?.[i] ?? 0) !== part) return (left?.[i] ?? 0) < part;
  }
  return false;
}

/** Refuses to begin a build that cannot end. */
async function checkBuild(name: GoTool, folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const remedy = "install Go from its vendor, or Debian's package golang-go where that is new enough";
  if (!onPath("go")) throw new UserError(`Go is missing, and ${name} is built with it; ${remedy}.`);
  // In the module's folder, so that Go also says whether it can fetch the version that the module asks for.
  const answer = await runUnchecked("go", ["version"], { cwd: folder, env });
  const version = /go(\d+\.\d+[.\d]*)/.exec(answer.stdout)?.[1] ?? "";
  if (answer.code !== 0) throw new UserError(`Go cannot build ${name} (${answer.stderr.trim()}); ${remedy}.`);
  if (olderThan(version, OLDEST_GO)) {
    throw new UserError(`Go ${version} is too old, ${name} needs ${OLDEST_GO} or newer; ${remedy}.`);
  }
  const { bavail, bsize } = fs.statfsSync(inCache());
  const free = (bavail * bsize) / 2 ** 30;
  if (free < BUILD_SPACE_GIB) {
    throw new UserError(
      `Building ${name} takes up to ${BUILD_SPACE_GIB} GiB and ${inCache()} has ${free.toFixed(1)} GiB left; ` +
        "free some, or set XDG_CACHE_HOME to a larger disk.",
    );
  }
}

/*
 * Runs under flock, which the kernel releases with the last process that holds it: a killed run leaves no lock,
 * and a build that outlives it is waited for. The folder's final name is given to a complete build only.
 */
const BUILD = `
  set -eu
  if [ -e "$1" ]; then exit 0; fi
  rm -rf "$1.part"
  mkdir "$1.part"
  GOBIN="$1.part" go install -v -trimpath -ldflags "$2" tool
  if [ -e "$1.part/server" ]; then mv "$1.part/server" "$1.part/etcd"; fi # etcd's main package has that name
  mv "$1.part" "$1"
`;

const moduleFolder = (name: GoTool): string => path.join(root, "sandbox", "go", name);
const linkerFlags = (name: GoTool): string => ["-s -w", ...versionStamps[name]].join(" ");

/** Where the named tools' programs are or will be: what they are built from is in the folder's name. */
function binFolder(name: GoTool): string {
  const hash = createHash("sha256");
  for (const file of fs.readdirSync(moduleFolder(name)).sort())
    hash.update(fs.readFileSync(path.join(moduleFolder(name), file)));
  return inCache("tools", `${name}-${hash.update(linkerFlags(name)).digest("hex").slice(0, 12)}`);
}

/** The folder of the named tools' programs, if they have been built. */
export function builtTools(name: GoTool): string | undefined {
  const bin = binFolder(name);
  return fs.existsSync(bin) ? bin : undefined;
}

/** The folder of the named tools' programs, built from the modules that their go.mod pins when it is not there. */
export async function goTools(name: GoTool): Promise<string> {
  const folder = moduleFolder(name);
  const ldflags = linkerFlags(name);
  const bin = binFolder(name);
  if (fs.existsSync(bin)) return bin;

  fs.mkdirSync(inCache("tools"), { recursive: true });
  const env = {
    ...process.env,
    GOPATH: inCache("go"),
    GOCACHE: inCache("go", "build"),
    // Else the module cache is read-only and cannot be removed with the rest.
    GOFLAGS: "-modcacherw",
    CGO_ENABLED: "0",
  };
  await checkBuild(name, folder, env);
  log(`building ${name}`);
  const began = performance.now();
  const elapsed = (): string => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  const lines: string[] = [];
  const progress = setInterval(
    () => log(`building ${name}: ${lines.at(-1) ?? "waiting for its lock"}, ${elapsed()}`),
    20_000,
  );
  const args = [inCache("tools", `${name}.lock`), "bash", "-c", BUILD, "build", bin, ldflags];
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn("flock", args, { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (chunk: Buffer) => {
      lines.push(
        ...chunk
          .toString()
          .split("\n")
          .filter((line) => line !== ""),
      );
      lines.splice(0, lines.length - 5);
    });
    child.on("error", reject);
    child.on("close", (status) => resolve(status ?? 1));
  }).finally(() => clearInterval(progress));
  if (code !== 0) throw new UserError(`The build of ${name} failed; mend this and run it again:\n${lines.join("\n")}`);
  log(`built ${name} in ${elapsed()}`);
  return bin;
}

export const pauseImage = "localhost/pause:1";

/** The archive of the image that holds a pod's namespaces: one static program, so nothing is downloaded for it. */
export async function ensurePauseImage(): Promise<string> {
  const bin = await goTools("pause");
  const tar = path.join(bin, "image.tar");
  if (fs.existsSync(tar)) return tar;
  const work = fs.mkdtempSync(path.join(bin, "image-"));
  const pack = (archive: string, ...files: string[]): Promise<string> =>
    run("tar", ["--create", "--file", path.join(work, archive), "--owner=0", "--group=0", "--mtime=@0", ...files]);
  await pack("layer.tar", "--directory", bin, "pause");
  const layer = createHash("sha256")
    .update(fs.readFileSync(path.join(work, "layer.tar")))
    .digest("hex");
  const config = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Entrypoint: ["/pause"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${layer}`] },
  };
  const manifest = [{ Config: "config.json", RepoTags: [pauseImage], Layers: ["layer.tar"] }];
  fs.writeFileSync(path.join(work, "config.json"), JSON.stringify(config));
  fs.writeFileSync(path.join(work, "manifest.json"), JSON.stringify(manifest));
  await pack("image.tar", "--directory", work, "manifest.json", "config.json", "layer.tar");
  fs.renameSync(path.join(work, "image.tar"), tar);
  fs.rmSync(work, { recursive: true });
  return tar;
}
