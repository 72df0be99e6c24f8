import { build } from "esbuild";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { installPackages } from "./npm";
import { log } from "./process";
import { inCache, root } from "./settings";

/** The app of sandbox/app as a browser loads it: Backstage's own packages, bundled. */

const source = path.join(root, "sandbox", "app");
const files = ["index.jsx", "package.json", "package-lock.json"];

/** The folder of the bundle, whose entry is index.js; made anew only when something in it has changed. */
export async function ensureApp(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of [...files.map((name) => path.join(source, name)), __filename, path.join(__dirname, "npm.ts")])
    hash.update(fs.readFileSync(file));
  const folder = inCache("app", hash.digest("hex").slice(0, 12));
  if (fs.existsSync(folder)) return folder;

  // What older versions and killed runs left is of no use any more.
  fs.rmSync(inCache("app"), { recursive: true, force: true });
  const work = `${folder}.part`;
  fs.mkdirSync(work, { recursive: true });
  for (const file of files) fs.copyFileSync(path.join(source, file), path.join(work, file));
  log("making Backstage's app: installing the packages of sandbox/app");
  await installPackages(work, "sandbox/app");
  log("making Backstage's app: bundling it");
  const dist = path.join(work, "dist");
  await build({
    absWorkingDir: work,
    entryPoints: ["index.jsx"],
    outdir: dist,
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    jsx: "automatic",
    loader: { ".svg": "dataurl" },
    // What Backstage's own bundler puts there; the app's config comes with the page.
    define: { "process.env": "{}", "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  });
  fs.renameSync(dist, folder);
  fs.rmSync(work, { recursive: true });
  return folder;
}
