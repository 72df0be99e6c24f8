// Loaded before Backstage, into its own process (`node --import`). It starts the health server of this pod and, where a
// PostgreSQL may be shared, waits for its turn: one Backstage of a database starts at a time. Two that migrate at once
// want the same lock of knex. The loser ends, may leave another such lock behind as it does, and then no Backstage ever
// starts again. Whoever has the turn takes such locks away, for nobody else is starting.
import * as path from "node:path";
import { isMainThread, Worker } from "node:worker_threads";
import { valueInUse } from "./contract.mjs";
import { connected, gotTurn, loginFrom, sharedDatabase } from "./database.mjs";

/** @typedef {import("./database.mjs").Address} Address */
/** @typedef {import("./database.mjs").Client} Client */

const say = (/** @type {string} */ line) => console.log(`start: ${line}`);
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Does this start wait for another one to end? Then its time has not begun. */
let waits = false;

/**
 * A thread with an environment of its own: what people set for Backstage, such as a proxy or an agent, is nothing to
 * it.
 */
function watchOver() {
  const own = /^(GATE_|KEYCLOAK_|(AUTH_SESSION_SECRET|CREDENTIAL_GENERATIONS|DATABASE_USER|DATABASE_PASSWORD)$)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => own.test(name)));
  const worker = new Worker(new URL("health.mjs", import.meta.url), { env, execArgv: [], argv: [], name: "health" });
  worker.unref();
  worker.on("message", () => onReady());
  worker.on("error", (/** @type {Error} */ error) =>
    say(`the health server ended (${error.message}); it is started again`),
  );
  worker.on("exit", () => setTimeout(watchOver, 1000).unref());
  worker.postMessage({ waits });
  health = worker;
}
/** @type {Worker | undefined} */
let health;
/** Backstage is ready, which the health server says: what Backstage's own process asks may go by a proxy. */
let onReady = () => {};
const ready = new Promise((resolve) => (onReady = () => resolve(undefined)));

function setWaiting(/** @type {boolean} */ value) {
  waits = value;
  health?.postMessage({ waits });
}

const login = loginFrom(valueInUse);

/** Takes away the locks that a Backstage left behind when it ended in the middle of a migration. */
async function unlock(/** @type {Address} */ address) {
  const client = await connected(address, login);
  const tables = await client.query(
    "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_name like '%knex_migrations_lock'",
  );
  for (const { name = "" } of tables.rows) {
    const { rows } = await client.query(`update ${name} set is_locked = 0 where is_locked = 1 returning 1`);
    if (rows.length > 0) say(`took away the lock ${name}, which a Backstage had left behind`);
  }
  await client.end();
}

async function takeTurn(/** @type {Address} */ address, /** @type {Client} */ turn) {
  for (let tries = 0; !(await gotTurn(turn)); tries++) {
    // A word each minute: whoever looks at the log sees that it still waits, and for what.
    if (tries % 60 === 0) say("another Backstage is starting; waiting for it");
    setWaiting(true);
    await pause(1000);
  }
  setWaiting(false);
  const plugins = await turn.query(
    "select datname as database from pg_database where datname like 'backstage\\_plugin\\_%'",
  );
  for (const { database = "" } of address.perPlugin ? plugins.rows : [address]) await unlock({ ...address, database });
}

// Not in what Backstage itself starts, which inherits the option.
if (isMainThread && process.channel === undefined) {
  process.env.GATE_APP = path.resolve(process.argv[1] ?? "");
  watchOver();
  const address = sharedDatabase();
  for (let said = ""; address !== undefined;) {
    /** @type {Client | undefined} */
    let turn;
    try {
      turn = await connected(address, login);
      await takeTurn(address, turn);
      // Once Backstage is ready the next may start.
      void ready.then(turn.end.bind(turn));
      break;
    } catch (error) {
      // Else it would be another one's, to the next try.
      await turn?.end().catch(() => undefined);
      const { code, message } = /** @type {Error & { code?: string }} */ (error);
      if (code === "MODULE_NOT_FOUND") {
        say("the image has no client for PostgreSQL: add the package pg to Backstage's backend");
        process.exit(1);
      }
      // A database that is starting, or has another password still, is there in a moment; the health server bounds the
      // wait.
      setWaiting(false);
      if (said !== message) say(`the database does not let Backstage start yet: ${message}`);
      said = message;
      await pause(2000);
    }
  }
}
