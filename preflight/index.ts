import * as pulumi from "@pulumi/pulumi";
import { existsSync, readFileSync } from "node:fs";
import * as net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import type { DecidedSettings, Settings } from "../config";
import { request } from "../lib/pod/scripts/keycloak.mjs";
import { loginForm } from "../lib/keycloak/adminLogin";
import { neededObjects } from "../lib/pod/prerequisites";
import { adminSecretKeys } from "../lib/settings/admin";
import { keycloakUrls } from "../lib/keycloak/urls";
import { findAdopted } from "./findAdopted";
import { handoverIsSafe } from "./modeChange";
import { ambientKubeconfig } from "../lib/kubeconfig";
import { lastUpdate } from "./lastUpdate";
import { findLeftovers } from "./leftovers";
import { neededFaults } from "./missingObjects";
import { foreignNamespaces } from "./ownership";
import { realmHasParts } from "./realmParts";
import { decideSettings } from "./decideRotation";
import { readState } from "./state";

/** A server is missing or refuses us: said in one sentence before anything is created. */
class PreflightError extends pulumi.RunError {}

/** Waits until Keycloak answers under its base path; the provider signs in at once, and fails the run if it cannot. */
async function keycloakAnswers({ url, admin, waitSeconds }: Settings["keycloak"]): Promise<string> {
  const { metadata, issuer } = keycloakUrls(url, admin.realm);
  const end = performance.now() + waitSeconds * 1000;
  for (let tries = 0; ; tries++) {
    let fault: string;
    let remedy: unknown;
    try {
      const response = await request(metadata, {}, 30_000);
      const document = (await response.json().catch(() => ({}))) as { token_endpoint?: unknown; issuer?: unknown };
      if (response.status === 200 && typeof document.token_endpoint === "string") {
        if (document.issuer === issuer) return document.token_endpoint;
        throw new PreflightError(
          `Keycloak: ${url} calls its issuer ${String(document.issuer)}, not ${issuer}; correct Keycloak's hostname or keycloak.url.`,
        );
      }
      fault = `${metadata} answers ${response.status}`;
      if (response.status === 404 && tries >= 3) {
        throw new PreflightError(
          `Keycloak: ${metadata} answers 404; correct the path in keycloak.url (such as /auth) or keycloak.admin.realm.`,
        );
      }
    } catch (error) {
      if (error instanceof PreflightError) throw error;
      ({ message: fault, cause: remedy } = error as Error);
    }
    if (performance.now() > end) {
      const after = `after ${waitSeconds} s of trying`;
      throw new PreflightError(
        `Keycloak: ${fault}${remedy === undefined ? `, ${after}; start it, or correct keycloak.url` : ` (${after})`}.`,
      );
    }
    if (tries === 0) await pulumi.log.info(`waiting up to ${waitSeconds} s for Keycloak: ${fault}`);
    await sleep(1000);
  }
}

/** Signs in as the provider will; the access token. */
async function adminSignsIn(settings: Settings, tokenEndpoint: string): Promise<string> {
  const { url, admin } = settings.keycloak;
  const secret = await new Promise<string>((resolve) => settings.adminSecret.apply(resolve));
  const clientId = admin.clientId ?? "";
  const logins = {
    password: { method: "password", clientId: "admin-cli", username: admin.username, secret },
    "client-secret": { method: "client-secret", clientId, secret },
    "signed-jwt": { method: "signed-jwt", clientId, secret, algorithm: admin.signingAlgorithm },
  } as const;
  const key = adminSecretKeys[admin.method];
  let form: Record<string, string>;
  try {
    form = loginForm(logins[admin.method], keycloakUrls(url, admin.realm).issuer);
  } catch {
    throw new PreflightError(
      `config: ${key} is no private key for ${admin.signingAlgorithm}; set it as PEM, or correct keycloak.admin.signingAlgorithm.`,
    );
  }
  const response = await fetch(tokenEndpoint, {
    method: "POST",
    body: new URLSearchParams(form),
    signal: AbortSignal.timeout(30_000),
  });
  if (response.status !== 200) {
    const { error } = (await response.json().catch(() => ({}))) as { error?: string };
    const answer = `${response.status} ${error ?? "without an error code"}`;
    const account = admin.method === "password" ? `administrator ${admin.username}` : `client ${clientId}`;
    throw new PreflightError(
      `Keycloak: ${url} refuses the ${account} of realm ${admin.realm} (${answer}); ` +
        `correct keycloak.admin, or set what it signs in with by \`pulumi config set --secret ${key}\`.`,
    );
  }
  return ((await response.json()) as { access_token: string }).access_token;
}

interface Kubeconfig {
  "current-context"?: string;
  contexts?: { name: string; context: { cluster: string } }[];
  clusters?: { name: string; cluster: { server: string } }[];
}

/** The API server's address, as the Kubernetes provider finds it: the setting, KUBECONFIG, ~/.kube/config, the pod. */
function apiServer(setting: string): { url: string; source: string } {
  const file = setting !== "" ? setting : ambientKubeconfig();
  const inline = setting.includes("\n");
  if (!inline && !existsSync(file)) {
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
    if (host !== undefined && setting === "") return { url: `https://${host}:${port ?? "443"}`, source: "this pod" };
    throw new PreflightError(
      `Kubernetes: there is no kubeconfig at ${file}; set KUBECONFIG or the setting kubeconfig.`,
    );
  }
  const source = inline ? "the setting kubeconfig" : file;
  const config = parse(inline ? setting : readFileSync(file, "utf8")) as Kubeconfig | null;
  const context = config?.contexts?.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config?.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  if (cluster === undefined) {
    throw new PreflightError(
      `Kubernetes: ${source} has no current context; choose one with \`kubectl config use-context\`.`,
    );
  }
  return { url: cluster.server, source };
}

async function apiServerAnswers(setting: string): Promise<void> {
  const { url, source } = apiServer(setting);
  const { hostname, port, protocol } = new URL(url);
  const fault = await new Promise<string | undefined>((resolve) => {
    const socket = net.connect({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port === "" ? (protocol === "http:" ? 80 : 443) : port),
    });
    socket.setTimeout(10_000, () => socket.destroy(Object.assign(new Error(), { code: "no answer in 10 s" })));
    socket.on("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "no connection"));
  });
  if (fault !== undefined) {
    throw new PreflightError(
      `Kubernetes: the API server ${url} of ${source} cannot be reached (${fault}); start the cluster, or choose another context.`,
    );
  }
}

/** Makes sure that the cluster has what the settings name and the program only uses. */
async function clusterHasAll(settings: Settings): Promise<void> {
  const faults = await neededFaults(neededObjects(settings), settings.kubeconfig);
  if (faults.length > 0) throw new PreflightError(faults.map((fault) => `Kubernetes: ${fault}`).join("\n"));
}

/**
 * Makes sure that both servers are there, let us in and have what a run needs, so that it starts whole or creates
 * nothing. Looks up what the program is to adopt. Throws one sentence with the remedy; waits at most
 * `keycloak.waitSeconds` for Keycloak, and says so.
 */
export async function preflight(settings: Settings, isComponent = false): Promise<DecidedSettings> {
  const last = await lastUpdate(isComponent);
  handoverIsSafe(settings.mode, last.mode);
  await apiServerAnswers(settings.kubeconfig);
  await clusterHasAll(settings);
  const accessToken = await adminSignsIn(settings, await keycloakAnswers(settings.keycloak));
  await realmHasParts(settings, accessToken);
  const state = await readState(isComponent);
  const decided = await decideSettings(settings, last.rotation, accessToken, state);
  return {
    ...decided,
    foreignNamespaces: await foreignNamespaces(decided, last, state),
    adopted: {
      ...(await findLeftovers(decided, accessToken, state)),
      ...(await findAdopted(decided, accessToken, state)),
    },
  };
}
