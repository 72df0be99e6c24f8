// Backstage's PostgreSQL, by the client that Backstage itself brings: whose turn it is to start, and whether it takes a
// credential. Reads GATE_DATABASE and GATE_APP; never prints a credential.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setting } from "./contract.mjs";

/**
 * @typedef {{ host: string, port: number, database: string, perPlugin: boolean, ssl?: false | { rejectUnauthorized:
 * boolean, ca?: { $file: string } } }} Address
 */
/** @typedef {{ user: string | undefined, password: string | undefined }} Login */
/**
 * @typedef {{ query: (sql: string) => Promise<{ rows: Record<string, string>[] }>, connect: () => Promise<void>, end:
 * () => Promise<void>, on: (event: "error", listener: (error: Error) => void) => void }} Client
 */

/** Where a start takes its turn; undefined where nobody shares the database. */
export function sharedDatabase() {
  const told = process.env.GATE_DATABASE;
  return told === undefined ? undefined : /** @type {Address} */ (JSON.parse(told));
}

/**
 * What the database is to be asked with.
 * @param {(key: string) => string | undefined} read
 * @returns {Login}
 */
export const loginFrom = (read) => ({ user: read("DATABASE_USER"), password: read("DATABASE_PASSWORD") });

/**
 * @param {Address} address
 * @param {Login} login
 */
export async function connected({ ssl = false, host, port, database }, login) {
  /** @type {unknown} Backstage's own. */
  const pg = createRequire(`${setting("GATE_APP")}/`)("pg");
  const { Client } = /** @type {{ Client: new (options: object) => Client }} */ (pg);
  const trusted = ssl === false || ssl.ca === undefined ? ssl : { ...ssl, ca: readFileSync(ssl.ca.$file, "utf8") };
  const client = new Client({
    host,
    port,
    database,
    ...login,
    ssl: trusted,
    connectionTimeoutMillis: 10_000,
    query_timeout: 30_000,
  });
  // A connection that breaks gives the turn away, no more.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** PostgreSQL's codes for a user or a password that it does not take. */
const REFUSED = ["28P01", "28000"];

/**
 * Does the database take this login?
 * @param {Address} address
 * @param {Login} login
 * @returns {Promise<"accepted" | "refused" | "unknown">}
 */
export async function databaseTakes(address, login) {
  try {
    await (await connected(address, login)).end();
    return "accepted";
  } catch (error) {
    return REFUSED.includes(String(/** @type {{ code?: string }} */ (error).code)) ? "refused" : "unknown";
  }
}

/**
 * Tries once to get the turn to start, which one Backstage of a database has at a time; it is kept until the connection
 * ends. To the end of a transaction and not of a session: behind a pool of connections a session is nobody's own. And
 * never by a statement that waits: it would hold a snapshot, and a migration's `create index concurrently` waits for
 * that.
 * @param {Client} client
 */
export async function gotTurn(client) {
  await client.query("begin");
  const { rows } = await client.query("select pg_try_advisory_xact_lock(hashtext('backstage starts'))::text as mine");
  if (rows[0]?.mine === "true") return true;
  await client.query("rollback");
  return false;
}
