import { createRequire, Module } from "node:module";

/**
 * Makes the program and the policy pack start faster: the SDK loads npm's installer, half of all that it loads
 * (docs/performance.md), to find the packages of a function that it puts into the cloud. Here the installer is loaded
 * where it is used. Imported before the SDK, for its effect.
 */
const INSTALLER = "@npmcli/arborist";

/** Puts a module in the installer's place that loads it when its class is asked for. */
function defer(file: string, load: NodeJS.Require): void {
  const deferred = new Module(file);
  deferred.loaded = true;
  deferred.exports = {
    __esModule: true,
    get Arborist(): unknown {
      load.cache[file] = undefined;
      return (load(file) as { Arborist: unknown }).Arborist;
    },
  };
  load.cache[file] = deferred;
}

const load = createRequire(require.resolve("@pulumi/pulumi"));
try {
  defer(load.resolve(INSTALLER), load);
} catch (error) {
  // An SDK without the installer has nothing to defer.
  if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
}
