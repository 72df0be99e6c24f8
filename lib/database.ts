import { gatePath, type EnvVar } from "./pod";
import type { DatabaseSettings } from "./settings/database";

/** What Backstage is told of its database. */

/** The environment variables that hold the credential; app-config names them. */
export const databaseEnv = { user: "DATABASE_USER", password: "DATABASE_PASSWORD" } as const;

/** Where the certificates of an external database are mounted. */
export const databaseCaPath = "/etc/backstage-database";

/** The user and the database of a PostgreSQL of our own. */
export const ownDatabase = { user: "backstage", database: "backstage", port: 5432 } as const;

/** The name of a PostgreSQL of our own and of its Service. */
export const databaseName = (app: string): string => `${app}-database`;

type Postgres = Extract<DatabaseSettings, { kind: "postgres" }>;

/** The address of a PostgreSQL of our own: its Service's name, or the fixed address where no DNS knows names. */
export function ownDatabaseHost({ clusterIP }: Postgres, service: string, namespace: string): string {
  return clusterIP ?? `${service}.${namespace}.svc`;
}

function ssl(tls: Extract<DatabaseSettings, { kind: "external" }>["tls"]): unknown {
  if (tls.mode === "disable") return false;
  const ca = tls.ca === undefined ? {} : { ca: { $file: `${databaseCaPath}/${tls.ca.key}` } };
  return { rejectUnauthorized: tls.mode === "verify-full", ...ca };
}

/** Where a start takes its turn, as `lib/gate/alone.mjs` reads it. */
function turn(settings: Exclude<DatabaseSettings, { kind: "memory" }>, ownHost: (settings: Postgres) => string): Record<string, unknown> {
  if (settings.kind === "postgres") return { host: ownHost(settings), port: ownDatabase.port, database: ownDatabase.database, perPlugin: false };
  const { host, port, database, divisionMode, tls } = settings;
  const perPlugin = divisionMode === "database";
  // The one database that is there before each plugin has made its own.
  return { host, port, database: perPlugin ? "postgres" : database, ssl: ssl(tls), perPlugin };
}

/** Backstage's command, which waits for its turn where others can start on the same database; what that reads. */
export function startingAlone(command: readonly string[], settings: DatabaseSettings, ownHost: (settings: Postgres) => string): { command: string[]; env: EnvVar[] } {
  const [node = "", ...rest] = command;
  if (settings.kind === "memory") return { command: [...command], env: [] };
  return { command: [node, "--import", `${gatePath}/alone.mjs`, ...rest], env: [{ name: "GATE_DATABASE", value: JSON.stringify(turn(settings, ownHost)) }] };
}

/** `backend.database` of the app-config. @param ownHost the address of a PostgreSQL of our own */
export function databaseConfig(settings: DatabaseSettings, ownHost: (settings: Postgres) => string): Record<string, unknown> {
  if (settings.kind === "memory") return { client: "better-sqlite3", connection: ":memory:" };
  const credential = { user: `\${${databaseEnv.user}}`, password: `\${${databaseEnv.password}}` };
  if (settings.kind === "postgres") {
    const { port, database } = ownDatabase;
    return { client: "pg", pluginDivisionMode: "schema", connection: { host: ownHost(settings), port, database, ...credential } };
  }
  const { host, port, database, divisionMode, tls } = settings;
  return { client: "pg", pluginDivisionMode: divisionMode, connection: { host, port, database, ...credential, ssl: ssl(tls) } };
}
