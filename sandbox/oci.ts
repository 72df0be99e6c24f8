import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { run, runUnchecked } from "./process";
import { inCache } from "./settings";

/**
 * Container images made without a registry or a container engine. An archive is an OCI layout and a docker-archive in
 * one, which is what `ctr images import`, `kind load image-archive` and `docker load` all take.
 */

export interface Image {
  /** The archive, to be imported on each node. */
  readonly tar: string;
  /** The name it has after the import. */
  readonly name: string;
}

const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

/** The libraries that a program is linked to, as this machine resolves them. */
export async function sharedLibraries(program: string, env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  // ldd answers 1 for a static program, which needs none.
  const { stdout } = await runUnchecked("ldd", [program], { env });
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? "");
}

export function write(file: string, content: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
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

/** What an image says of the process that it starts, as the OCI image specification names it. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly ExposedPorts: Readonly<Record<string, object>>;
}

function writeLayout(layout: string, name: string, imageConfig: ImageConfig, layerFiles: readonly string[]): void {
  // Uncompressed: an import unpacks what gzip would have to inflate first, and no network carries it.
  const layers = layerFiles.map((file) =>
    addBlob(layout, "application/vnd.oci.image.layer.v1.tar", fs.readFileSync(file)),
  );
  const config = addJson(layout, "application/vnd.oci.image.config.v1+json", {
    created: "1970-01-01T00:00:00Z",
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: imageConfig,
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = addJson(layout, manifestType, { schemaVersion: 2, mediaType: manifestType, config, layers });
  const [, tag] = name.split(":");
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag };
  write(path.join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  write(
    path.join(layout, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  const docker = [{ Config: blobPath(config), RepoTags: [name], Layers: layers.map(blobPath) }];
  write(path.join(layout, "manifest.json"), JSON.stringify(docker));
}

/** Removes the archives of an image that is made anew, and what a killed run left of it. */
export function forget(name: string): void {
  fs.mkdirSync(inCache("images"), { recursive: true });
  for (const file of fs.readdirSync(inCache("images"))) {
    if (file.startsWith(`${name}-`)) fs.rmSync(inCache("images", file), { recursive: true, force: true });
  }
}

/** Packs layers, each a folder, into an image's archive and removes the folder that they are in. */
export async function packImage(
  image: Image,
  config: ImageConfig,
  work: string,
  layers: readonly { folder: string; exclude?: readonly string[] }[],
): Promise<void> {
  await run("chmod", ["-R", "u=rwX,go=rX", work]);
  for (const { folder, exclude = [] } of layers) {
    if (fs.existsSync(path.join(folder, "tmp"))) fs.chmodSync(path.join(folder, "tmp"), 0o1777);
    await pack(
      folder,
      `${folder}.tar`,
      exclude.map((pattern) => `--exclude=${pattern}`),
    );
  }
  const layout = path.join(work, "layout");
  writeLayout(
    layout,
    image.name,
    config,
    layers.map(({ folder }) => `${folder}.tar`),
  );
  await pack(layout, `${work}.tar`, ["--mode=u=rwX,go=rX"]);
  fs.renameSync(`${work}.tar`, image.tar);
  fs.rmSync(work, { recursive: true });
}
