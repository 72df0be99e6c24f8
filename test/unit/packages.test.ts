import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { isBuiltin } from "node:module";
import * as path from "node:path";
import { nodeFault } from "../../lib/runtime/run.cjs";
import { RUNTIME } from "../../sandbox/packaging";

const root = path.join(__dirname, "..", "..");

interface Package {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  engines: { node: string };
  scripts: Record<string, string>;
  workspaces: string[];
}
const packageIn = (folder: string): Package =>
  JSON.parse(fs.readFileSync(path.join(root, folder, "package.json"), "utf8")) as Package;
const { dependencies, devDependencies, engines, workspaces } = packageIn("");
const lock = JSON.parse(fs.readFileSync(path.join(root, "package-lock.json"), "utf8")) as {
  packages: Record<string, { dev?: boolean; engines?: { node?: string } }>;
};

function sources(of: string): string[] {
  const at = path.join(root, of);
  if (fs.statSync(at).isFile()) return [at];
  const files = fs.readdirSync(at, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => /\.(ts|mjs|cjs)$/.test(file) && !file.includes("node_modules"))
    .map((file) => path.join(at, file));
}

/** The package that an import is of. */
const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

/** The packages that the files of some folders load. */
function loadedBy(folders: readonly string[]): string[] {
  const named = folders.flatMap(sources).flatMap((file) => {
    const text = fs.readFileSync(file, "utf8").replace(/^import type .*$/gm, "");
    const specifiers = text.matchAll(/(?:from |^import |import\(|require\(|require\.resolve\()"([^"./][^"$]*)"/gm);
    return [...specifiers].map(([, specifier = ""]) => packageOf(specifier));
  });
  return [...new Set(named)].filter((one) => !isBuiltin(one)).sort();
}

describe("the packages", () => {
  it("that are dependencies are what the program needs at run time, and no more", () => {
    // What compiles the program, for `npm run` and for Pulumi.
    const packages = [...loadedBy(RUNTIME), "tsx", "typescript"].sort();
    assert.deepEqual(packages, Object.keys(dependencies).sort());
    assert.deepEqual(
      packages.filter((one) => one in devDependencies),
      [],
    );
  });

  it("of a workspace are named by it, as dev dependencies: `npm ci --omit=dev` installs all others", () => {
    assert.deepEqual(workspaces, ["sandbox", "bench"]);
    for (const folder of workspaces) {
      const own = packageIn(folder);
      assert.equal(own.dependencies, undefined, folder);
      const named = Object.keys(own.devDependencies).filter((one) => !one.startsWith("@types/"));
      assert.deepEqual(loadedBy([folder]), named.sort(), folder);
    }
  });

  it("have one version, whoever names them", () => {
    const named = ["", ...workspaces].flatMap((folder) => {
      const own = packageIn(folder);
      return Object.entries({ ...own.dependencies, ...own.devDependencies });
    });
    const versions = new Map(named);
    assert.deepEqual(
      named.filter(([name, version]) => versions.get(name) !== version),
      [],
    );
  });

  it("run on the oldest Node that is claimed", () => {
    const oldest = engines.node.replace(">=", "");
    const newer = Object.entries(lock.packages).flatMap(([name, one]) => {
      const [, from] = /(?:^|\|\| )>= ?(\d+\.\d+\.\d+)$/.exec(one.engines?.node ?? "") ?? [];
      return name !== "" &&
        from !== undefined &&
        one.dev !== true &&
        from.localeCompare(oldest, "en", { numeric: true }) > 0
        ? [`${name} needs ${from}`]
        : [];
    });
    assert.deepEqual(newer, []);
  });
});

describe("an older Node", () => {
  it("is told apart by its version", () => {
    for (const version of ["18.20.1", "20.20.2", "22.2.0", "22.18.9"]) {
      assert.equal(
        nodeFault(version),
        `This is Node ${version}, and the program needs 22.19.0 or newer; install it, or put it first on PATH.`,
      );
    }
    for (const version of ["22.19.0", "22.20.0", "24.0.0", "100.0.0"])
      assert.equal(nodeFault(version), undefined, version);
  });

  it("is one sentence for every command that the docs name, and no stack trace", () => {
    const pages = [
      "README.md",
      "CONTRIBUTING.md",
      ...fs
        .readdirSync(path.join(root, "docs"))
        .filter((file) => file.endsWith(".md"))
        .map((file) => `docs/${file}`),
    ];
    const named = new Set(
      pages.flatMap((page) =>
        [...fs.readFileSync(path.join(root, page), "utf8").matchAll(/npm run ((?:-w bench )?[a-z]+)/g)].map(
          ([, name = ""]) => name,
        ),
      ),
    );
    assert.ok(named.has("verify") && named.has("-w bench first"));
    // npm's own commands, the one that brings a Node along, and the tools of who changes the code.
    for (const name of ["sbom", "security", "faults", "lint"]) named.delete(name);
    const fake = path.join(fs.mkdtempSync("/tmp/old-node-"), "old.cjs");
    fs.writeFileSync(fake, 'Object.defineProperty(process.versions, "node", { value: "20.20.2" });');
    for (const name of named) {
      const folder = name.startsWith("-w ") ? "bench" : "";
      const script = packageIn(folder).scripts[name.split(" ").at(-1) ?? ""];
      const [node, launcher = "", file = ""] = script?.split(" ") ?? [];
      const cwd = path.join(root, folder);
      assert.equal(node, "node", `npm run ${name}`);
      assert.equal(path.resolve(cwd, launcher), path.join(root, "lib", "runtime", "run.cjs"), `npm run ${name}`);
      assert.ok(fs.existsSync(path.join(cwd, file)), `npm run ${name}`);
      const { status, stdout, stderr } = spawnSync(process.execPath, ["-r", fake, launcher, file], {
        cwd,
        encoding: "utf8",
      });
      assert.deepEqual([status, stdout, stderr], [2, "", `${nodeFault("20.20.2") ?? ""}\n`], `npm run ${name}`);
    }
    fs.rmSync(path.dirname(fake), { recursive: true });
  });
});
