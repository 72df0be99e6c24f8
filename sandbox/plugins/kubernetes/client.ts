import * as fs from "node:fs";
import * as https from "node:https";
import { isIP } from "node:net";
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { Properties } from "../values";
import { list, type Reference, text } from "./object";

/** The API server, for any kind of object. Only the kubeconfig part of client-node is loaded: it halves the start. */

/** The API server's refusal. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

export interface ClusterOptions {
  kubeconfig?: string;
  context?: string;
  cluster?: string;
  requestSeconds: number;
}

/** Reads a kubeconfig, given as a path or as its contents. */
export async function readKubeconfig({
  kubeconfig,
  context,
  cluster,
}: Omit<ClusterOptions, "requestSeconds">): Promise<KubeConfig> {
  if (kubeconfig === undefined) {
    throw new Error(
      "The kubernetes provider has no kubeconfig; set its argument kubeconfig or the variable KUBECONFIG.",
    );
  }
  const { KubeConfig: Loader } = await import("@kubernetes/client-node/dist/config.js");
  const config = new Loader();
  const isContents = /[\n{]/.test(kubeconfig);
  if (!isContents && !fs.existsSync(kubeconfig))
    throw new Error(`The kubeconfig ${kubeconfig} does not exist; check the path.`);
  try {
    if (isContents) config.loadFromString(kubeconfig);
    else config.loadFromFile(kubeconfig);
  } catch {
    throw new Error("The kubeconfig of the kubernetes provider is not valid YAML or JSON; check its contents.");
  }
  if (context !== undefined) config.setCurrentContext(context);
  if (cluster !== undefined) {
    const current = config.getCurrentContext();
    config.contexts = config.contexts.map((entry) => (entry.name === current ? { ...entry, cluster } : entry));
  }
  if (config.getCurrentCluster() === null) {
    throw new Error(
      `The kubeconfig has no context "${config.getCurrentContext()}" with a cluster; name one that it has.`,
    );
  }
  return config;
}

interface Kind {
  plural: string;
  namespaced: boolean;
}

export interface ApplyOptions {
  fieldManager: string;
  force: boolean;
  dryRun: boolean;
}

export class Cluster {
  readonly #kinds = new Map<string, Kind>();
  readonly #config: Promise<KubeConfig>;

  constructor(private readonly options: ClusterOptions) {
    // Loading client-node takes a while: begin at once, and fail only when the cluster is really needed.
    this.#config = readKubeconfig(options);
    this.#config.catch(() => undefined);
  }

  /** The namespace of the kubeconfig's context, for objects that name none. */
  async defaultNamespace(): Promise<string> {
    const config = await this.#config;
    return config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
  }

  async #send(method: string, path: string, body?: unknown): Promise<{ status: number; body: string }> {
    const config = await this.#config;
    const server = config.getCurrentCluster()?.server ?? "";
    const url = new URL(server.replace(/\/$/, "") + path);
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined)
      headers["content-type"] = method === "PATCH" ? "application/apply-patch+yaml" : "application/json";
    const options: https.RequestOptions = { method, timeout: this.options.requestSeconds * 1000, headers };
    await config.applyToHTTPSOptions(options);
    // An API server is often addressed by IP, where a server name is not allowed.
    if (isIP(url.hostname) === 0) options.servername ??= url.hostname;
    return new Promise((resolve, reject) => {
      const request = https.request(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
      });
      request.on("timeout", () => request.destroy(new Error(`no answer in ${this.options.requestSeconds} s`)));
      request.on("error", (error: NodeJS.ErrnoException) => {
        const fact = `The Kubernetes API server ${url.origin} cannot be reached (${error.code ?? error.message})`;
        reject(new Error(`${fact}; check that it runs, and the kubeconfig.`));
      });
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async #json(method: string, path: string, body?: unknown): Promise<Properties> {
    const answer = await this.#send(method, path, body);
    let parsed: Properties = {};
    try {
      parsed = JSON.parse(answer.body) as Properties;
    } catch {
      if (answer.status < 400)
        throw new ApiError(answer.status, "", `The API server's answer to ${method} ${path} is no JSON.`);
    }
    if (answer.status < 400) return parsed;
    const message = text(parsed, "message");
    throw new ApiError(answer.status, text(parsed, "reason"), message === "" ? `HTTP ${answer.status}` : message);
  }

  /** How the server serves a kind; an ApiError with the reason NoMatch when it does not. */
  async kind(apiVersion: string, kind: string): Promise<Kind> {
    const key = `${apiVersion}/${kind}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    let served: unknown[] = [];
    try {
      served = list(await this.#json("GET", groupPath(apiVersion)), "resources");
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
    for (const entry of served as { name: string; kind: string; namespaced: boolean }[]) {
      if (entry.name.includes("/")) continue;
      this.#kinds.set(`${apiVersion}/${entry.kind}`, { plural: entry.name, namespaced: entry.namespaced });
    }
    const found = this.#kinds.get(key);
    if (found !== undefined) return found;
    throw new ApiError(
      404,
      "NoMatch",
      `The cluster does not serve ${kind} of ${apiVersion}; install its CustomResourceDefinition first.`,
    );
  }

  async #path({ apiVersion, kind, namespace, name }: Reference, query: Record<string, string> = {}): Promise<string> {
    const { plural, namespaced } = await this.kind(apiVersion, kind);
    const within = namespaced && namespace !== "" ? `/namespaces/${encodeURIComponent(namespace)}` : "";
    const search = new URLSearchParams(query).toString();
    const object = name === "" ? "" : `/${encodeURIComponent(name)}`;
    return `${groupPath(apiVersion)}${within}/${plural}${object}${search === "" ? "" : `?${search}`}`;
  }

  /** Undefined when the object, or its kind, is not there. */
  async get(reference: Reference): Promise<Properties | undefined> {
    try {
      return await this.#json("GET", await this.#path(reference));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async list(reference: Omit<Reference, "name">, query: Record<string, string>): Promise<unknown[]> {
    return list(await this.#json("GET", await this.#path({ ...reference, name: "" }, query)), "items");
  }

  async apply(
    reference: Reference,
    object: Properties,
    { fieldManager, force, dryRun }: ApplyOptions,
  ): Promise<Properties> {
    const query = { fieldManager, force: String(force), ...(dryRun ? { dryRun: "All" } : {}) };
    return this.#json("PATCH", await this.#path(reference, query), object);
  }

  async delete(reference: Reference, propagationPolicy: string): Promise<void> {
    try {
      await this.#json("DELETE", await this.#path(reference), {
        kind: "DeleteOptions",
        apiVersion: "v1",
        propagationPolicy,
      });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }

  /** The last lines that a container wrote; empty when there is no log (yet). */
  async log(pod: Reference, container: string, lines: number): Promise<string> {
    const path = await this.#path(pod);
    const query = new URLSearchParams({ container, tailLines: String(lines), limitBytes: "8192" }).toString();
    const answer = await this.#send("GET", `${path}/log?${query}`);
    return answer.status === 200 ? answer.body.trimEnd() : "";
  }

  /** The warning events of an object, newest last. */
  async warnings(of: Reference): Promise<string[]> {
    const fieldSelector = `type=Warning,involvedObject.kind=${of.kind},involvedObject.name=${of.name}`;
    const events = await this.list({ apiVersion: "v1", kind: "Event", namespace: of.namespace }, { fieldSelector });
    return events.map((event) => `${text(event, "reason")}: ${text(event, "message")}`);
  }
}

const groupPath = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
