import type { Change, Properties } from "./values";

/**
 * A resource provider as plain data, which `serve` in server.ts puts on Pulumi's protocol. An `index.ts` is:
 *
 *     void serve<Client>({
 *       name: "keycloak",                                      // version: that of the installed @pulumi/keycloak
 *       options: { url: "string", clientTimeout: "number" },   // any other provider argument is refused by name
 *       configure: (options) => new Client(options),           // once, before any resource; may be async
 *       resource: (type) => table[type],                       // undefined: the type is refused by name
 *     });
 *
 *     const table: Record<string, Resource<Client>> = {
 *       "keycloak:index/realm:Realm": {
 *         inputs: ["realm", "enabled"],       // any other input is refused by name; left out: all are taken
 *         replaceOn: ["realm"],               // a change of these inputs replaces; own rules: write `diff`
 *         deleteBeforeReplace: true,
 *         secretOutputs: ["internalToken"],
 *         async create(inputs, op) {
 *           if (op.preview) return { id: "", outputs: inputs };  // inputs may hold UNKNOWN (see values.ts)
 *           const realm = await op.config.createRealm(inputs);   // op.config is what `configure` returned
 *           return { id: realm.id, outputs: realm };
 *         },
 *         async read({ id }, op) { ... return undefined when it is gone, else { id, inputs, outputs } },
 *         async update({ id, news }, op) { ... return outputs },
 *         async delete({ id }, op) { ... },
 *       },
 *     };
 *
 * Handlers see plain values: secrets are unwrapped before and wrapped again after. A thrown error's message is
 * what the user reads. An object that exists but did not become ready: throw `InitFailed`.
 */
export interface Provider<C> {
  name: string;
  /** The accepted provider arguments; all but strings are JSON on the wire. */
  options: Readonly<Record<string, "string" | "boolean" | "number" | "json">>;
  /** Which changed arguments need every resource to be replaced (another cluster, say). */
  replacedBy?: (olds: Properties, news: Properties) => Awaitable<string[]>;
  configure: (options: Properties) => C | Promise<C>;
  resource: (type: string) => Resource<C> | undefined;
  /** What can be asked, by token. */
  functions?: Readonly<Record<string, Lookup<C>>>;
}

export interface Lookup<C> {
  answer: (args: Properties, config: C) => Awaitable<Properties>;
  secretOutputs?: readonly string[];
}

export interface Resource<C> {
  inputs?: readonly string[];
  /** Always secret, as inputs and as outputs; any other output is secret where the input of its name was. */
  secretOutputs?: readonly string[];
  replaceOn?: readonly string[];
  deleteBeforeReplace?: boolean;
  /** Completes and judges the inputs; `olds` are the last inputs, when the resource exists. */
  check?: (olds: Properties | undefined, news: Properties, op: Operation<C>) => Awaitable<CheckResult>;
  diff?: (request: Existing & { news: Properties }, op: Operation<C>) => Awaitable<DiffResult>;
  create: (inputs: Properties, op: Operation<C>) => Awaitable<{ id: string; outputs: Properties }>;
  /** For refresh; for import, where `inputs` and `outputs` are empty. Undefined when the object is gone. */
  read?: (existing: Existing, op: Operation<C>) => Awaitable<Existing | undefined>;
  /** `ignored`: the paths of `ignoreChanges`. */
  update?: (
    request: Existing & { news: Properties; ignored: readonly string[] },
    op: Operation<C>,
  ) => Awaitable<Properties>;
  /**
   * `update` itself sees to it that what is ignored stays.
   * @default it gets the outputs' values, which must be whole properties
   */
  keepsIgnored?: boolean;
  delete?: (existing: Existing, op: Operation<C>) => Awaitable<void>;
}

export type Awaitable<T> = T | Promise<T>;
export interface Existing {
  id: string;
  inputs: Properties;
  outputs: Properties;
}
export interface CheckFailure {
  property: string;
  reason: string;
}
export interface CheckResult {
  inputs: Properties;
  failures?: CheckFailure[];
}
export interface DiffResult {
  changes: readonly (Change & { replace?: boolean })[];
  deleteBeforeReplace?: boolean;
}

/** What a handler knows beside the values. */
export interface Operation<C> {
  urn: string;
  type: string;
  /** The resource's name in the program. */
  name: string;
  config: C;
  preview: boolean;
  /** From `customTimeouts`; undefined when the program sets none. */
  timeoutSeconds: number | undefined;
  /** Aborted when the user cancels the run. */
  cancelled: AbortSignal;
  /** Shows a line beside the resource while it is awaited; a warning stays in the run's summary. */
  say: (line: string, severity?: "progress" | "warning") => void;
}

/** The object was made or changed, but is not ready: the engine records it and the run fails. */
export class InitFailed extends Error {
  constructor(
    readonly id: string,
    readonly outputs: Properties,
    readonly inputs: Properties,
    readonly reasons: string[],
  ) {
    super(reasons.join("\n"));
  }
}

/** Arguments that the SDK or the engine adds to every provider. */
export const engineOptions = ["version", "pluginDownloadURL", "__internal"];

/** The arguments that this provider does not know. */
export function refuseOptions<C>(provider: Provider<C>, options: Properties): CheckFailure[] {
  const unknown = Object.keys(options).filter((key) => !(key in provider.options) && !engineOptions.includes(key));
  const reason = `the stand-in for the ${provider.name} provider does not know this argument; remove it.`;
  return unknown.map((property) => ({ property, reason }));
}

/** The arguments as values: all but strings come as JSON text. */
export function parseOptions<C>(provider: Provider<C>, options: Properties): Properties {
  const result: Properties = {};
  for (const [key, type] of Object.entries(provider.options)) {
    const value = options[key];
    if (value === undefined || value === "") continue;
    result[key] = type !== "string" && typeof value === "string" ? parseJson(key, value) : value;
    if (type !== "json" && typeof result[key] !== type) throw new Error(`${key} of the provider must be a ${type}.`);
  }
  return result;
}

function parseJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${key} of the provider is not valid JSON.`);
  }
}
