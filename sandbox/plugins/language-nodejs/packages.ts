import * as fs from "node:fs";
import * as path from "node:path";

/** The parts of a package.json that say which plugin and which packages it needs. */
interface PackageJson {
  name?: string;
  version?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  pulumi?: { resource?: boolean; name?: string; version?: string; server?: string };
}

export interface Package {
  name: string;
  version: string;
  server?: string;
}

function readPackage(folder: string): PackageJson | undefined {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8")) as PackageJson;
  } catch {
    return undefined;
  }
}

/** The folders of all packages below a program, those inside other packages too. */
function packageFolders(folder: string): string[] {
  const modules = path.join(folder, "node_modules");
  const names = fs.existsSync(modules) ? fs.readdirSync(modules).filter((name) => !name.startsWith(".")) : [];
  const direct = names.flatMap((name) =>
    name.startsWith("@")
      ? fs.readdirSync(path.join(modules, name)).map((inScope) => path.join(modules, name, inScope))
      : [path.join(modules, name)],
  );
  return direct.flatMap((found) => [found, ...packageFolders(found)]);
}

/** The provider plugin of an SDK package, if it has one. */
export function pluginOf({ name = "", version = "", pulumi }: PackageJson): Package | undefined {
  if (pulumi?.resource !== true) return undefined;
  const plugin = pulumi.name ?? (name.startsWith("@pulumi/") ? name.slice("@pulumi/".length) : undefined);
  if (plugin === undefined) throw new Error(`${name}'s package.json does not name its plugin.`);
  const wanted = pulumi.version ?? version;
  return {
    name: plugin,
    version: wanted.startsWith("v") ? wanted : `v${wanted}`,
    ...(pulumi.server === undefined ? {} : { server: pulumi.server }),
  };
}

/** The provider plugins that a program's installed packages need. */
export function requiredPlugins(programFolder: string): Package[] {
  const plugins = packageFolders(programFolder).map((folder) => pluginOf(readPackage(folder) ?? {}));
  return plugins.filter((plugin) => plugin !== undefined);
}

/** A program's packages: those its package.json names, or all that are installed. */
export function dependencies(programFolder: string, transitive: boolean): Package[] {
  const own = readPackage(programFolder);
  const wanted = Object.keys({ ...own?.dependencies, ...own?.devDependencies });
  const folders = transitive
    ? packageFolders(programFolder)
    : wanted.map((name) => path.join(programFolder, "node_modules", name));
  return folders
    .map((folder) => readPackage(folder))
    .filter((found) => found?.name !== undefined && found.version !== undefined)
    .map((found) => ({ name: found?.name ?? "", version: found?.version ?? "" }));
}
