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

/** How Backstage reaches a PostgreSQL, whoever runs it. */
export interface DatabaseConnection {
  /** Its host: a name or an address. */
  readonly host: string;
  /** Its TCP port. */
  readonly port: number;
  /** The database in which each plugin has a schema. */
  readonly database: string;
  /** What each plugin gets: a schema in `database`, or a database of its own. */
  readonly divisionMode: "schema" | "database";
  /** `ssl` of the connection. @default it is not said, and there is no TLS */
  readonly ssl?: unknown;
}

/** Authorities, as PEM, in Backstage's namespace. */
export interface CertificateAuthority {
  /** The ConfigMap. */
  readonly configMap: string;
  /** Its key. */
  readonly key: string;
}

/** How the certificate of somebody else's PostgreSQL is checked. */
export interface DatabaseTls {
  /** Whether the server's certificate and name are checked; anything less is for development only. @default verify-full */
  readonly mode?: "verify-full" | "require" | "disable";
  /** Who signed the server's certificate. @default the public authorities */
  readonly ca?: CertificateAuthority | undefined;
}

/** `ssl` of a connection. */
export function ssl({ mode = "verify-full", ca }: DatabaseTls): unknown {
  if (mode === "disable") return false;
  return {
    rejectUnauthorized: mode === "verify-full",
    ...(ca === undefined ? {} : { ca: { $file: `${databaseCaPath}/${ca.key}` } }),
  };
}

/** `backend.database` of the app-config. @param connection none: it is in memory */
export function databaseConfig(connection: DatabaseConnection | undefined): Record<string, unknown> {
  if (connection === undefined) return { client: "better-sqlite3", connection: ":memory:" };
  const { divisionMode, ssl: tls, ...address } = connection;
  const credential = { user: `\${${databaseEnv.user}}`, password: `\${${databaseEnv.password}}` };
  return {
    client: "pg",
    pluginDivisionMode: divisionMode,
    connection: { ...address, ...credential, ...(tls === undefined ? {} : { ssl: tls }) },
  };
}
