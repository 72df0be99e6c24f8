import { readFileSync } from "node:fs";
import * as path from "node:path";
import { UserError } from "../lib/errors";

export { UserError };

/**
 * Where the sandbox lives and what it is made of. Every value that a user may change is an environment
 * variable; every version is pinned here or in a lock file beside what it locks.
 */

/** The repository's root. */
export const root = path.resolve(__dirname, "..");

/** The one folder that the sandbox writes to, outside the repository. Set by `sandbox/run`. */
export const cache =
  process.env.SANDBOX_CACHE ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(process.env.HOME ?? "/root", ".cache"), "backstage-keycloak");

/** A file or folder of the cache. */
export const inCache = (...names: string[]): string => path.join(cache, ...names);

/** What a running platform writes: removed as a whole by `make down`. */
export const platform = process.env.SANDBOX_PLATFORM ?? path.join(cache, "platform");

/** The kubeconfig of the cluster that the user names, if any; the sandbox reads it and never writes it. */
export const externalCluster = process.env.SANDBOX_KUBECONFIG;

/** A file or folder of the running platform. */
export const inPlatform = (...names: string[]): string => path.join(platform, ...names);

export const versions = {
  kubernetes: "1.37.2",
  keycloak: "26.7.3",
  /** The CLI that is downloaded or, where that fails, built when PATH has none as new; the workflows' too. */
  pulumi: readFileSync(path.join(root, ".pulumi.version"), "utf8").trim(),
  /** npm's package that downloads it. */
  pulumiPackage: "3.265.0",
} as const;

/** Two octets; the sandbox uses three /24 networks below it: the link to the host, pods, services. */
const network = process.env.SANDBOX_NETWORK ?? "10.97";

export const addresses = {
  /** The host's end of the link to the node; Keycloak listens here, so pods and host see one issuer. */
  host: `${network}.0.1`,
  node: `${network}.0.2`,
  pods: `${network}.1.0/24`,
  podGateway: `${network}.1.1`,
  services: `${network}.2.0/24`,
  /** The first service address, which the API server takes for itself. */
  apiService: `${network}.2.1`,
  /** From the range that the API server hands out last: PostgreSQL's, for there is no DNS that knows its name. */
  databaseService: `${network}.2.5`,
} as const;

/** A TCP port from the environment, or its default. */
function port(name: string, byDefault: number): number {
  const value = Number(process.env[name] ?? byDefault);
  if (!Number.isInteger(value) || value < 1 || value > 65535) {
    throw new UserError(`${name} must be a port from 1 to 65535; unset it to use ${byDefault}.`);
  }
  return value;
}

/** The path that Keycloak is served under: "" or such as /auth. */
export const keycloakPath = process.env.SANDBOX_KEYCLOAK_PATH ?? "";
if (!/^(\/[a-z0-9-]+)?$/.test(keycloakPath)) {
  throw new UserError("SANDBOX_KEYCLOAK_PATH must be a path such as /auth; unset it to serve Keycloak at the root.");
}

export const ports = {
  keycloak: port("SANDBOX_KEYCLOAK_PORT", 8080),
  /** NodePort of Backstage, from Kubernetes' range 30000 to 32767. */
  backstage: port("SANDBOX_BACKSTAGE_PORT", 30700),
  apiServer: port("SANDBOX_API_PORT", 6443),
} as const;
