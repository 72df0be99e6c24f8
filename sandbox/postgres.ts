import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { clusterClient } from "../verify/cluster";
import { importImage } from "./cluster";
import { forget, packImage, sharedLibraries, write, type Image, type ImageConfig } from "./oci";
import type { Platform } from "./platform";
import { log, onPath, run, runUnchecked } from "./process";
import { addresses, externalCluster, inCache, root, UserError } from "./settings";
import { ensureVolumes } from "./volumes";

/** A PostgreSQL image with the official image's contract, made of Debian's packages, where no registry can be had. */

const entrypoint = path.join(root, "sandbox", "postgres", "entrypoint.sh");

/** The uid that the official image runs as. */
const UID = 999;

const baseFiles: Readonly<Record<string, string>> = {
  "/etc/passwd": `root:x:0:0:root:/root:/sbin/nologin\npostgres:x:${UID}:${UID}:postgres:/tmp:/bin/sh\n`,
  "/etc/group": `root:x:0:\npostgres:x:${UID}:\n`,
  "/etc/nsswitch.conf": "hosts: files dns\n",
};

/** Loaded only for what nobody here uses, and half of the size. */
const useless = [
  "./usr/lib/postgresql/*/lib/bitcode",
  "./usr/lib/postgresql/*/lib/llvmjit*",
  "./usr/share/locale",
  "./usr/share/doc",
  "./usr/share/man",
];

/** The newest PostgreSQL that the machine's Debian has. */
async function majorVersion(): Promise<string> {
  if (!onPath("apt-get") || !onPath("dpkg")) {
    throw new UserError(
      "PostgreSQL is made of Debian's packages, and there is no apt-get; name a cluster with a registry in SANDBOX_KUBECONFIG.",
    );
  }
  const depends = await run("apt-cache", ["depends", "postgresql"]).catch(() => "");
  const [, major] = /Depends: postgresql-(\d+)/.exec(depends) ?? [];
  if (major === undefined)
    throw new UserError("apt-cache knows no postgresql; mend what `apt-get update` says and run this again.");
  return major;
}

/** PostgreSQL's packages, those of the libraries that it is linked to, and a shell. */
async function packages(major: string): Promise<string[]> {
  const only = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map((kind) => `--no-${kind}`);
  const server = `postgresql-${major}`;
  const depends = await run("apt-cache", ["depends", ...only, server]);
  const libraries = [...depends.matchAll(/^ {2}Depends: (lib\S+)$/gm)].map(([, name]) => String(name));
  // The C library is the machine's, as for every other program here; LLVM would only compile long queries.
  return [
    server,
    `postgresql-client-${major}`,
    "busybox-static",
    ...libraries.filter((name) => !/^lib(c6|llvm)/.test(name)),
  ];
}

/** Unpacks the packages, without installing anything on this machine. */
async function unpack(folder: string, major: string): Promise<void> {
  const archives = `${folder}-archives`;
  fs.mkdirSync(archives, { recursive: true });
  await run("apt-get", ["download", "-o", "APT::Sandbox::User=root", ...(await packages(major))], { cwd: archives });
  for (const file of fs.readdirSync(archives)) await run("dpkg", ["--extract", path.join(archives, file), folder]);
  fs.rmSync(archives, { recursive: true });
}

/** Adds the shared libraries that are not among the packages, from this machine. */
async function addLibraries(folder: string, programs: readonly string[]): Promise<void> {
  const own = fs.readdirSync(path.join(folder, "usr", "lib")).map((name) => path.join(folder, "usr", "lib", name));
  const env = { ...process.env, LD_LIBRARY_PATH: own.join(path.delimiter) };
  for (const program of programs) {
    for (const file of await sharedLibraries(program, env)) {
      if (file.startsWith(folder)) continue;
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.copyFileSync(fs.realpathSync(file), path.join(folder, file));
    }
  }
}

async function makeRoot(folder: string): Promise<void> {
  // A new machine has no lists, an old one lists of packages that are gone; without a network the next step says so.
  if (onPath("apt-get")) await runUnchecked("apt-get", ["update"]);
  const major = await majorVersion();
  log(`making the PostgreSQL image: downloading Debian's postgresql-${major}`);
  await unpack(folder, major);
  const bin = path.join(folder, "usr", "lib", "postgresql", major, "bin");
  await addLibraries(
    folder,
    ["postgres", "initdb", "psql"].map((name) => path.join(bin, name)),
  );
  for (const [file, content] of Object.entries(baseFiles)) write(path.join(folder, file), content);
  for (const name of ["sh", "rm", "mv", "cat"]) fs.symlinkSync("busybox", path.join(folder, "bin", name));
  fs.mkdirSync(path.join(folder, "usr", "local"), { recursive: true });
  // One place for the program's folder, whose name has the version in it.
  fs.symlinkSync(`/usr/lib/postgresql/${major}/bin`, path.join(folder, "usr", "local", "bin"));
  fs.copyFileSync(entrypoint, path.join(folder, "entrypoint.sh"));
  fs.chmodSync(path.join(folder, "entrypoint.sh"), 0o755);
  fs.mkdirSync(path.join(folder, "tmp"), { recursive: true });
}

const config: ImageConfig = {
  User: `${UID}:${UID}`,
  Env: ["PATH=/usr/local/bin:/bin"],
  Entrypoint: ["/entrypoint.sh"],
  Cmd: [],
  WorkingDir: "/",
  ExposedPorts: { "5432/tcp": {} },
};

/** The image's archive, made anew only when something in it has changed. */
export async function ensurePostgresImage(): Promise<Image> {
  const hash = createHash("sha256");
  for (const file of [entrypoint, __filename]) hash.update(fs.readFileSync(file));
  const version = hash.digest("hex").slice(0, 12);
  const image = { tar: inCache("images", `postgres-${version}.tar`), name: `localhost/postgres:${version}` };
  if (fs.existsSync(image.tar)) return image;
  forget("postgres");
  const work = inCache("images", "postgres-work");
  const folder = path.join(work, "root");
  fs.mkdirSync(folder, { recursive: true });
  await makeRoot(folder);
  await packImage(image, config, work, [{ folder, exclude: useless }]);
  log(`made the image ${image.name}`);
  return image;
}

/** What `backstage.database` needs here beside its kind: nothing on a cluster of the user's, which has a registry. */
export async function databaseSettings({ kubeconfig }: Platform): Promise<Record<string, string>> {
  if (externalCluster !== undefined) return {};
  await ensureVolumes(kubeconfig);
  const image = await ensurePostgresImage();
  if ((await clusterClient(kubeconfig).nodesWithoutImage(image.name)).length > 0) await importImage(image.tar);
  return { image: image.name, storage: "1Gi", clusterIP: addresses.databaseService };
}
