import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { installPackages } from "./npm";
import { forget, packImage, sharedLibraries, write, type Image, type ImageConfig } from "./oci";
import { log } from "./process";
import { inCache, root, UserError } from "./settings";

/** The image of sandbox/backstage: the Node that runs this program with its shared libraries, and the backend. */

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

/** What the base layer takes from this machine: the path in the image, and the file it is copied from. */
async function machineFiles(): Promise<Map<string, string>> {
  const libraries = await sharedLibraries(process.execPath);
  const libc = libraries.find((file) => path.basename(file).startsWith("libc.so"));
  if (libc === undefined) {
    throw new UserError(
      `${process.execPath} is not linked to a C library that the image could take; install Node.js for glibc.`,
    );
  }
  // The C library loads these by name when it looks up a host, so ldd does not list them.
  const resolvers = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"].map((name) =>
    path.join(path.dirname(libc), name),
  );
  // A shell for the person who looks into a pod; the image works without.
  const optional = [...resolvers, "/bin/busybox", "/etc/ssl/certs/ca-certificates.crt"].filter((file) =>
    fs.existsSync(file),
  );
  return new Map([
    ["/usr/local/bin/node", process.execPath],
    ...[...libraries, ...optional].map((file): [string, string] => [file, file]),
  ]);
}

/** Equal inputs give an equal name, so the name is as good as a digest: whoever has it has this image. */
async function imageHash(): Promise<string> {
  const hash = createHash("sha256").update(`${process.version} ${process.arch}`);
  for (const file of [
    ...appFiles.map((name) => path.join(app, name)),
    __filename,
    ...["npm.ts", "oci.ts"].map((name) => path.join(__dirname, name)),
  ])
    hash.update(fs.readFileSync(file));
  for (const [target, source] of await machineFiles()) {
    hash.update(target);
    // The version stands for Node itself, which is too large to read each time.
    if (source !== process.execPath) hash.update(fs.readFileSync(source));
  }
  return hash.digest("hex").slice(0, 12);
}

const nameOf = (hash: string): string => `localhost/backstage:${hash}`;

const config: ImageConfig = {
  // A number: the kubelet cannot tell from a name that it is not root.
  User: "1000:1000",
  Env: ["PATH=/usr/local/bin:/bin", "NODE_ENV=production", "HOME=/tmp"],
  Entrypoint: ["node", "/app/index.js"],
  Cmd: ["--config", "/etc/backstage/app-config.yaml"],
  WorkingDir: "/app",
  ExposedPorts: { "7007/tcp": {} },
};

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
  await installPackages(target, "sandbox/backstage");
  const prebuilds = path.join(target, "node_modules", "better-sqlite3", "prebuilds");
  const ours = `linux-${process.arch}.node`;
  for (const file of fs.readdirSync(prebuilds)) if (file !== ours) fs.rmSync(path.join(prebuilds, file));
  fs.rmSync(path.join(target, "node_modules", "better-sqlite3", "deps"), { recursive: true });
  // Backstage looks its own package up by name to learn which config values are secret and must not be logged.
  fs.symlinkSync("..", path.join(target, "node_modules", "backstage"));
}

/** The image's archive, made anew only when something in it has changed. */
export async function ensureBackstageImage(): Promise<Image> {
  const hash = await imageHash();
  const image = { tar: inCache("images", `backstage-${hash}.tar`), name: nameOf(hash) };
  if (fs.existsSync(image.tar)) return image;

  // Older archives are of no use any more, and neither is what a killed run left.
  forget("backstage");
  const work = inCache("images", "backstage-work");
  const [base, backend] = [path.join(work, "base"), path.join(work, "backend")];
  log(`making the image ${image.name}: installing the packages of sandbox/backstage`);
  await makeBase(base);
  await makeApp(backend);
  log(`making the image ${image.name}: packing it`);
  await packImage(image, config, work, [{ folder: base }, { folder: backend, exclude: useless }]);
  return image;
}
