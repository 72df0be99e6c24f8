// The gates of a Backstage pod. Runs in Backstage's own image, as `node gate.mjs MODE`:
//   wait-for-secrets    init container: until the contract Secret is mounted, complete, and as new as the pod's
// template
//   verify-credentials  init container: until Keycloak accepts the mounted credential
// Ends with 0 or 1 and one line a try; never prints a secret.
import { behind, mountedValue, secretIsOlder, setting, unclean } from "./contract.mjs";
import { catalogCredential, credentialsFrom, pauseAfter, prove } from "./keycloak.mjs";

/**
 * @typedef {{ done: boolean, line: string, retryAfter?: number | undefined, isEvent?: boolean }} Try `isEvent`:
 * Keycloak writes it down, so it is asked less and less often
 */

/** @returns {Try} */
function secretsAreThere() {
  const keys = setting("GATE_REQUIRED_KEYS").split(",");
  const missing = keys.filter((key) => (mountedValue(key) ?? "") === "");
  if (missing.length > 0)
    return {
      done: false,
      line: `the Secret lacks ${missing.join(", ")}: run pulumi up, or look at the ExternalSecret that writes it`,
    };
  const padded = keys.filter((key) => unclean(mountedValue(key) ?? ""));
  if (padded.length > 0)
    return {
      done: false,
      line:
        `in the Secret ${padded.join(", ")} begins or ends with a blank or a line break, which is no part of ` +
        "the value: write it without",
    };
  const older = behind();
  if (older.length > 0)
    return {
      done: false,
      line: `the Secret is older than this pod: ${older.join(", ")}: run pulumi up, or wait for the ExternalSecret that writes it`,
    };
  return { done: true, line: "every key of the Secret is there" };
}

/** A catalog that is not filled keeps nobody from signing in, so its credential is told and nothing more. */
async function catalogIsAccepted() {
  const catalog = catalogCredential(mountedValue);
  if (catalog === undefined) return "";
  const { answer, why } = await prove(catalog);
  return answer === "accepted" ? "; also the catalog's" : `; the catalog cannot be filled: ${why}`;
}

/** @returns {Promise<Try>} */
async function credentialIsAccepted() {
  const credentials = credentialsFrom(mountedValue);
  const { answer, why, retryAfter } = await prove(...credentials);
  if (answer === "refused") return { done: false, line: `${why}: run pulumi up`, isEvent: true };
  if (answer === "unknown") return { done: false, line: why, retryAfter };
  const older = await secretIsOlder(credentials[0]);
  if (older !== undefined) return { done: false, line: older };
  return { done: true, line: `Keycloak accepts the credential (${why})${await catalogIsAccepted()}` };
}

/**
 * Tries until it is done or the time is over.
 * @param {string} mode
 * @param {() => Try | Promise<Try>} attempt
 * @param {(failures: number, asked: number | undefined, isEvent: boolean | undefined) => number} pauseAfter in seconds
 */
async function until(mode, attempt, pauseAfter) {
  const limit = Number(setting("GATE_TIMEOUT_SECONDS"));
  const began = performance.now();
  for (let number = 1; ; number++) {
    const { done, line, retryAfter, isEvent } = await attempt();
    const seconds = (performance.now() - began) / 1000;
    console.log(`${mode}: try ${number}, ${seconds.toFixed(0)} of ${limit} s: ${line}`);
    if (done) return true;
    const pause = pauseAfter(number, retryAfter, isEvent);
    if (seconds + pause > limit) {
      console.log(`${mode}: gave up after ${seconds.toFixed(0)} of ${limit} s; Kubernetes tries again`);
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
}

/** @type {Record<string, () => Promise<boolean>>} */
const modes = {
  // Reads files and asks nobody, so it may look often.
  "wait-for-secrets": () => until("wait-for-secrets", secretsAreThere, () => 2),
  "verify-credentials": () => until("verify-credentials", credentialIsAccepted, pauseAfter),
};

const mode = modes[process.argv[2] ?? ""];
if (mode === undefined) {
  console.log(`usage: gate.mjs ${Object.keys(modes).join("|")}`);
  process.exit(2);
}
// Whatever else was loaded into this process, such as an agent of NODE_OPTIONS, it ends here.
process.exit((await mode()) ? 0 : 1);
