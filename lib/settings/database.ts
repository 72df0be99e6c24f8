import { z } from "zod";
import { flag, judged, lineFault, port } from "./common";
import { address, host, image, key, objectName, quantityFrom } from "./kubernetes";

/** The settings of Backstage's database. */

const Memory = z.strictObject({
  kind: z.literal("memory").describe("In the memory of the one pod; a restart forgets it."),
});

const Postgres = z.strictObject({
  kind: z.literal("postgres").describe("A PostgreSQL beside Backstage, with a generated password and a volume."),
  image: image
    .default("docker.io/library/postgres:17.6-bookworm")
    .describe("PostgreSQL's official image, or one with its contract."),
  storage: quantityFrom("64Mi", "PostgreSQL does not start").default("10Gi").describe("The size of the volume."),
  storageClassName: objectName.optional().describe("The volume's StorageClass; the cluster's default when unset."),
  clusterIP: address
    .optional()
    .describe("A fixed address of its Service, for a cluster without DNS; Backstage then uses it instead of the name."),
  protect: flag.optional().describe("Refuse to delete the volume; when unset true, in `dev` false."),
});

/** PostgreSQL cuts a longer name off. */
const databaseName = judged(
  z.string(),
  (value) =>
    lineFault(value) ??
    (Buffer.byteLength(value) > 63 ? "is longer than 63 bytes, as no name in PostgreSQL is; shorten it" : undefined),
).meta({ title: "text" });

const External = z.strictObject({
  kind: z.literal("external").describe("A PostgreSQL that somebody else runs."),
  host: host.meta({ description: "Its host.", example: "db.example.com" }),
  port: port(1).default(5432).describe("Its TCP port."),
  database: databaseName
    .default("backstage")
    .describe("The database in which each of Backstage's plugins has a schema."),
  divisionMode: z
    .enum(["schema", "database"])
    .default("schema")
    .describe(
      "What each plugin gets: a schema in `database`, or a database of its own, which the user must be allowed to create.",
    ),
  tls: z
    .strictObject({
      mode: z
        .enum(["verify-full", "require", "disable"])
        .default("verify-full")
        .describe("Whether the server's certificate and name are checked; anything less is for `dev` only."),
      ca: z
        .strictObject({
          configMap: objectName.describe("A ConfigMap in Backstage's namespace."),
          key: key.default("ca.crt").describe("Its key with the certificates, as PEM."),
        })
        .optional()
        .describe("Who signed the server's certificate; the public authorities when unset."),
    })
    .prefault({}),
  credentials: z.strictObject({
    secret: objectName.describe("A Secret in Backstage's namespace, made before the first run."),
    userKey: key.default("username").describe("Its key with the user."),
    passwordKey: key.default("password").describe("Its key with the password."),
  }),
});

export const Database = z.discriminatedUnion("kind", [Memory, Postgres, External]);

export type DatabaseSettings = z.output<typeof Database>;

/** What the components take where nothing is said. */
export const postgresDefaults = Postgres.omit({ kind: true }).parse({});
export const externalDefaults = External.pick({ port: true, database: true, divisionMode: true, tls: true }).parse({});

/** Rules of the database that need more than one key. */
export function databaseFaults(database: DatabaseSettings, replicas: number, isDev: boolean): string[] {
  if (database.kind === "memory") {
    if (replicas === 1) return [];
    return [
      "backstage.replicas must be 1 with the in-memory database, which replicas cannot share; set it to 1, or set backstage.database.kind.",
    ];
  }
  const faults: string[] = [];
  if (database.kind === "external" && database.tls.mode !== "verify-full" && !isDev) {
    faults.push(
      `backstage.database.tls.mode is ${database.tls.mode}, which is allowed only in the dev environment; set it to verify-full.`,
    );
  }
  return faults;
}
