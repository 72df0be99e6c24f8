import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type CheckResult, type Existing, InitFailed, type Operation, type Resource } from "../provider";
import { serve } from "../server";
import { hasUnknown, type Properties, UNKNOWN, without } from "../values";
import { awaitGone, awaitReady, judge, NotReady } from "./await";
import { ApiError, Cluster, readKubeconfig } from "./client";
import { diffObjects, driftedInputs, importedInputs, type Mutability, withData } from "./diff";
import {
  annotation,
  at,
  idOf,
  isClusterKind,
  kindOf,
  list,
  record,
  type Reference,
  referenceTo,
  sentenceName,
  text,
} from "./object";
import { satisfies, waitForExpressions } from "./ready";

/**
 * Stand-in for the kubernetes provider: any kind of object by server-side apply, readiness awaited. Charts, YAML files,
 * kustomizations, patches and lists are refused.
 */

interface Config {
  cluster: Cluster;
  namespace: string | undefined;
  mutable: Mutability;
  force: boolean;
  upsert: boolean;
}

type Op = Operation<Config>;

function configure(options: Properties): Config {
  if (options.enableServerSideApply === false) {
    throw new Error(
      "enableServerSideApply: false is not supported by the stand-in for the kubernetes provider; remove it.",
    );
  }
  const optional = (key: string): string | undefined => options[key] as string | undefined;
  const timeout = Number(at(options, "kubeClientSettings", "timeout") ?? 30);
  const cluster: ConstructorParameters<typeof Cluster>[0] = { requestSeconds: timeout };
  for (const key of ["kubeconfig", "context", "cluster"] as const) {
    const value = optional(key);
    if (value !== undefined) cluster[key] = value;
  }
  return {
    cluster: new Cluster(cluster),
    namespace: optional("namespace"),
    mutable: { secrets: options.enableSecretMutable === true, configMaps: options.enableConfigMapMutable === true },
    force: options.enablePatchForce === true,
    upsert: options.upsertExistingObjects === true,
  };
}

/** Another cluster means other objects. */
async function replacedBy(olds: Properties, news: Properties): Promise<string[]> {
  const keys = ["kubeconfig", "context", "cluster"].filter((key) => olds[key] !== news[key]);
  const active = async (from: Properties): Promise<unknown> =>
    readKubeconfig(from as Record<string, string>).then(
      (config) => config.getCurrentCluster(),
      () => undefined,
    );
  const [before, after] = keys.length > 0 ? await Promise.all([active(olds), active(news)]) : [];
  const moved = before !== undefined && after !== undefined && !isDeepStrictEqual(before, after);
  return moved ? keys : [];
}

async function isNamespaced({ cluster }: Config, apiVersion: string, kind: string): Promise<boolean> {
  try {
    return (await cluster.kind(apiVersion, kind)).namespaced;
  } catch (error) {
    // A definition that the same program makes: namespaced is the common case.
    if (error instanceof ApiError && error.reason === "NoMatch") return !isClusterKind(kind);
    throw error;
  }
}

async function check(olds: Properties | undefined, news: Properties, op: Op): Promise<CheckResult> {
  const kind = kindOf(op.type);
  const inputs: Properties = { ...kind, ...news };
  const metadata = { ...record(news, "metadata") };
  if (metadata.generateName !== undefined)
    throw new Error("metadata.generateName does not work with server-side apply; set metadata.name.");
  const adopted = annotation(olds, "pulumi.com/autonamed") === "true" ? text(olds, "metadata", "name") : "";
  if (metadata.name === undefined) {
    metadata.name = adopted === "" ? `${op.name}-${randomBytes(4).toString("hex")}` : adopted;
    metadata.annotations = { ...record(metadata, "annotations"), "pulumi.com/autonamed": "true" };
  }
  const { apiVersion, kind: name } = referenceTo(inputs);
  if (metadata.namespace === undefined && (await isNamespaced(op.config, apiVersion, name))) {
    const { namespace, cluster } = op.config;
    metadata.namespace = namespace ?? (await cluster.defaultNamespace());
  }
  const complete = { ...inputs, metadata };
  // A wrong expression must fail before the object is made, not after the wait.
  for (const expression of waitForExpressions(complete)) satisfies({}, expression);
  return { inputs: hasUnknown(complete) ? complete : withData(complete) };
}

const managerKey = "__fieldManager";

/** What a program reads as outputs, and the name under which we own the object's fields. */
function outputsOf(live: Properties, fieldManager: string): Properties {
  return { ...live, [managerKey]: fieldManager };
}

/** A dry run's answer, without what the server makes up anew for the real object. */
function previewOf(object: Properties): Properties {
  const made = { uid: UNKNOWN, resourceVersion: UNKNOWN, creationTimestamp: UNKNOWN, managedFields: UNKNOWN };
  return { ...without(object, "status"), metadata: { ...record(object, "metadata"), ...made } };
}

/** Applies, waits and names the object that is not ready. */
async function applyAndAwait(inputs: Properties, fieldManager: string, op: Op): Promise<Properties> {
  const force = op.config.force || annotation(inputs, "pulumi.com/patchForce") === "true";
  const reference = referenceTo(inputs);
  try {
    const applied = await retry(
      () => op.config.cluster.apply(reference, inputs, { fieldManager, force, dryRun: false }),
      op,
    );
    return outputsOf(await awaitReady(op.config.cluster, applied, inputs, op), fieldManager);
  } catch (error) {
    if (error instanceof NotReady) {
      throw new InitFailed(idOf(reference), outputsOf(error.live, fieldManager), inputs, error.reasons);
    }
    if (error instanceof ApiError && error.reason === "Conflict") {
      const remedy = "take the fields over with the annotation pulumi.com/patchForce, or leave them to their owner";
      throw new Error(`${sentenceName(reference)} has fields that another manager owns (${error.message}); ${remedy}.`);
    }
    if (error instanceof ApiError && error.reason !== "NoMatch")
      throw new Error(`${sentenceName(reference)} was refused by the API server: ${error.message}`);
    throw error;
  }
}

/** A namespace or a definition that another resource makes may show a moment later. */
async function retry<T>(action: () => Promise<T>, op: Op): Promise<T> {
  for (let delay = 500; ; delay *= 2) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404) || delay > 8000 || op.cancelled.aborted) throw error;
      op.say(`waiting: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

async function preview(inputs: Properties, fieldManager: string, op: Op): Promise<Properties> {
  if (hasUnknown(inputs)) return inputs;
  try {
    return await op.config.cluster.apply(referenceTo(inputs), inputs, { fieldManager, force: true, dryRun: true });
  } catch (error) {
    // Not allowed to, no namespace or definition yet, or an object that will be replaced: the inputs must do.
    const cannot =
      error instanceof ApiError &&
      ([403, 404, 409].includes(error.status) || /immutable|forbidden/i.test(error.message));
    if (cannot) return inputs;
    throw error;
  }
}

/**
 * The inputs without what is ignored and owned by others; what is ignored and ours keeps its live value. As the
 * official provider does (`handleSSAIgnoreFields` in its provider/pkg/await/await.go); paths through lists are not
 * among them.
 */
function leaving(
  inputs: Properties,
  ignored: readonly string[],
  live: Properties | undefined,
  fieldManager: string,
): Properties {
  const managed = list(live, "metadata", "managedFields");
  const put = (object: Properties, [key = "", ...rest]: readonly string[], value: unknown): Properties => ({
    ...without(object, key),
    ...(rest.length > 0
      ? { [key]: put(record(object, key), rest, value) }
      : value === undefined
        ? {}
        : { [key]: value }),
  });
  return ignored.reduce((left, path) => {
    const keys = path.split(".");
    const value = at(live, ...keys);
    if (value === undefined) return left;
    const owners = managed
      .filter((one) => at(one, "fieldsV1", ...keys.map((key) => `f:${key}`)) !== undefined)
      .map((one) => text(one, "manager"));
    return put(left, keys, owners.length > 0 && !owners.includes(fieldManager) ? undefined : value);
  }, inputs);
}

const object: Resource<Config> = {
  check,

  diff({ inputs, news }, { config }) {
    return diffObjects(inputs, news, config.mutable);
  },

  async create(inputs, op) {
    const { cluster, upsert } = op.config;
    const reference = referenceTo(inputs);
    const fieldManager = `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
    if (op.preview) {
      const outputs = await preview(inputs, fieldManager, op);
      return { id: "", outputs: outputs === inputs ? inputs : previewOf(outputs) };
    }
    if (!upsert && (await cluster.get(reference)) !== undefined) {
      const remedy = "import it, or set upsertExistingObjects on the provider";
      throw new Error(`${sentenceName(reference)} already exists in the cluster; ${remedy}.`);
    }
    return { id: idOf(reference), outputs: await applyAndAwait(inputs, fieldManager, op) };
  },

  async read({ id, inputs, outputs }, op) {
    const { cluster } = op.config;
    const [name = "", namespace = ""] = id.split("/").reverse();
    const kind = kindOf(op.type) ?? { apiVersion: "", kind: "" };
    const live = await cluster.get({ ...kind, ...apiOf(outputs), namespace, name });
    if (live === undefined) return undefined;
    const manager = text(outputs, managerKey);
    const fieldManager = manager === "" ? `pulumi-kubernetes-${randomBytes(4).toString("hex")}` : manager;
    const isImport = Object.keys(inputs).length === 0;
    const found: Existing = {
      id,
      inputs: isImport ? importedInputs(live) : (driftedInputs(withData(inputs), outputs, live) as Properties),
      outputs: outputsOf(live, fieldManager),
    };
    const state = isImport ? undefined : await judge(cluster, live, inputs);
    if (state === undefined || state.ready) return found;
    const fact = `${sentenceName(referenceTo(live))} is not ready: ${state.missing}.`;
    throw new InitFailed(id, found.outputs, found.inputs, [fact]);
  },

  keepsIgnored: true,

  async update({ outputs, news: wanted, ignored }, op) {
    const fieldManager = text(outputs, managerKey);
    const news =
      ignored.length === 0
        ? wanted
        : leaving(wanted, ignored, await op.config.cluster.get(referenceTo(wanted)), fieldManager);
    if (!op.preview) return applyAndAwait(withData(news), fieldManager, op);
    const result = await preview(withData(news), fieldManager, op);
    return hasUnknown(news) ? news : outputsOf(result, fieldManager);
  },

  async delete({ outputs }, op) {
    const { cluster } = op.config;
    const reference = referenceTo(outputs);
    const policy = annotation(outputs, "pulumi.com/deletionPropagationPolicy").toLowerCase();
    const propagation = { orphan: "Orphan", background: "Background" }[policy] ?? "Foreground";
    await cluster.delete(reference, propagation);
    if (annotation(outputs, "pulumi.com/skipAwait") !== "true") await awaitGone(cluster, outputs, op);
  },
};

/** The state knows the API version that the object was made with; a token may be an alias. */
const apiOf = (outputs: Properties): Partial<Reference> =>
  outputs.apiVersion === undefined ? {} : { apiVersion: text(outputs, "apiVersion"), kind: text(outputs, "kind") };

void serve<Config>({
  name: "kubernetes",
  options: {
    cluster: "string",
    context: "string",
    enableConfigMapMutable: "boolean",
    enablePatchForce: "boolean",
    enableSecretMutable: "boolean",
    enableServerSideApply: "boolean",
    kubeClientSettings: "json",
    kubeconfig: "string",
    namespace: "string",
    suppressDeprecationWarnings: "boolean",
    suppressHelmHookWarnings: "boolean",
    upsertExistingObjects: "boolean",
  },
  replacedBy,
  configure,
  resource(type) {
    const kind = kindOf(type);
    if (kind === undefined) return undefined;
    return kind.apiVersion === "v1" && kind.kind === "Secret"
      ? { ...object, secretOutputs: ["data", "stringData"] }
      : object;
  },
});
