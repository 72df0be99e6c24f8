import { ownDatabase, ssl, type Postgres } from "./databaseConnection";
import { gatePath, type EnvVar } from "../pod/podSpec";
import type { DatabaseSettings } from "../settings/database";

/** How Backstage's process starts. */

/** Where a start takes its turn, as `lib/pod/scripts/database.mjs` reads it. */
function turn(
  settings: Exclude<DatabaseSettings, { kind: "memory" }>,
  ownHost: (settings: Postgres) => string,
): Record<string, unknown> {
  if (settings.kind === "postgres")
    return { host: ownHost(settings), port: ownDatabase.port, database: ownDatabase.database, perPlugin: false };
  const { host, port, database, divisionMode, tls } = settings;
  const perPlugin = divisionMode === "database";
  // The one database that is there before each plugin has made its own.
  return { host, port, database: perPlugin ? "postgres" : database, ssl: ssl(tls), perPlugin };
}

export interface Start {
  readonly command: string[];
  readonly env: EnvVar[];
}

/** Backstage's command with its health server, and with its turn where others can start on the same database. */
export function startOf(
  [node = "", ...rest]: readonly string[],
  settings: DatabaseSettings,
  ownHost: (settings: Postgres) => string,
): Start {
  return {
    command: [node, "--import", `${gatePath}/preload.mjs`, ...rest],
    env: settings.kind === "memory" ? [] : [{ name: "GATE_DATABASE", value: JSON.stringify(turn(settings, ownHost)) }],
  };
}
