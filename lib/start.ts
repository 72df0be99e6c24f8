import { ownDatabase, ssl, type Postgres } from "./database";
import { podScripts } from "./gates";
import { gatePath, type EnvVar } from "./pod";
import type { DatabaseSettings } from "./settings/database";

/** How Backstage's process starts. */

const SCRIPT = "alone.mjs";

/** Where a start takes its turn, as `lib/gate/alone.mjs` reads it. */
function turn(settings: Exclude<DatabaseSettings, { kind: "memory" }>, ownHost: (settings: Postgres) => string): Record<string, unknown> {
  if (settings.kind === "postgres") return { host: ownHost(settings), port: ownDatabase.port, database: ownDatabase.database, perPlugin: false };
  const { host, port, database, divisionMode, tls } = settings;
  const perPlugin = divisionMode === "database";
  // The one database that is there before each plugin has made its own.
  return { host, port, database: perPlugin ? "postgres" : database, ssl: ssl(tls), perPlugin };
}

export interface Start {
  readonly command: string[];
  readonly env: EnvVar[];
  readonly scripts: Record<string, string>;
}

/** Backstage's command, which waits for its turn where others can start on the same database, and what that needs. */
export function startingAlone(command: readonly string[], settings: DatabaseSettings, ownHost: (settings: Postgres) => string): Start {
  const [node = "", ...rest] = command;
  if (settings.kind === "memory") return { command: [...command], env: [], scripts: {} };
  return {
    command: [node, "--import", `${gatePath}/${SCRIPT}`, ...rest],
    env: [{ name: "GATE_DATABASE", value: JSON.stringify(turn(settings, ownHost)) }],
    scripts: podScripts([SCRIPT]),
  };
}
