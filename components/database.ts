import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  databaseCaPath,
  databaseEnv,
  ssl,
  type DatabaseConnection,
  type DatabaseTls,
} from "../lib/backstage/databaseConnection";
import { turn } from "../lib/backstage/startCommand";
import type { NetworkSettings } from "../lib/pod/network";
import {
  containerSecurity,
  filled,
  fromSecret,
  placement,
  podSecurity,
  type PlacementArgs,
  type PodParts,
} from "../lib/pod/podSpec";
import type { Generations } from "../lib/pod/contract";
import { externalDefaults, postgresDefaults } from "../lib/settings/database";
import { withDefaults } from "./support/defaults";
import { generatedPassword } from "./support/generatedPassword";
import type { Credential, Delivery, Target } from "./support/target";
import { transformed, type Transform } from "./support/transform";

export interface DatabaseTransforms {
  /** Changes the StatefulSet. @default as it is made */
  readonly statefulSet?: Transform<k8s.apps.v1.StatefulSetArgs>;
}

/** A PostgreSQL of one pod, with a generated password and a volume. */
export interface OwnPostgres extends PlacementArgs {
  /** Who runs it. */
  readonly kind: "postgres";
  /** PostgreSQL's official image, or one with its contract. @default docker.io/library/postgres:17.6-bookworm */
  readonly image?: string;
  /** The size of the volume, as a quantity. @default 10Gi */
  readonly storage?: string;
  /** The volume's StorageClass. @default the cluster's */
  readonly storageClassName?: string | undefined;
  /** A fixed address of its Service, for a cluster without DNS. @default Backstage uses its name */
  readonly clusterIP?: string | undefined;
  /** Refuse to delete the volume. @default true */
  readonly protect?: boolean | undefined;
  /** A higher number makes a new password. @default 1 */
  readonly passwordGeneration?: number;
  /** How long it may take to become ready, in seconds. */
  readonly rolloutSeconds: number;
}

/** User and password, in the namespace. */
export interface DatabaseCredentials {
  /** The Secret that holds them. */
  readonly secret: string;
  /** Its key with the user. */
  readonly userKey: string;
  /** Its key with the password. */
  readonly passwordKey: string;
}

/** A PostgreSQL that somebody else runs. */
export interface ExternalPostgres {
  /** Who runs it. */
  readonly kind: "external";
  /** Its host, such as `db.example.com`. */
  readonly host: string;
  /** Its TCP port. @default 5432 */
  readonly port?: number;
  /** The database in which each plugin has a schema. @default backstage */
  readonly database?: string;
  /** What each plugin gets: a schema, or a database of its own, which the user must be allowed to create. @default schema */
  readonly divisionMode?: "schema" | "database";
  /** How its certificate is checked. @default in full, by the public authorities */
  readonly tls?: DatabaseTls;
  /** Its user and password. */
  readonly credentials: DatabaseCredentials;
}

export interface DatabaseArgs {
  /** Where its objects go. */
  readonly target: Target;
  /** The namespace of everything here, and of the Backstage that reads its Secret; an edge, not only a name. */
  readonly namespace: pulumi.Input<string>;
  /** Which PostgreSQL. @default none: everything is in the memory of Backstage's one pod */
  readonly server?: OwnPostgres | ExternalPostgres | undefined;
  /** A way out, where no setting leads. @default none */
  readonly transforms?: DatabaseTransforms;
}

/** Where the volume is mounted, and the data below it: a volume's own root may hold `lost+found`. */
const VOLUME_PATH = "/var/lib/postgresql";
const PGDATA = `${VOLUME_PATH}/pgdata`;
const CREDENTIAL_PATH = "/run/secrets/database";
/** Its user and its database, and the port that it listens on. */
const USER = "backstage";
const DATABASE = "backstage";
const PORT = 5432;
/** The uid of `postgres` in the official image. */
const UID = 999;

const AS_USER = '-U "$POSTGRES_USER" -d "$POSTGRES_DB"';

/**
 * Gives the role the password of the Secret: the image does so only for an empty volume. psql reads the file itself and
 * no server logs the statement, so that the password is no argument and in no log.
 */
const QUIET = "PGOPTIONS='-c log_statement=none -c log_min_error_statement=panic'";
const SET_PASSWORD = `${QUIET} psql -q -v ON_ERROR_STOP=1 ${AS_USER} <<'SQL'
\\set password \`cat "$POSTGRES_PASSWORD_FILE"\`
ALTER ROLE CURRENT_USER PASSWORD :'password';
SQL`;

const AT_START = `set_password() {\n${SET_PASSWORD}\n}\nuntil set_password; do sleep 1; done`;

/**
 * Asks for a row over the network with the password, as Backstage will: through loopback anybody is let in. A password
 * that is mounted anew is set without a restart, for where nobody rolls out the Secret's readers nothing else would.
 */
const READY = `ask() { PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") psql -w -h "$POD_IP" ${AS_USER} -c "select 1"; }
set_password() {\n${SET_PASSWORD}\n}
ask || { set_password && ask; }`;

export type SecretProjection = k8s.types.input.core.v1.SecretProjection;

/**
 * The keys of a credential's Secret under the names of the environment variables. Optional, so that a missing one is
 * the gate's clear line.
 */
function projected(
  secret: pulumi.Input<string>,
  keys: Readonly<Partial<Record<keyof typeof databaseEnv, string>>>,
): SecretProjection {
  const items = Object.entries(keys).map(([value, key]) => ({
    key,
    path: databaseEnv[value as keyof typeof databaseEnv],
  }));
  return { name: secret, items, optional: true };
}

/** Backstage's database: none of its own, a PostgreSQL with a generated password and a volume, or somebody else's. */
export class Database extends pulumi.ComponentResource {
  /** How Backstage reaches it; undefined: there is none beside Backstage's own memory. */
  readonly connection: pulumi.Output<DatabaseConnection> | undefined;
  /** Whom a NetworkPolicy lets Backstage call for it. */
  readonly called: NetworkSettings["database"];
  /** What Backstage's container needs to reach it. */
  readonly parts: PodParts;
  /**
   * The Secret of its credential, with the names under which Backstage's pod mounts its keys. @default there is none
   */
  readonly credential: SecretProjection | undefined;
  /** Of which generation the credential is. @default somebody else's, who counts none */
  readonly generations: Generations;
  /** The pod template annotations that make a changed credential a rollout. */
  readonly checksums: pulumi.Output<Record<string, string>>;
  /** What was delivered, for who keeps a copy of it: no credential of somebody else's. */
  readonly delivered: readonly Credential[];
  /** What Backstage depends on: a PostgreSQL that has accepted the password. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:workload:Database", name, { kind: args.server?.kind ?? "memory" }, opts);
    const { server, namespace } = args;
    this.parts = { env: [], volumes: [], mounts: [] };
    this.checksums = pulumi.output<Record<string, string>>({});
    this.delivered = [];
    this.ready = [];
    this.generations = server?.kind === "postgres" ? { database: server.passwordGeneration ?? 1 } : {};
    if (server?.kind === "external") {
      const { host, port, database, divisionMode, tls, credentials } = withDefaults(server, externalDefaults);
      const ca = tls.ca;
      this.connection = pulumi.output({ host, port, database, divisionMode, ssl: ssl(tls) });
      this.called = { host, port };
      const read = [
        { kind: "secret" as const, name: credentials.secret },
        ...(ca === undefined ? [] : [{ kind: "configmap" as const, name: ca.configMap }]),
      ];
      this.checksums = args.target.references(name, read, namespace, { parent: this });
      this.credential = projected(credentials.secret, { user: credentials.userKey, password: credentials.passwordKey });
      this.parts = {
        env: [
          fromSecret(databaseEnv.user, credentials.secret, credentials.userKey),
          fromSecret(databaseEnv.password, credentials.secret, credentials.passwordKey),
        ],
        volumes: ca === undefined ? [] : [{ name: "database-ca", configMap: { name: ca.configMap } }],
        mounts: ca === undefined ? [] : [{ name: "database-ca", mountPath: databaseCaPath, readOnly: true }],
      };
    }
    if (server?.kind === "postgres")
      ({
        connection: this.connection,
        called: this.called,
        parts: this.parts,
        credential: this.credential,
        checksums: this.checksums,
        delivered: this.delivered,
        ready: this.ready,
      } = postgres(this, name, args, server));
    if (this.connection !== undefined)
      this.parts.env.push({ name: "GATE_DATABASE", value: this.connection.apply(turn) });
    this.registerOutputs({ parts: this.parts, checksums: this.checksums });
  }
}

/** A PostgreSQL of one pod: Secret and volume, then the pod that proves them, then the Service before it. */
function postgres(
  parent: Database,
  name: string,
  args: DatabaseArgs,
  given: OwnPostgres,
): Pick<Database, "connection" | "called" | "parts" | "credential" | "checksums" | "delivered" | "ready"> {
  const settings = withDefaults(given, postgresDefaults);
  const { namespace, target } = args;
  const { passwordGeneration: generation = 1 } = settings;
  const password = generatedPassword(name, { generation }, { parent });
  const data = pulumi.secret(
    password.result.apply((value): Record<string, string> => ({
      username: USER,
      password: value,
      generation: String(generation),
    })),
  );
  const delivered = {
    owner: name,
    secretName: name,
    namespace,
    keys: ["username", "password", "generation"],
    data,
    requires: [password],
  };
  const delivery = target.deliver(name, delivered, { parent });
  const { secretName, checksums } = delivery;
  const env = Object.entries({ [databaseEnv.user]: "username", [databaseEnv.password]: "password" });
  const parts = { env: env.map(([variable, key]) => fromSecret(variable, secretName, key)), volumes: [], mounts: [] };
  const mounted = projected(secretName, { user: "username", password: "password", generation: "generation" });
  const labels = { app: name };
  const host = pulumi.output(settings.clusterIP ?? pulumi.interpolate`${name}.${namespace}.svc`);
  const connection = host.apply((address): DatabaseConnection => ({
    host: address,
    port: PORT,
    database: DATABASE,
    divisionMode: "schema",
  }));
  const objects = target.make(() => server(parent, name, labels, args, settings, delivery)) ?? [];
  return {
    connection,
    called: { name, labels, port: PORT },
    parts,
    credential: mounted,
    checksums,
    delivered: [delivered],
    ready: [...delivery.ready, ...objects],
  };
}

/** What runs it; each waits for the one before. */
function server(
  parent: Database,
  name: string,
  labels: Record<string, string>,
  args: DatabaseArgs,
  settings: OwnPostgres & typeof postgresDefaults,
  { secretName, checksums, ready }: Delivery,
): pulumi.Resource[] {
  const { namespace, target } = args;
  const metadata = { name, namespace, labels, annotations: target.annotations("database") };
  const storageClass = settings.storageClassName === undefined ? {} : { storageClassName: settings.storageClassName };
  // A claim of its own and not of the StatefulSet's template: what holds the data is seen, and protected, by itself.
  const claim = new k8s.core.v1.PersistentVolumeClaim(
    name,
    {
      metadata,
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: settings.storage } }, ...storageClass },
    },
    target.kept({ parent, protect: settings.protect ?? true }),
  );
  const set = new k8s.apps.v1.StatefulSet(
    name,
    transformed(args.transforms?.statefulSet, {
      metadata,
      spec: {
        replicas: 1,
        serviceName: name,
        // The other policy waits for a broken pod to become ready before it is replaced by one that is mended.
        podManagementPolicy: "Parallel",
        selector: { matchLabels: labels },
        template: {
          metadata: checksums.apply((annotations) => ({ labels, ...filled({ annotations }) })),
          spec: { ...podSpec(settings.image, secretName, claim.metadata.name), ...placement(settings) },
        },
      },
    }),
    {
      parent,
      dependsOn: [...ready, claim],
      customTimeouts: { create: `${settings.rolloutSeconds}s`, update: `${settings.rolloutSeconds}s` },
    },
  );
  const clusterIP = settings.clusterIP === undefined ? {} : { clusterIP: settings.clusterIP };
  const service = new k8s.core.v1.Service(
    name,
    {
      metadata,
      spec: {
        type: "ClusterIP",
        ...clusterIP,
        selector: labels,
        ports: [{ name: "postgres", port: PORT, targetPort: "postgres" }],
      },
    },
    { parent, dependsOn: [set] },
  );
  return [claim, set, service];
}

function podSpec(
  image: string,
  secret: pulumi.Input<string>,
  claim: pulumi.Input<string>,
): k8s.types.input.core.v1.PodSpec {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(UID),
    containers: [
      {
        name: "postgres",
        image,
        // Only what the official image documents; the password comes as a file, for an environment is shown by many
        // tools.
        env: [
          { name: "POSTGRES_USER", value: USER },
          { name: "POSTGRES_PASSWORD_FILE", value: `${CREDENTIAL_PATH}/password` },
          { name: "POSTGRES_DB", value: DATABASE },
          { name: "PGDATA", value: PGDATA },
          { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        ],
        ports: [{ name: "postgres", containerPort: PORT }],
        lifecycle: { postStart: { exec: { command: ["sh", "-c", AT_START] } } },
        // No liveness probe: PostgreSQL ends by itself when it cannot go on, and a restart during recovery prolongs it.
        readinessProbe: {
          exec: { command: ["sh", "-c", READY] },
          periodSeconds: 5,
          timeoutSeconds: 10,
          failureThreshold: 3,
        },
        securityContext: containerSecurity,
        resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "1Gi" } },
        volumeMounts: [
          { name: "data", mountPath: VOLUME_PATH },
          { name: "credential", mountPath: CREDENTIAL_PATH, readOnly: true },
          { name: "run", mountPath: "/var/run/postgresql" },
          { name: "tmp", mountPath: "/tmp" },
        ],
      },
    ],
    volumes: [
      { name: "data", persistentVolumeClaim: { claimName: claim } },
      { name: "credential", secret: { secretName: secret, defaultMode: 0o440 } },
      { name: "run", emptyDir: {} },
      { name: "tmp", emptyDir: {} },
    ],
  };
}
