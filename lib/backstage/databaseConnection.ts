import type { DatabaseSettings } from "../settings/database";

/** What Backstage is told of its database. */

/**
 * The environment variables that hold the credential, which app-config names, and what its generation is mounted as.
 */
export const databaseEnv = {
  user: "DATABASE_USER",
  password: "DATABASE_PASSWORD",
  generation: "DATABASE_GENERATION",
} as const;

/** Where the certificates of an external database are mounted. */
export const databaseCaPath = "/etc/backstage-database";

/** The user and the database of a PostgreSQL of our own. */
export const ownDatabase = { user: "backstage", database: "backstage", port: 5432 } as const;

/** The name of a PostgreSQL of our own and of its Service. */
export const databaseName = (app: string): string => `${app}-database`;

export type Postgres = Extract<DatabaseSettings, { kind: "postgres" }>;

/** The address of a PostgreSQL of our own: its Service's name, or the fixed address where no DNS knows names. */
export function ownDatabaseHost({ clusterIP }: Postgres, service: string, namespace: string): string {
  return clusterIP ?? `${service}.${namespace}.svc`;
}

/** `ssl` of a connection. */
export function ssl(tls: Extract<DatabaseSettings, { kind: "external" }>["tls"]): unknown {
  if (tls.mode === "disable") return false;
  const ca = tls.ca === undefined ? {} : { ca: { $file: `${databaseCaPath}/${tls.ca.key}` } };
  return { rejectUnauthorized: tls.mode === "verify-full", ...ca };
}

/** `backend.database` of the app-config. @param ownHost the address of a PostgreSQL of our own */
export function databaseConfig(
  settings: DatabaseSettings,
  ownHost: (settings: Postgres) => string,
): Record<string, unknown> {
  if (settings.kind === "memory") return { client: "better-sqlite3", connection: ":memory:" };
  const credential = { user: `\${${databaseEnv.user}}`, password: `\${${databaseEnv.password}}` };
  if (settings.kind === "postgres") {
    const { port, database } = ownDatabase;
    return {
      client: "pg",
      pluginDivisionMode: "schema",
      connection: { host: ownHost(settings), port, database, ...credential },
    };
  }
  const { host, port, database, divisionMode, tls } = settings;
  return {
    client: "pg",
    pluginDivisionMode: divisionMode,
    connection: { host, port, database, ...credential, ssl: ssl(tls) },
  };
}
