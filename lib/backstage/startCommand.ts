import type { DatabaseConnection } from "./databaseConnection";
import { gatePath } from "../pod/podSpec";

/** How Backstage's process starts. */

/** Where a start takes its turn, as `lib/pod/scripts/database.mjs` reads it. */
export function turn({ host, port, database, divisionMode, ssl }: DatabaseConnection): string {
  const perPlugin = divisionMode === "database";
  // The one database that is there before each plugin has made its own.
  return JSON.stringify({ host, port, database: perPlugin ? "postgres" : database, ssl, perPlugin });
}

/** Backstage's command with its health server. */
export const startCommand = ([node = "", ...rest]: readonly string[]): string[] => [
  node,
  "--import",
  `${gatePath}/preload.mjs`,
  ...rest,
];
