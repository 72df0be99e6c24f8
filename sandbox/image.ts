import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { log, run, runUnchecked } from "./process";
import { inCache, root, UserError } from "./settings";

/**
 * The image of sandbox/backstage, made without a registry or a container engine: the Node that runs this program with
 * its shared libraries, and the backend. The archive is an OCI layout and a docker-archive in one, which is what
 * `ctr images import`, `kind load image-archive` and `docker load` all take.
 */

const app = path.join(root, "sandbox", "backstage");
const appFiles = ["index.js", "package.json", "package-lock.json"];

/** Of the packages' files, those that nothing reads at run time: half of their size. */
const useless = ["*.map", "*.ts", "*.mts", "*.cts", "*.flow", "*.tsbuildinfo", "*.bare", "README.md", "CHANGELOG.md"];

/** Files that the base layer has beside those it copies. */
const baseFiles: Readonly<Record<string, string>> = {
  "/etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nnode:x:1000:1000:node:/tmp:/sbin/nologin\n",
  "/etc/group": "root:x:0:\nnode:x:1000:\n",
  // Without it, older C libraries ask DNS before they read /etc/hosts.
  "/etc/nsswitch.conf": "hosts: files dns\n",
};

const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

async function sharedLibraries(program: string): Promise<string[]> {
  // ldd answers 1 for a static program, which needs none.
  const { stdout } = await runUnchecked("ldd", [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? "");
}

/** What the base layer takes from this machine: the path in the image, and the file it is copied from. */
async function machineFiles(): Promise<Map<string, string>> {
  const libraries = await sharedLibraries(process.execPath);
  const libc = libraries.find((file) => path.basename(file).startsWith("libc.so"));
  if (libc === undefined) {
    throw new UserError(`${process.execPath} is not linked to a C library that the image could take; install Node.js for glibc.`);
  }
  // The C library loads these by name when it looks up a host, so ldd does not list them.
  const resolvers = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"].map((name) => path.join(path.dirname(libc), name));
  // A shell for the person who looks into a pod; the image works without.
  const optional = [...resolvers, "/bin/busybox", "/etc/ssl/certs/ca-certificates.crt"].filter((file) => fs.existsSync(file));
  return new Map([["/usr/local/bin/node", process.execPath], ...[...libraries, ...optional].map((file): [string, string] => [file, file])]);
}

/** Equal inputs give an equal name, so the name is as good as a digest: whoever has it has this image. */
async function imageHash(): Promise<string> {
  const hash = createHash("sha256").update(`${process.version} ${process.arch}`);
  for (const file of [...appFiles.map((name) => path.join(app, name)), __filename]) hash.update(fs.readFileSync(file));
  for (const [target, source] of await machineFiles()) {
    hash.update(target);
    // The version stands for Node itself, which is too large to read each time.
    if (source !== process.execPath) hash.update(fs.readFileSync(source));
  }
  return hash.digest("hex").slice(0, 12);
}

const nameOf = (hash: string): string => `localhost/backstage:${hash}`;

/** The name that `ensureBackstageImage` gives the image, without making it. */
export async function backstageImageName(): Promise<string> {
  return nameOf(await imageHash());
}

function write(file: string, content: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}

async function makeBase(folder: string): Promise<void> {
  for (const [file, content] of Object.entries(baseFiles)) write(path.join(folder, file), content);
  for (const [target, source] of await machineFiles()) {
    fs.mkdirSync(path.dirname(path.join(folder, target)), { recursive: true });
    fs.copyFileSync(fs.realpathSync(source), path.join(folder, target));
  }
  if (fs.existsSync(path.join(folder, "bin", "busybox"))) fs.symlinkSync("busybox", path.join(folder, "bin", "sh"));
  fs.mkdirSync(path.join(folder, "tmp"));
}

async function makeApp(folder: string): Promise<void> {
  const target = path.join(folder, "app");
  fs.mkdirSync(target, { recursive: true });
  for (const name of appFiles) fs.copyFileSync(path.join(app, name), path.join(target, name));
  // better-sqlite3 carries its binaries, so no package runs a script, and the image needs no compiler.
  const args = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = await runUnchecked("npm", args, { cwd: target });
  if (result.code !== 0) {
    const reason = result.stderr.split("\n").find((line) => /^npm (error|ERR!)/.test(line)) ?? `exit code ${result.code}`;
    throw new UserError(`npm cannot install the packages of sandbox/backstage (${reason.trim()}); mend that and run this again.`);
  }
  const prebuilds = path.join(target, "node_modules", "better-sqlite3", "prebuilds");
  const ours = `linux-${process.arch}.node`;
  for (const file of fs.readdirSync(prebuilds)) if (file !== ours) fs.rmSync(path.join(prebuilds, file));
  fs.rmSync(path.join(target, "node_modules", "better-sqlite3", "deps"), { recursive: true });
  // Backstage looks its own package up by name to learn which config values are secret and must not be logged.
  fs.symlinkSync("..", path.join(target, "node_modules", "backstage"));
}

/** Packs the same folder into the same bytes, whoever does it and whenever. */
async function pack(folder: string, file: string, options: readonly string[] = []): Promise<void> {
  const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];
  await run("tar", ["--create", `--file=${file}`, `--directory=${folder}`, ...reproducible, ...options, "."]);
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes a blob by its digest, as an OCI layout wants it. */
function addBlob(layout: string, mediaType: string, content: Buffer): Descriptor {
  const hex = sha256(content);
  const file = path.join(layout, "blobs", "sha256", hex);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return { mediaType, digest: `sha256:${hex}`, size: content.length };
}

const addJson = (layout: string, mediaType: string, value: unknown): Descriptor =>
  addBlob(layout, mediaType, Buffer.from(JSON.stringify(value)));

const blobPath = ({ digest }: Descriptor): string => `blobs/${digest.replace(":", "/")}`;

function writeLayout(layout: string, name: string, layerFiles: readonly string[]): void {
  // Uncompressed: an import unpacks what gzip would have to inflate first, and no network carries it.
  const layers = layerFiles.map((file) => addBlob(layout, "application/vnd.oci.image.layer.v1.tar", fs.readFileSync(file)));
  const config = addJson(layout, "application/vnd.oci.image.config.v1+json", {
    created: "1970-01-01T00:00:00Z",
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: {
      // A number: the kubelet cannot tell from a name that it is not root.
      User: "1000:1000",
      Env: ["PATH=/usr/local/bin:/bin", "NODE_ENV=production", "HOME=/tmp"],
      Entrypoint: ["node", "/app/index.js"],
      Cmd: ["--config", "/etc/backstage/app-config.yaml"],
      WorkingDir: "/app",
      ExposedPorts: { "7007/tcp": {} },
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = addJson(layout, manifestType, { schemaVersion: 2, mediaType: manifestType, config, layers });
  const [, tag] = name.split(":");
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag };
  write(path.join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  write(path.join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
  const docker = [{ Config: blobPath(config), RepoTags: [name], Layers: layers.map(blobPath) }];
  write(path.join(layout, "manifest.json"), JSON.stringify(docker));
}

export interface BackstageImage {
  /** The archive, to be imported on each node. */
  readonly tar: string;
  /** The name it has after the import. */
  readonly name: string;
}

/** The image's archive, made anew only when something in it has changed. */
export async function ensureBackstageImage(): Promise<BackstageImage> {
  const hash = await imageHash();
  const image = { tar: inCache("images", `backstage-${hash}.tar`), name: nameOf(hash) };
  if (fs.existsSync(image.tar)) return image;

  // Older archives are of no use any more, and neither is what a killed run left.
  fs.rmSync(inCache("images"), { recursive: true, force: true });
  const work = inCache("images", "work");
  const [base, backend, layout] = [path.join(work, "base"), path.join(work, "backend"), path.join(work, "layout")];
  log(`making the image ${image.name}: installing the packages of sandbox/backstage`);
  await makeBase(base);
  await makeApp(backend);
  log(`making the image ${image.name}: packing it`);
  await run("chmod", ["-R", "u=rwX,go=rX", work]);
  fs.chmodSync(path.join(base, "tmp"), 0o1777);
  await pack(base, `${base}.tar`);
  await pack(backend, `${backend}.tar`, useless.map((pattern) => `--exclude=${pattern}`));
  writeLayout(layout, image.name, [`${base}.tar`, `${backend}.tar`]);
  await pack(layout, `${work}.tar`, ["--mode=u=rwX,go=rX"]);
  fs.renameSync(`${work}.tar`, image.tar);
  fs.rmSync(work, { recursive: true });
  return image;
}
