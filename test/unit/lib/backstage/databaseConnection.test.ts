import assert from "node:assert/strict";
import fc from "fast-check";
import { databaseConfig, ssl, type DatabaseConnection } from "../../../../lib/backstage/databaseConnection";
import { startCommand, turn } from "../../../../lib/backstage/startCommand";
import { imageFault } from "../../../../lib/pod/images";
import { isCidr, quantity } from "../../../../lib/settings/kubernetes";

const own: DatabaseConnection = { host: "db.ns.svc", port: 5432, database: "backstage", divisionMode: "schema" };
const external: DatabaseConnection = { ...own, host: "db.example.com", ssl: ssl({}) };

describe("lib/backstage/databaseConnection", () => {
  it("writes no credential, only the names of the variables that hold it", () => {
    const credential = { user: "${DATABASE_USER}", password: "${DATABASE_PASSWORD}" };
    const address = { port: 5432, database: "backstage", ...credential };
    assert.deepEqual(databaseConfig(own).connection, { host: "db.ns.svc", ...address });
    assert.deepEqual(databaseConfig(external).connection, { host: "db.example.com", ...address, ssl: external.ssl });
  });

  it("checks a server's certificate unless it is told not to", () => {
    assert.deepEqual(ssl({}), { rejectUnauthorized: true });
    assert.deepEqual(ssl({ mode: "require" }), { rejectUnauthorized: false });
    assert.equal(ssl({ mode: "disable" }), false);
    assert.deepEqual(ssl({ ca: { configMap: "ca", key: "ca.crt" } }), {
      rejectUnauthorized: true,
      ca: { $file: "/etc/backstage-database/ca.crt" },
    });
  });

  it("starts one Backstage at a time, where another could start on the same database", () => {
    assert.deepEqual(startCommand(["node", "packages/backend"]), [
      "node",
      "--import",
      "/etc/backstage-gate/preload.mjs",
      "packages/backend",
    ]);
    const address = { host: "db.example.com", port: 5432, database: "backstage", perPlugin: false };
    assert.deepEqual(JSON.parse(turn(external)), { ...address, ssl: { rejectUnauthorized: true } });
    assert.deepEqual(JSON.parse(turn(own)), { ...address, host: "db.ns.svc" });
    assert.deepEqual(JSON.parse(turn({ ...own, divisionMode: "database" })), {
      ...address,
      host: "db.ns.svc",
      database: "postgres",
      perPlugin: true,
    });
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
