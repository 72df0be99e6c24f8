/**
 * A stack's resources as one flat file: a line `new X(name, inputs, options)` for each, without components, settings or
 * checks, made from what `pulumi stack export --show-secrets` tells. What the program itself is measured against.
 */

interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly parent?: string;
  readonly provider?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly id?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
}

export interface Exported {
  readonly deployment: { readonly resources: readonly Resource[] };
}

const SECRET = "4dabf18193072939515e22adb298388d";
const ROOT = "pulumi:pulumi:Stack";
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const nameOf = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** A value of the state; a secret as what it is the secret of. */
const clear = (value: unknown): unknown =>
  isObject(value) && SECRET in value ? (JSON.parse(value.plaintext as string) as unknown) : value;

/** `keycloak:openid/client:Client` is `keycloak.openid.Client` in the SDK, a group of Kubernetes its first word. */
function classOf(type: string): string {
  const [pkg = "", module = "", name = ""] = type.split(":");
  if (pkg === "pulumi") return `${name}.Provider`;
  const [first = "", version = ""] = module.split("/");
  return [
    pkg,
    ...(first === "index" ? [] : [first.split(".")[0]]),
    ...(pkg === "kubernetes" ? [version] : []),
    name,
  ].join(".");
}

/** Where one of a resource's outputs is this text, as the end of an expression. */
function outputPath(outputs: unknown, text: string, depth = 2): string | undefined {
  for (const [key, held] of Object.entries(isObject(outputs) ? outputs : {})) {
    const value = clear(held);
    const inner =
      value === text
        ? ""
        : depth > 1 && isObject(value) && !Array.isArray(value)
          ? outputPath(value, text, depth - 1)
          : undefined;
    if (inner !== undefined && /^[a-z]\w*$/i.test(key)) return `.${key}${inner}`;
  }
  return undefined;
}

/** The program's one file. */
export function straightLine({ deployment }: Exported): string {
  const { resources } = deployment;
  const all = new Map(resources.map((resource) => [resource.urn, resource]));
  const made = resources.filter(
    ({ type, custom, urn }) =>
      custom === true && !(type.startsWith("pulumi:providers:") && nameOf(urn).startsWith("default")),
  );
  const variables = new Map(made.map(({ urn }, index) => [urn, `r${index}`]));
  const reach = (urn: string): string[] => (all.get(urn)?.dependencies ?? []).flatMap((next) => [next, ...reach(next)]);

  /** An input; a text that is an output of what it depends on is written as that output. */
  const expression = (value: unknown, from: readonly string[]): string => {
    if (isObject(value) && SECRET in value) return `pulumi.secret(${expression(clear(value), from)})`;
    if (Array.isArray(value)) return `[${value.map((item) => expression(item, from)).join(", ")}]`;
    if (isObject(value)) {
      const entries = Object.entries(value).filter(([key]) => !key.startsWith("__"));
      return `{ ${entries.map(([key, inner]) => `${JSON.stringify(key)}: ${expression(inner, from)}`).join(", ")} }`;
    }
    for (const urn of typeof value === "string" ? from : []) {
      const { id, outputs } = all.get(urn) ?? {};
      const found = value === id ? ".id" : outputPath(outputs, value as string);
      if (found !== undefined) return `${variables.get(urn) ?? ""}${found}`;
    }
    return JSON.stringify(value);
  };

  const lines = made.map(({ urn, type, provider, inputs = {}, dependencies = [], propertyDependencies = {} }) => {
    const isProvider = type.startsWith("pulumi:providers:");
    const given = Object.entries(inputs)
      .filter(([key]) => !key.startsWith("__") && !(isProvider && key === "version"))
      // The engine holds a provider's inputs as text.
      .map(([key, value]) => {
        const isPlain = isProvider && /^(true|false|\d+)$/.test(String(value));
        return `${key}: ${isPlain ? String(value) : expression(value, propertyDependencies[key] ?? [])}`;
      });
    const referred = Object.values(propertyDependencies).flat();
    // Only the edges that no other edge implies, as a person would write them.
    const needed = dependencies.filter(
      (one) => !referred.includes(one) && !dependencies.some((other) => other !== one && reach(other).includes(one)),
    );
    const by = provider === undefined ? undefined : variables.get(provider.slice(0, provider.lastIndexOf("::")));
    const options = [
      ...(by === undefined ? [] : [`provider: ${by}`]),
      ...(needed.length === 0 ? [] : [`dependsOn: [${needed.map((one) => variables.get(one)).join(", ")}]`]),
    ];
    return (
      `const ${variables.get(urn) ?? ""} = new ${classOf(type)}(${JSON.stringify(nameOf(urn))}, ` +
      `{ ${given.join(", ")} }, { ${options.join(", ")} });`
    );
  });
  const imports = ["keycloak", "kubernetes", "pulumi", "random"].map(
    (pkg) => `import * as ${pkg} from "@pulumi/${pkg}";`,
  );
  return [...imports, ...lines, ""].join("\n");
}

/** The state that this file would have made as `stack`: the same resources, each directly under the stack. */
export function flatState(exported: Exported, stack: string): unknown {
  const urns = exported.deployment.resources
    .filter(({ type, custom }) => custom === true || type === ROOT)
    .map(({ urn, type }) => {
      const [, was = "", project = ""] = /^urn:pulumi:([^:]*)::([^:]*)::/.exec(urn) ?? [];
      const name = type === ROOT ? nameOf(urn).replace(new RegExp(`${was}$`), stack) : nameOf(urn);
      return [urn, `urn:pulumi:${stack}::${project}::${type}::${name}`] as const;
    });
  const flat = new Map(urns);
  if (new Set(flat.values()).size < flat.size)
    throw new Error("two resources have the same type and name, which a flat program cannot have");
  const root = urns.map(([, urn]) => urn).find((urn) => urn.includes(`::${ROOT}::`));
  const renamed = (list: readonly string[]): string[] =>
    list.map((urn) => flat.get(urn)).filter((urn) => urn !== undefined);
  const resources = exported.deployment.resources
    .filter(({ urn }) => flat.has(urn))
    .map((resource) => {
      const { urn, type, provider, dependencies = [], propertyDependencies = {} } = resource;
      const at = provider?.lastIndexOf("::") ?? -1;
      return {
        ...resource,
        urn: flat.get(urn),
        ...(type === ROOT ? { outputs: {} } : {}),
        ...(resource.parent === undefined ? {} : { parent: root }),
        ...(provider === undefined
          ? {}
          : { provider: `${flat.get(provider.slice(0, at)) ?? ""}${provider.slice(at)}` }),
        dependencies: renamed(dependencies),
        propertyDependencies: Object.fromEntries(
          Object.entries(propertyDependencies).map(([key, list]) => [key, renamed(list)]),
        ),
      };
    });
  return { ...exported, deployment: { ...exported.deployment, resources } };
}
