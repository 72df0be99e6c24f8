/* eslint-disable @typescript-eslint/no-require-imports -- an old Node knows nothing else */
/**
 * `node lib/runtime/run.cjs FILE ARGS`: runs a file of this program, or says in one sentence that this Node is too old
 * for it: an older one fails somewhere in the packages. Written for every Node, so no package is loaded before the
 * check.
 */
const oldest = require("../../package.json").engines.node.replace(">=", "");

/** @param {string} version in a form in which texts compare as versions do */
const comparable = (version) =>
  version
    .split(".")
    .map((part) => part.padStart(6, "0"))
    .join(".");

/**
 * What is wrong with a version of Node, as a sentence, or undefined.
 * @param {string} version
 */
function nodeFault(version) {
  if (comparable(version) >= comparable(oldest)) return undefined;
  return `This is Node ${version}, and the program needs ${oldest} or newer; install it, or put it first on PATH.`;
}

module.exports = { nodeFault };

if (require.main === module) {
  const fault = nodeFault(process.versions.node);
  if (fault !== undefined) {
    console.error(fault);
    process.exit(2);
  }
  // As if the file had been named in this one's place.
  process.argv.splice(1, 1);
  const file = require("path").resolve(process.argv[1] || "");
  const loader = "tsx";
  void import(loader).then(() => void require(file));
}
