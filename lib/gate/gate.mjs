// The gates of a Backstage pod. Runs in Backstage's own image, as `node gate.mjs MODE`:
//   wait-for-secrets    init container: until the contract Secret is mounted and complete
//   verify-credentials  init container: until Keycloak accepts the mounted credential
//   ready               readiness probe: this process proved, once, that a sign-in can work
//   live                liveness probe: fails only when a restart is what heals
// Ends with 0 or 1 and one line a try; never prints a secret.
import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { credentialsFrom, discover, prove, request } from "./keycloak.mjs";

const setting = (/** @type {string} */ name) => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};

/** @typedef {{ done: boolean, line: string }} Try */

/** @param {string} key */
function mountedValue(key) {
  try {
    return readFileSync(`${setting("GATE_SECRETS_PATH")}/${key}`, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** What is mounted now; the kubelet renews it about a minute after the Secret has changed. */
const mounted = () => credentialsFrom(mountedValue);
/** What this container was started with. */
const inUse = () => credentialsFrom((key) => process.env[key]);

// A new container has a new root mount, so a proof is never taken over by a restarted container, although /tmp is.
const PROOF = "/tmp/.sign-in-proof";
const container = () => readFileSync("/proc/self/mountinfo", "utf8").split("\n", 1)[0] ?? "";
function isProven() {
  try {
    return readFileSync(PROOF, "utf8") === container();
  } catch {
    return false;
  }
}

/** @returns {Try} */
function secretsAreThere() {
  const missing = setting("GATE_REQUIRED_KEYS").split(",").filter((key) => (mountedValue(key) ?? "") === "");
  return missing.length === 0
    ? { done: true, line: "every key of the Secret is there" }
    : { done: false, line: `the Secret lacks ${missing.join(", ")}: run pulumi up, or look at the ExternalSecret that writes it` };
}

/** @returns {Promise<Try>} */
async function credentialIsAccepted() {
  const { answer, why } = await prove(...mounted());
  if (answer === "accepted") return { done: true, line: `Keycloak accepts the credential (${why})` };
  return { done: false, line: answer === "refused" ? `${why}: run pulumi up` : why };
}

/**
 * Tries until it is done or the time is over.
 * @param {string} mode
 * @param {() => Try | Promise<Try>} attempt
 */
async function until(mode, attempt) {
  const limit = Number(setting("GATE_TIMEOUT_SECONDS"));
  const pause = Number(setting("GATE_INTERVAL_SECONDS"));
  const began = performance.now();
  for (let number = 1; ; number++) {
    const { done, line } = await attempt();
    const seconds = (performance.now() - began) / 1000;
    console.log(`${mode}: try ${number}, ${seconds.toFixed(0)} of ${limit} s: ${line}`);
    if (done) return true;
    if (seconds + pause > limit) {
      console.log(`${mode}: gave up after ${limit} s; Kubernetes tries again`);
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
}

/** @param {string} path */
const statusOf = async (path) => (await request(`${setting("GATE_BACKSTAGE_URL")}${path}`, {}, 5000)).status;

/** Can a sign-in start? Only with a discovery that succeeded when Backstage started: it is kept for good. */
async function signInStarts() {
  return (await statusOf(setting("GATE_START_PATH"))) === 302;
}

async function ready() {
  const status = await statusOf("/.backstage/health/v1/readiness");
  if (status !== 200) return `Backstage is not ready yet (${status})`;
  // /start writes a session row each time, so it is asked until it has worked once and never after.
  if (isProven()) return undefined;
  if (!(await signInStarts())) return "Backstage could not reach Keycloak when it started; it is restarted once Keycloak answers";
  const { answer, why } = await prove(...inUse());
  if (answer !== "accepted") return why;
  writeFileSync(PROOF, container());
  return undefined;
}

/** Does Backstage answer at all, and, as long as it is not proven, start a sign-in? Three tries, as a probe would. */
async function backstageWorks() {
  for (let tries = 0; tries < 3; tries++) {
    try {
      if (isProven() ? (await statusOf("/.backstage/health/v1/liveness")) === 200 : await signInStarts()) return true;
    } catch {
      // asked again below
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return false;
}

async function live() {
  const now = mounted();
  const then = inUse();
  if (!isDeepStrictEqual(now, then) && (await prove(...now)).answer === "accepted" && (await prove(...then)).answer === "refused") {
    return "Keycloak refuses the credential in use and accepts the one mounted now: a restart takes it over";
  }
  if (!(await backstageWorks()) && (await discover(now[0])).ok) {
    return "Keycloak answers, but Backstage cannot start a sign-in: a restart repeats the discovery";
  }
  return undefined;
}

/**
 * @param {() => Promise<string | undefined>} check what is wrong, or undefined
 */
async function once(check) {
  const fault = await check().catch((/** @type {unknown} */ error) => /** @type {Error} */ (error).message);
  if (fault !== undefined) console.log(fault);
  return fault === undefined;
}

/** @type {Record<string, () => Promise<boolean>>} */
const modes = {
  "wait-for-secrets": () => until("wait-for-secrets", secretsAreThere),
  "verify-credentials": () => until("verify-credentials", credentialIsAccepted),
  ready: () => once(ready),
  live: () => once(live),
};

const mode = modes[process.argv[2] ?? ""];
if (mode === undefined) {
  console.log(`usage: gate.mjs ${Object.keys(modes).join("|")}`);
  process.exitCode = 2;
} else {
  process.exitCode = (await mode()) ? 0 : 1;
}
