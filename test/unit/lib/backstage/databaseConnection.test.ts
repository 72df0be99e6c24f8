import assert from "node:assert/strict";
import fc from "fast-check";
import { databaseConfig, ownDatabaseHost } from "../../../../lib/backstage/databaseConnection";
import { startOf } from "../../../../lib/backstage/startCommand";
import { Database } from "../../../../lib/settings/database";
import { imageFault } from "../../../../lib/pod/images";
import { isCidr, quantity } from "../../../../lib/settings/kubernetes";

const own = (): string => "backstage-database.backstage.svc";
const external = (over: Record<string, unknown> = {}) =>
  databaseConfig(
    Database.parse({ kind: "external", host: "db.example.com", credentials: { secret: "s" }, ...over }),
    own,
  ) as {
    pluginDivisionMode: string;
    connection: { ssl: unknown; password: string };
  };

describe("lib/backstage/databaseConnection", () => {
  it("writes no credential, only the names of the variables that hold it", () => {
    for (const config of [external(), databaseConfig(Database.parse({ kind: "postgres" }), own)]) {
      const { user, password } = (config as { connection: { user: string; password: string } }).connection;
      assert.deepEqual([user, password], ["${DATABASE_USER}", "${DATABASE_PASSWORD}"]);
    }
  });

  it("checks an external server's certificate unless it is told not to", () => {
    assert.deepEqual(external().connection.ssl, { rejectUnauthorized: true });
    assert.deepEqual(external({ tls: { mode: "require" } }).connection.ssl, { rejectUnauthorized: false });
    assert.equal(external({ tls: { mode: "disable" } }).connection.ssl, false);
    assert.deepEqual(external({ tls: { ca: { configMap: "ca" } } }).connection.ssl, {
      rejectUnauthorized: true,
      ca: { $file: "/etc/backstage-database/ca.crt" },
    });
  });

  it("starts one Backstage at a time, where another could start on the same database", () => {
    const start = (settings: object) => startOf(["node", "packages/backend"], Database.parse(settings), own);
    assert.deepEqual(start({ kind: "memory" }), {
      command: ["node", "--import", "/etc/backstage-gate/preload.mjs", "packages/backend"],
      env: [],
    });
    const { command, env } = start({ kind: "external", host: "db.example.com", credentials: { secret: "s" } });
    assert.deepEqual(command, ["node", "--import", "/etc/backstage-gate/preload.mjs", "packages/backend"]);
    const told = (settings: object): unknown => JSON.parse(start(settings).env[0]?.value as string);
    assert.deepEqual(JSON.parse(env[0]?.value as string), {
      host: "db.example.com",
      port: 5432,
      database: "backstage",
      ssl: { rejectUnauthorized: true },
      perPlugin: false,
    });
    assert.deepEqual(told({ kind: "postgres" }), { host: own(), port: 5432, database: "backstage", perPlugin: false });
    const { database, perPlugin } = told({
      kind: "external",
      host: "db.example.com",
      divisionMode: "database",
      credentials: { secret: "s" },
    }) as Record<string, unknown>;
    assert.deepEqual([database, perPlugin], ["postgres", true]);
  });

  it("addresses its own PostgreSQL by name, or by the fixed address", () => {
    const settings = (over: object) =>
      Database.parse({ kind: "postgres", ...over }) as Parameters<typeof ownDatabaseHost>[0];
    assert.equal(ownDatabaseHost(settings({}), "db", "ns"), "db.ns.svc");
    assert.equal(ownDatabaseHost(settings({ clusterIP: "10.0.0.9" }), "db", "ns"), "10.0.0.9");
  });
});

describe("lib/settings/kubernetes", () => {
  const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));

  it("takes any image by its digest, and no digest of another length", () => {
    fc.assert(fc.property(hex, (digest) => imageFault(`registry.example.com:5000/a/b@sha256:${digest}`) === undefined));
    fc.assert(
      fc.property(
        hex,
        fc.integer({ min: 1, max: 63 }),
        (digest, length) => imageFault(`b@sha256:${digest.slice(0, length)}`) !== undefined,
      ),
    );
  });

  it("takes an image by its tag, and none without either", () => {
    for (const good of ["a:1", "localhost/backstage:dev", "docker.io/library/postgres:17.6-bookworm"])
      assert.equal(imageFault(good), undefined, good);
    for (const bad of ["a", "a:latest", "A:1", "a b:1", "https://a/b:1", "a:", "a/:1"])
      assert.notEqual(imageFault(bad), undefined, bad);
  });

  it("takes every IPv4 network and refuses what is none", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(
        octet,
        octet,
        octet,
        octet,
        fc.integer({ min: 0, max: 60 }),
        (a, b, c, d, bits) => isCidr(`${a}.${b}.${c}.${d}/${bits}`) === bits <= 32,
      ),
    );
    for (const bad of ["10.0.0.0", "10.0.0/8", "10.0.0.0/8/8", "fd00::/129", "a/8", "10.0.0.0/-1"])
      assert.equal(isCidr(bad), false, bad);
    assert.equal(isCidr("fd00::/8"), true);
  });

  it("takes Kubernetes' quantities", () => {
    for (const good of ["1", "0.5", "500m", "512Mi", "10Gi", "1e3"]) assert.ok(quantity.safeParse(good).success, good);
    for (const bad of ["", "10GB", "1 Gi", "-1", "Gi", 1]) assert.ok(!quantity.safeParse(bad).success, String(bad));
  });
});
