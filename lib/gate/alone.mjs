// Loaded before Backstage (`node --import`), where a PostgreSQL may be shared: one Backstage of a database starts at a time.
// Two that migrate at once want the same lock of knex. The loser ends, may leave another such lock behind as it does, and
// then no Backstage ever starts again. Whoever has the turn takes such locks away, for nobody else is starting.
// Reads GATE_DATABASE and the credential; never prints either.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { isMainThread } from "node:worker_threads";

/** @typedef {{ host: string, port: number, database: string, ssl?: false | { rejectUnauthorized: boolean, ca?: { $file: string } } }} Address */
/** @typedef {{ query: (sql: string) => Promise<{ rows: Record<string, string>[] }>, connect: () => Promise<void>, end: () => Promise<void>, on: (event: "error", listener: (error: Error) => void) => void }} Client */

const say = (/** @type {string} */ line) => console.log(`alone: ${line}`);

const pause = () => new Promise((resolve) => setTimeout(resolve, 1000));

/** @param {Address} address */
async function connected({ ssl = false, ...address }) {
  const { DATABASE_USER: user, DATABASE_PASSWORD: password } = process.env;
  /** @type {unknown} Backstage's own. */
  const pg = createRequire(`${path.resolve(process.argv[1] ?? "")}/`)("pg");
  const { Client } = /** @type {{ Client: new (options: object) => Client }} */ (pg);
  const trusted = ssl === false || ssl.ca === undefined ? ssl : { ...ssl, ca: readFileSync(ssl.ca.$file, "utf8") };
  const client = new Client({ ...address, user, password, ssl: trusted });
  // A connection that breaks gives the turn away, no more.
  client.on("error", ({ message }) => say(`the database ended the connection: ${message}`));
  await client.connect();
  return client;
}

/** Takes away the locks that a Backstage left behind when it ended in the middle of a migration. */
async function unlock(/** @type {Address} */ address) {
  const client = await connected(address);
  const tables = await client.query(
    "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_name like '%knex_migrations_lock'",
  );
  for (const { name = "" } of tables.rows) {
    const { rows } = await client.query(`update ${name} set is_locked = 0 where is_locked = 1 returning 1`);
    if (rows.length > 0) say(`took away the lock ${name}, which a Backstage had left behind`);
  }
  await client.end();
}

/** Waits for Backstage to be ready; then the next may start. */
async function handOn(/** @type {Client} */ turn) {
  for (;;) {
    await pause();
    const answer = await fetch(`${process.env.GATE_BACKSTAGE_URL ?? ""}/.backstage/health/v1/readiness`).catch(() => undefined);
    if (answer?.ok === true) return turn.end();
  }
}

async function takeTurn() {
  /** @type {unknown} */
  const told = JSON.parse(process.env.GATE_DATABASE ?? "{}");
  const { perPlugin, ...address } = /** @type {Address & { perPlugin: boolean }} */ (told);
  const turn = await connected(address);
  // To the end of a transaction and not of a session: behind a pool of connections a session is nobody's own. Asked again
  // and again: a statement that waits for the lock holds a snapshot, and a migration's `create index concurrently` waits for that.
  for (let tries = 0; ; tries++) {
    await turn.query("begin");
    const { rows } = await turn.query("select pg_try_advisory_xact_lock(hashtext('backstage starts'))::text as mine");
    if (rows[0]?.mine === "true") break;
    await turn.query("rollback");
    if (tries === 0) say("another Backstage is starting; waiting for it");
    await pause();
  }
  const plugins = await turn.query("select datname as database from pg_database where datname like 'backstage\\_plugin\\_%'");
  for (const { database = "" } of perPlugin ? plugins.rows : [address]) await unlock({ ...address, database });
  void handOn(turn);
}

// Not in what Backstage itself starts, which inherits the option.
if (isMainThread && process.channel === undefined) {
  try {
    await takeTurn();
  } catch (error) {
    say(`no turn to start: ${/** @type {Error} */ (error).message}`);
    process.exit(1);
  }
}
