// The health of a Backstage pod, as the kubelet and Prometheus ask for it, on a port of its own. Runs in a thread of
// Backstage's process, so an answer costs no new process, and a Backstage that hangs cannot answer for itself:
//   /startup  the thread runs
//   /ready    Backstage is ready, and this process proved, once, that a sign-in can work
//   /live     fails only when a restart is what heals
//   /metrics  the last proof of the credential in use, and how old it is
// Never prints or answers a secret.
import { writeSync } from "node:fs";
import * as http from "node:http";
import { parentPort } from "node:worker_threads";
import { differences, generationsOf, mountedValue, setting, valueInUse } from "./contract.mjs";
import { connected, databaseTakes, gotTurn, loginFrom, sharedDatabase } from "./database.mjs";
import { catalogCredential, credentialsFrom, discover, pauseAfter, probe, prove } from "./keycloak.mjs";
import { liveFault, readyFault, takeoverOf } from "./judge.mjs";

/** @typedef {import("./judge.mjs").State} State */
/** @typedef {import("./keycloak.mjs").Verdict} Verdict */

/** Past the main thread, which may hang; a line for which the log has no room at all is lost. */
function say(/** @type {string} */ line) {
  try {
    writeSync(1, `health: ${line}\n`);
  } catch {
    // said again in five minutes, where it still holds
  }
}
const pause = (/** @type {number} */ seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const now = () => performance.now() / 1000;

const START_SECONDS = Number(setting("GATE_START_SECONDS"));
const PROOF_SECONDS = Number(setting("GATE_PROOF_SECONDS"));
const BACKSTAGE = setting("GATE_BACKSTAGE_URL");

/** @type {State} */
const state = {
  since: now(),
  waits: false,
  wasReady: false,
  isReady: false,
  answered: now(),
  proven: false,
  fault: "Backstage has not been asked yet",
  restart: undefined,
  takeover: undefined,
};

parentPort?.on("message", (/** @type {{ waits: boolean }} */ { waits }) => {
  // Whoever had to wait for its turn begins with it.
  if (state.waits && !waits) state.since = now();
  state.waits = waits;
});

/**
 * The status of an answer of Backstage's; 0 when there is none in time. Not by fetch: nothing must come between.
 * @param {string} path
 * @returns {Promise<number>}
 */
const statusOf = (path) =>
  new Promise((resolve) => {
    const request = http.get(`${BACKSTAGE}${path}`, { agent: false, timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(0));
  });

/** In seconds: the next look at Backstage. Each is a line in its log, and a start that fails has its cause there. */
function pollSeconds() {
  if (state.wasReady) return 10;
  const started = now() - state.since;
  if (started < 15) return 0.5;
  return started < 60 ? 1 : 5;
}

/** Looks at Backstage itself, often until it is ready and now and then after it. */
async function watchBackstage() {
  for (;;) {
    state.isReady = (await statusOf("/.backstage/health/v1/readiness")) === 200;
    if (state.isReady && !state.wasReady) {
      state.wasReady = true;
      parentPort?.postMessage("ready");
      state.fault = "no sign-in is proven yet";
      say(`Backstage is ready ${(now() - state.since).toFixed(0)} s after its start`);
    }
    // A Backstage that is not ready any more may be well.
    if (state.isReady || (state.wasReady && (await statusOf("/.backstage/health/v1/liveness")) === 200))
      state.answered = now();
    await pause(pollSeconds());
  }
}

/**
 * @type {Map<string, { line: string, at: number }>} What was said last of a subject, and when: the same is not said
 * again for five minutes.
 */
const said = new Map();
function sayOnce(/** @type {string} */ subject, /** @type {string} */ line) {
  const last = said.get(subject);
  if (last?.line === line && now() - last.at < 300) return;
  said.set(subject, { line, at: now() });
  say(line);
}

const starts = { status: 0 };
/** Can a sign-in start? Only with a discovery that succeeded when Backstage started: it is kept for good. */
async function signInStarts() {
  // /start writes a session row each time, so it is asked until it has worked once and never after.
  if (starts.status !== 302) starts.status = await statusOf(setting("GATE_START_PATH"));
  if (starts.status === 302) return undefined;
  if (starts.status === 404)
    return (
      `the image has no sign-in provider at ${setting("GATE_START_PATH")}: add the OIDC module to its ` +
      "backend, or correct backstage.authProvider"
    );
  return `Backstage could not reach Keycloak when it started (${starts.status}), and is restarted once Keycloak answers`;
}

/**
 * The first proof: Keycloak accepts what this process was started with, and a sign-in starts. Tried until it succeeds.
 */
async function firstProof() {
  while (!state.wasReady) await pause(0.2);
  for (let failures = 1; ; failures++) {
    const { answer, why, retryAfter } = await prove(...credentialsFrom(valueInUse));
    noted("sign-in", { answer, why });
    const fault = answer === "accepted" ? await signInStarts() : answer === "refused" ? `${why}: run pulumi up` : why;
    if (fault === undefined) {
      state.proven = true;
      state.restart = undefined;
      sayOnce("sign-in", `proof: Keycloak accepts the credential in use (${why}), and a sign-in starts${whose()}`);
      return;
    }
    state.fault = fault;
    sayOnce("sign-in", `proof: ${fault}`);
    // Keycloak answers, and Backstage cannot start a sign-in: only a start repeats the discovery. A module that is
    // missing stays missing.
    state.restart =
      answer === "accepted" && failures >= 3 && starts.status !== 404
        ? "Keycloak answers, but Backstage cannot start a sign-in: a restart repeats the discovery"
        : undefined;
    await pause(pauseAfter(failures, retryAfter, answer !== "unknown"));
  }
}

/** Which credential it is, in words that are no secret. */
const whose = () => {
  const generations = Object.entries(generationsOf(valueInUse)).map(([name, generation]) => `${name} ${generation}`);
  return `; client ${valueInUse("KEYCLOAK_CLIENT_ID") ?? "?"}, ${generations.join(", ")}`;
};

/**
 * @type {Map<string, { verdict: Verdict, at: number }>} the last proof of each credential; the time in seconds since
 * 1970
 */
const proofs = new Map();
function noted(/** @type {string} */ credential, /** @type {Verdict} */ verdict) {
  // What nobody could say leaves the last proof to grow old.
  if (verdict.answer !== "unknown") proofs.set(credential, { verdict, at: Date.now() / 1000 });
}

/** What a refusal means, by what the credential is for. */
const lost = { "sign-in": "every new sign-in fails", catalog: "the catalog is not filled any more" };

/**
 * Asks once more whether Keycloak accepts credentials in use, and says and notes what it answers.
 * @param {keyof typeof lost} subject
 * @param {import("./keycloak.mjs").Credential[]} credentials
 * @param {string} endpoint
 */
async function proveAgain(subject, credentials, endpoint) {
  /** @type {Verdict} */
  let verdict = { answer: "unknown", why: "" };
  for (const credential of credentials) if ((verdict = await probe(credential, endpoint)).answer !== "accepted") break;
  noted(subject, verdict);
  const { answer, why } = verdict;
  const credential =
    subject === "catalog" ? `the catalog's credential (${why})` : `the credential in use (${why})${whose()}`;
  const outcome = {
    accepted: `Keycloak accepts ${credential}`,
    refused: `${why}; ${lost[subject]}: run pulumi up --refresh`,
    unknown: `not repeated: ${why}`,
  };
  sayOnce(subject, `proof: ${outcome[answer]}`);
  return verdict;
}

/**
 * Repeats the proof: one question each time, at a moment of this pod's own; in every tenth round the catalog's too. A
 * pod whose sessions are good stays in service.
 */
async function laterProofs() {
  let endpoint = "";
  // What could not be asked is asked again soon: it leaves no trace in Keycloak.
  let unasked = 0;
  /** @type {number | undefined} */
  let asked;
  for (let round = 1; ; round++) {
    await pause(unasked === 0 ? PROOF_SECONDS * (1 + 0.5 * Math.random()) : pauseAfter(unasked, asked, true));
    if (endpoint === "") {
      const discovery = await discover(credentialsFrom(valueInUse)[0]);
      if (!discovery.ok) {
        [unasked, asked] = [unasked + 1, discovery.retryAfter];
        sayOnce("sign-in", `proof: not repeated: ${discovery.why}`);
        continue;
      }
      endpoint = discovery.tokenEndpoint;
    }
    const { answer, retryAfter } = await proveAgain("sign-in", credentialsFrom(valueInUse), endpoint);
    [unasked, asked] = answer === "unknown" ? [unasked + 1, retryAfter] : [0, undefined];
    if (unasked > 0) endpoint = "";
    const catalog = round % 10 === 0 ? catalogCredential(valueInUse) : undefined;
    if (unasked === 0 && catalog !== undefined) await proveAgain("catalog", [catalog], endpoint);
  }
}

/**
 * What a proof says of the values that are mounted and of those in use, for a group of keys that differ.
 * @param {string} group
 * @returns {Promise<{ mounted: string, inUse: string }>}
 */
async function compared(group) {
  if (group === "database") {
    const address = sharedDatabase();
    if (address === undefined) return { mounted: "accepted", inUse: "accepted" };
    return {
      mounted: await databaseTakes(address, loginFrom(mountedValue)),
      inUse: await databaseTakes(address, loginFrom(valueInUse)),
    };
  }
  // Nobody but Backstage itself knows it.
  if (group === "session") return { mounted: "accepted", inUse: "accepted" };
  const credentials = (/** @type {(key: string) => string | undefined} */ read) =>
    group === "catalog" ? [catalogCredential(read)].flatMap((one) => one ?? []) : credentialsFrom(read);
  const answerOf = async (/** @type {import("./keycloak.mjs").Credential[]} */ [first, ...others]) =>
    first === undefined ? "unknown" : (await prove(first, ...others)).answer;
  return { mounted: await answerOf(credentials(mountedValue)), inUse: await answerOf(credentials(valueInUse)) };
}

/** In seconds: how long a pod whose credential still works leaves it to a rollout to take a new one over. */
const PATIENCE = 120;
/** In seconds: how long no other pod may be starting before this one goes. A container that ends is back in less. */
const QUIET = 20;

/** Alone on its database a pod need not ask. */
const ALONE = { giveBack: async () => {} };

/**
 * The turn to go, while no other pod is starting or going: kept until this process ends, or it is given back. Undefined
 * where it is another's, or the database cannot be asked now.
 */
async function turnToGo() {
  const address = sharedDatabase();
  if (address === undefined) return ALONE;
  for (const read of [mountedValue, valueInUse]) {
    const client = await connected(address, loginFrom(read)).catch(() => undefined);
    if (client === undefined) continue;
    const giveBack = () => client.end().catch(() => undefined);
    const isMine = async () => {
      if (!(await gotTurn(client))) return false;
      await client.query("rollback");
      await pause(QUIET * (1 + Math.random()));
      return gotTurn(client);
    };
    if (await isMine().catch(() => false)) return { giveBack };
    await giveBack();
    return undefined;
  }
  return undefined;
}

/**
 * Takes over what is mounted anew, once it is proven right: by a restart, one pod at a time. At once where what is in
 * use is refused; else only after a while, since a rollout does it better.
 */
async function takeOver() {
  const valuesOf = (/** @type {string[]} */ keys) => JSON.stringify(keys.map((key) => [key, mountedValue(key)]));
  let [since, seen, unsure] = [0, "", false];
  for (; ; await pause(5)) {
    const differing = differences();
    const keys = [...differing.values()].flat();
    const values = valuesOf(keys);
    if (values !== seen) [seen, since, unsure] = [values, now(), false];
    // Of what a start reads, only the database can keep it from ever being ready.
    if (keys.length === 0 || !(state.wasReady || differing.has("database"))) continue;
    const verdicts = [];
    for (const group of differing.keys()) verdicts.push(await compared(group));
    const decision = takeoverOf(verdicts);
    const what = `the Secret holds another ${keys.join(", ")}`;
    if (decision === "not proven") {
      sayOnce("takeover", `takeover: ${what}, which is not accepted yet; this pod keeps what it has`);
      await pause(10);
      continue;
    }
    if (decision === "wait" && now() - since < PATIENCE) continue;
    const again = unsure;
    unsure = decision === "unsure";
    if (unsure && !again) continue;
    sayOnce("takeover", `takeover: ${what}, proven right; this pod restarts when it is its turn`);
    const turn = await turnToGo();
    if (turn === undefined) continue;
    // It may have changed while this pod waited.
    if (valuesOf(keys) !== values) {
      await turn.giveBack();
      continue;
    }
    state.takeover = `${what}, proven right: a restart takes it over`;
    say(`takeover: ${state.takeover}`);
    return;
  }
}

/** The last proofs, as Prometheus reads them. */
function metrics() {
  const lines = [
    "# HELP backstage_sign_in_ready 1 once this pod has proved that a sign-in can work.",
    "# TYPE backstage_sign_in_ready gauge",
    `backstage_sign_in_ready ${state.proven ? 1 : 0}`,
    "# HELP backstage_credential_accepted 1 when Keycloak accepted the credential in use at its last proof, 0 when it refused it.",
    "# TYPE backstage_credential_accepted gauge",
    ...[...proofs].map(
      ([credential, { verdict }]) =>
        `backstage_credential_accepted{credential="${credential}"} ${verdict.answer === "accepted" ? 1 : 0}`,
    ),
    "# HELP backstage_credential_proof_timestamp_seconds When Keycloak last said so, in seconds since 1970.",
    "# TYPE backstage_credential_proof_timestamp_seconds gauge",
    ...[...proofs].map(
      ([credential, { at }]) =>
        `backstage_credential_proof_timestamp_seconds{credential="${credential}"} ${at.toFixed(0)}`,
    ),
    "# HELP backstage_credential_differs 1 when a value in the mounted Secret is not the one in use.",
    "# TYPE backstage_credential_differs gauge",
    `backstage_credential_differs ${differences().size > 0 ? 1 : 0}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** @type {Record<string, () => string | undefined>} what is wrong, or undefined */
const probes = {
  "/startup": () => undefined,
  "/ready": () => readyFault(state),
  "/live": () => liveFault(state, now(), START_SECONDS),
};

http
  .createServer(({ url = "" }, response) => {
    const answer = (/** @type {number} */ status, /** @type {string} */ text) =>
      response.writeHead(status, { "content-type": "text/plain; version=0.0.4" }).end(text);
    const check = probes[url];
    if (url === "/metrics") answer(200, metrics());
    else if (check === undefined) answer(404, "");
    else {
      const fault = check();
      if (fault !== undefined && url === "/live") sayOnce("live", `not live: ${fault}`);
      answer(fault === undefined ? 200 : 503, `${fault ?? "ok"}\n`);
    }
  })
  .listen(Number(setting("GATE_HEALTH_PORT")));

void watchBackstage();
void firstProof().then(laterProofs);
void takeOver();
