import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "../../sandbox/process";
import { root } from "../../sandbox/settings";

/** The program of docs/consuming.md that uses the package. */
export const shown = (): string =>
  /```ts\n(.*?)```/s.exec(fs.readFileSync(path.join(root, "docs", "consuming.md"), "utf8"))?.[1] ?? "";

/** Packs the package as it is now and installs it into a folder, beside the program that docs/consuming.md shows. */
export async function makeConsumer(folder: string): Promise<void> {
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const tarball = fs.readdirSync(folder).find((file) => file.endsWith(".tgz")) ?? "";
  fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "theirs", main: "index.ts" }));
  const compilerOptions = { target: "es2022", module: "nodenext", strict: true, skipLibCheck: true, noEmit: true };
  fs.writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
  fs.writeFileSync(path.join(folder, "Pulumi.yaml"), JSON.stringify({ name: "theirs", runtime: "nodejs" }));
  fs.writeFileSync(path.join(folder, "index.ts"), shown());
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  await run("npm", ["install", ...quiet, `./${tarball}`], { cwd: folder });
}
