import * as k8s from "@pulumi/kubernetes";
import assert from "node:assert/strict";
import { Database, type DatabaseArgs } from "../../../components/database";
import { targetOf } from "../../../program/targets";
import { dataHash, keyedHash } from "../../../lib/pod/hashes";
import { record, valueOf, type Recording } from "../../recorder";

const types = {
  secret: "kubernetes:core/v1:Secret",
  claim: "kubernetes:core/v1:PersistentVolumeClaim",
  set: "kubernetes:apps/v1:StatefulSet",
  service: "kubernetes:core/v1:Service",
  password: "random:index/randomPassword:RandomPassword",
} as const;

const build = (server?: DatabaseArgs["server"]) => () => {
  const namespace = new k8s.core.v1.Namespace("backstage", { metadata: { name: "backstage" } });
  return new Database("db", {
    target: targetOf({ mode: "direct", waves: { base: 5, step: 5 } }),
    namespace: namespace.metadata.name,
    server,
  });
};

interface Spec {
  replicas: number;
  template: {
    metadata: { annotations: Record<string, string> };
    spec: {
      automountServiceAccountToken: boolean;
      securityContext: Record<string, unknown>;
      containers: {
        image: string;
        env: { name: string; value?: string }[];
        securityContext: unknown;
        readinessProbe: { exec: { command: string[] } };
      }[];
      volumes: { name: string; persistentVolumeClaim?: { claimName: string } }[];
    };
  };
}
const specOf = (recording: Recording<Database>): Spec => recording.find(types.set, "db").inputs.spec as Spec;

for (const preview of [false, true]) {
  describe(`components/database, postgres (${preview ? "preview" : "update"})`, () => {
    let recording: Recording<Database>;
    before(async () => {
      recording = await record(
        build({ kind: "postgres", image: "registry.example.com/postgres:17", rolloutSeconds: 200 }),
        preview,
      );
    });

    it("registers exactly these resources, all but the namespace its children", () => {
      const own = recording.resources.filter(({ type }) => type !== "kubernetes:core/v1:Namespace");
      assert.deepEqual(
        own.map(({ type, name }) => `${type} ${name}`).sort(),
        ["backstage-keycloak:workload:Database db", ...Object.values(types).map((type) => `${type} db`)].sort(),
      );
      for (const { custom, parent, type } of own) if (custom) assert.match(parent, /workload:Database::db$/, type);
    });

    it("leads from what Backstage depends on to the password, the volume and the pod that proves them", () => {
      const service = recording.find(types.service, "db");
      const reached = recording.reach(service.urn);
      for (const type of [types.set, types.claim, types.secret, types.password])
        assert.ok(reached.has(recording.find(type, "db").urn), type);
      assert.ok(
        recording.find(types.set, "db").propertyDependencies.spec?.includes(recording.find(types.secret, "db").urn),
      );
      assert.equal(recording.result.ready.length, 4);
    });

    it("protects the volume, and only that", () => {
      assert.equal(recording.find(types.claim, "db").protect, true);
      assert.equal(recording.find(types.set, "db").protect, false);
    });

    it("hands the password to the image as a file, never as a value", () => {
      const { env } = specOf(recording).template.spec.containers[0] ?? { env: [] };
      const values = Object.fromEntries(env.map(({ name, value }) => [name, value]));
      assert.equal(values.POSTGRES_PASSWORD_FILE, "/run/secrets/database/password");
      assert.ok(!("POSTGRES_PASSWORD" in values));
      assert.ok(!JSON.stringify(specOf(recording)).includes("result-of-db"));
      assert.match(
        specOf(recording).template.spec.containers[0]?.readinessProbe.exec.command.join(" ") ?? "",
        /psql -w -h "\$POD_IP"/,
      );
    });

    it("runs as nobody who may do more", () => {
      const { spec } = specOf(recording).template;
      assert.equal(spec.automountServiceAccountToken, false);
      assert.deepEqual(
        {
          nonRoot: spec.securityContext.runAsNonRoot,
          seccomp: spec.securityContext.seccompProfile,
          group: spec.securityContext.fsGroup,
        },
        { nonRoot: true, seccomp: { type: "RuntimeDefault" }, group: 999 },
      );
      assert.deepEqual(spec.containers[0]?.securityContext, {
        allowPrivilegeEscalation: false,
        privileged: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    });

    it("carries the password's hash in both pod templates", async () => {
      const hash = {
        "checksum/secret-db": dataHash({ username: "backstage", password: "result-of-db", generation: "1" }),
      };
      assert.deepEqual(specOf(recording).template.metadata.annotations, hash);
      assert.deepEqual(await valueOf(recording.result.checksums), hash);
    });

    it("gives Backstage user and password by reference", () => {
      assert.deepEqual(
        recording.result.parts.env.map(({ name }) => name),
        ["DATABASE_USER", "DATABASE_PASSWORD", "GATE_DATABASE"],
      );
      assert.ok(recording.result.parts.env.slice(0, 2).every(({ value }) => value === undefined));
    });
  });
}

describe("components/database", () => {
  it("registers nothing for the in-memory database", async () => {
    const { resources, result } = await record(build());
    assert.deepEqual(resources.map(({ type }) => type).sort(), [
      "backstage-keycloak:workload:Database",
      "kubernetes:core/v1:Namespace",
    ]);
    assert.deepEqual(result.parts, { env: [], volumes: [], mounts: [] });
  });

  it("asks for a StorageClass and a fixed address only when told", async () => {
    const plain = await record(build({ kind: "postgres", rolloutSeconds: 200 }));
    assert.ok(!("storageClassName" in (plain.find(types.claim, "db").inputs.spec as object)));
    assert.ok(!("clusterIP" in (plain.find(types.service, "db").inputs.spec as object)));
    const told = await record(
      build({ kind: "postgres", storageClassName: "fast", clusterIP: "10.0.0.9", protect: false, rolloutSeconds: 200 }),
    );
    assert.equal((told.find(types.claim, "db").inputs.spec as { storageClassName: string }).storageClassName, "fast");
    assert.equal((told.find(types.service, "db").inputs.spec as { clusterIP: string }).clusterIP, "10.0.0.9");
    assert.equal(told.find(types.claim, "db").protect, false);
  });

  it("makes nothing for an external database but the key of the hash, and makes a change of its Secret or CA a rollout", async () => {
    const settings = {
      kind: "external",
      host: "db.example.com",
      tls: { ca: { configMap: "db-ca", key: "ca.crt" } },
      credentials: { secret: "db-login", userKey: "username", passwordKey: "password" },
    } as const;
    const { resources, result } = await record(build(settings));
    assert.deepEqual(
      resources.flatMap(({ custom, name }) => (custom ? [name] : [])),
      ["backstage", "db-checksums"],
    );
    // The recorder's objects that somebody else made are empty.
    assert.deepEqual(await valueOf(result.checksums), {
      "checksum/configmap-db-ca": dataHash({}),
      "checksum/secret-db-login": keyedHash({}, "result-of-db-checksums"),
    });
    assert.deepEqual(result.parts.env[1], {
      name: "DATABASE_PASSWORD",
      valueFrom: { secretKeyRef: { name: "db-login", key: "password" } },
    });
    assert.deepEqual(result.parts.mounts, [
      { name: "database-ca", mountPath: "/etc/backstage-database", readOnly: true },
    ]);
  });
});
