import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { olderThan } from "./tools";
import { daemonLog, daemonPid, log, onPath, run, runUnchecked, startDaemon, stopDaemon, waitFor } from "./process";
import { addresses, externalCluster, inCache, inPlatform, keycloakPath, ports, UserError, versions } from "./settings";

/** A real Keycloak on the host, bound to one address, so that pods and host see one and the same issuer. */

const OLDEST_JAVA = "17";
const START_SECONDS = 180;
const UNPACK = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack";

/** What Keycloak is built for once and cannot be told at start. `cache` is local: there is no second server. */
const buildOptions = [
  "--db=dev-file",
  "--cache=local",
  "--features=client-secret-rotation",
  `--http-relative-path=${keycloakPath === "" ? "/" : keycloakPath}`,
];

/** The Java to run Keycloak with; throws when there is none, or none new enough. */
async function findJava(): Promise<string> {
  const remedy = "install Debian's package openjdk-17-jre-headless, or set JAVA_HOME to a newer one";
  const java = process.env.JAVA_HOME === undefined ? "java" : path.join(process.env.JAVA_HOME, "bin", "java");
  const answer = await runUnchecked(java, ["-version"]).catch(() => undefined);
  const version = /version "(?:1\.)?(\d+)/.exec(answer?.stderr ?? "")?.[1];
  if (version === undefined) throw new UserError(`Java is missing, and Keycloak runs on it; ${remedy}.`);
  if (olderThan(version, OLDEST_JAVA))
    throw new UserError(`Java ${version} is too old, Keycloak needs ${OLDEST_JAVA} or newer; ${remedy}.`);
  return java;
}

/** The folder of a Keycloak that is built for our options, from Maven Central when it is not there. */
async function ensureKeycloak(): Promise<string> {
  const home = inCache(`keycloak-${versions.keycloak}${keycloakPath.replace("/", "-")}`);
  if (fs.existsSync(home)) return home;
  if (!onPath("mvn"))
    throw new UserError("Maven is missing, and Keycloak is fetched with it; install Debian's package maven.");
  log(`fetching Keycloak ${versions.keycloak} from Maven Central`);
  const part = `${home}.part`;
  fs.rmSync(part, { recursive: true, force: true });
  const artifact = `org.keycloak:keycloak-quarkus-dist:${versions.keycloak}:zip`;
  const options = ["--quiet", "--batch-mode", `-Dmaven.repo.local=${inCache("maven")}`];
  // Maven notes where it runs what it has unpacked, and then does not unpack it again.
  fs.mkdirSync(part);
  const fetched = await runUnchecked(
    "mvn",
    [...options, UNPACK, `-Dartifact=${artifact}`, `-DoutputDirectory=${part}`],
    { cwd: part },
  );
  if (fetched.code !== 0) {
    const reason = /\[ERROR\] (.*)/.exec(fetched.stdout)?.[1] ?? `exit code ${fetched.code}`;
    throw new UserError(`Maven cannot fetch ${artifact} (${reason}); mend that and run this again.`);
  }
  const unpacked = path.join(part, `keycloak-${versions.keycloak}`);
  log("building Keycloak for the sandbox's options");
  await run("bash", [path.join(unpacked, "bin", "kc.sh"), "build", ...buildOptions]);
  fs.renameSync(unpacked, home);
  fs.rmSync(part, { recursive: true });
  return home;
}

/**
 * What kc.sh would run. It would stay between us and Java, and a Java that has lost it is one that nobody stops.
 * With one compiler only: a platform lives for minutes, and the second one would never earn its keep.
 */
function javaArguments(home: string): string[] {
  const opened = ["java.util", "java.util.concurrent", "java.security", "java.lang"].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  );
  return [
    ...[
      "-Xms64m",
      "-Xmx512m",
      "-XX:MaxMetaspaceSize=256m",
      "-XX:+UseG1GC",
      "-XX:+ExitOnOutOfMemoryError",
      "-XX:TieredStopAtLevel=1",
    ],
    ...opened,
    `-Dkc.home.dir=${home}`,
    `-Djboss.server.config.dir=${path.join(home, "conf")}`,
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    "-Dpicocli.disable.closures=true",
    ...["-cp", path.join(home, "lib", "quarkus-run.jar"), "io.quarkus.bootstrap.runner.QuarkusEntryPoint"],
  ];
}

/** Refuses a port that somebody else listens on, and says who. */
async function checkPort(address: string, port: number): Promise<void> {
  const { stdout } = await runUnchecked("ss", ["-Hltnp", `sport = :${port}`]);
  const taken = stdout
    .split("\n")
    .find((line) => [address, "0.0.0.0", "*", "[::]"].some((local) => line.includes(` ${local}:${port} `)));
  if (taken === undefined) return;
  const [, program, pid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(taken) ?? [];
  const holder = program === undefined ? "another process" : `${program} (pid ${pid ?? "?"})`;
  throw new UserError(
    `Port ${port} of ${address} is taken by ${holder}; stop it, or set SANDBOX_KEYCLOAK_PORT to another port.`,
  );
}

const passwordFile = inPlatform("keycloak", "admin-password");

/** The password of Keycloak's user `admin`, made for this platform. */
export function adminPassword(): string {
  if (!fs.existsSync(passwordFile)) {
    fs.mkdirSync(path.dirname(passwordFile), { recursive: true, mode: 0o700 });
    fs.writeFileSync(passwordFile, randomBytes(24).toString("hex"), { mode: 0o600 });
  }
  return fs.readFileSync(passwordFile, "utf8");
}

/** Where Keycloak listens: the host's end of the link to our own node, or what the user says theirs can reach. */
function host(): string {
  const own = process.env.SANDBOX_KEYCLOAK_HOST;
  if (own === undefined && externalCluster !== undefined) {
    throw new UserError(
      "With SANDBOX_KUBECONFIG set SANDBOX_KEYCLOAK_HOST too: an address of this machine that the cluster's pods reach.",
    );
  }
  return own ?? addresses.host;
}

/** Brings Keycloak up, with the data it had before, and returns its public URL. */
export async function startKeycloak(): Promise<string> {
  const address = host();
  const url = `http://${address}:${ports.keycloak}${keycloakPath}`;
  if (daemonPid("keycloak") === undefined) {
    const java = await findJava();
    const home = await ensureKeycloak();
    await checkPort(address, ports.keycloak);
    log("starting Keycloak");
    // The database is the platform's, not the distribution's; without NON_KEYWORDS Keycloak's own schema is no valid
    // SQL.
    const database = `jdbc:h2:file:${inPlatform("keycloak", "database")};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE`;
    const listen = [
      "--http-enabled=true",
      `--http-host=${address}`,
      `--http-port=${ports.keycloak}`,
      `--hostname=${url}`,
    ];
    startDaemon("keycloak", java, [...javaArguments(home), "start", "--optimized", ...listen, `--db-url=${database}`], {
      cwd: "/",
      env: { ...process.env, KC_BOOTSTRAP_ADMIN_USERNAME: "admin", KC_BOOTSTRAP_ADMIN_PASSWORD: adminPassword() },
    });
  }
  await waitFor(`Keycloak at ${url}`, START_SECONDS, async () => {
    if (daemonPid("keycloak") === undefined) return "ended";
    return (await fetch(`${url}/realms/master`, { signal: AbortSignal.timeout(5000) })).ok ? "answers" : undefined;
  }).then((outcome) => {
    if (outcome === "answers") return;
    const tail = fs.readFileSync(daemonLog("keycloak"), "utf8").trimEnd().split("\n").slice(-5).join("\n");
    throw new UserError(`Keycloak ended at its start; see ${daemonLog("keycloak")}, which ends with:\n${tail}`);
  });
  return url;
}

/** Stops Keycloak; its data stay. */
export async function stopKeycloak(): Promise<void> {
  await stopDaemon("keycloak");
}
