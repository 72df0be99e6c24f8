import type { Policies, PolicyConfigSchema, PolicyResource, ResourceValidationArgs, Severity } from "@pulumi/policy";
import { readValue, type Value } from "./values";

/** What a rule looks at: one resource, its properties read. */
export interface Subject {
  readonly type: string;
  readonly name: string;
  readonly props: Value;
  readonly protect: boolean;
  /** The properties of its provider, where there is an explicit one. */
  readonly provider: Value;
}

/** A resource in the graph of its stack. Before an update its properties are what the provider foresees. */
export interface Node extends Omit<Subject, "provider" | "protect"> {
  readonly urn: string;
  readonly dependencies: readonly Node[];
  readonly propertyDependencies: Readonly<Record<string, readonly Node[]>>;
}

export type Settings = Readonly<Record<string, unknown>>;

interface Common {
  readonly name: string;
  /** What is refused, as a sentence. */
  readonly description: string;
  readonly severity: Severity;
  /** What to do about it. */
  readonly remediation: string;
  readonly url: string;
  /** What a profile may choose, each with its default. */
  readonly config?: Readonly<
    Record<string, PolicyConfigSchema["properties"][string] & { readonly description: string }>
  >;
}

/** A rule for one resource at a time. Its faults name the property and never its value. */
export interface ResourceRule<Config = Settings> extends Common {
  readonly concerns: (type: string) => boolean;
  readonly faults: (subject: Subject, config: Config) => string[];
  /** Mends the properties in place, where a profile sets the rule to `remediate`. */
  readonly remedy?: (props: Record<string, unknown>, type: string, config: Config) => void;
}

export interface Finding {
  readonly node: Node;
  readonly fault: string;
}

/** A rule for the graph of a whole stack. */
export interface StackRule<Config = Settings> extends Common {
  readonly findings: (nodes: readonly Node[], config: Config) => Finding[];
}

export type Rule = ResourceRule | StackRule;

/** Declares a rule for one resource, its configuration typed. */
export const resourceRule = <Config = Settings>(rule: ResourceRule<Config>): ResourceRule =>
  rule as unknown as ResourceRule;
/** Declares a rule for the graph. */
export const stackRule = <Config = Settings>(rule: StackRule<Config>): StackRule => rule as unknown as StackRule;

const subject = ({ type, name, props, opts, provider }: ResourceValidationArgs): Subject => ({
  type,
  name,
  props: readValue(props),
  protect: opts.protect,
  provider: provider === undefined ? undefined : readValue(provider.props),
});

/** The resources with their edges; the properties of each are read when a rule first asks. */
function graph(resources: readonly PolicyResource[]): Node[] {
  const nodes = new Map<PolicyResource, Node>();
  const nodeOf = (resource: PolicyResource): Node => {
    const made = nodes.get(resource);
    if (made !== undefined) return made;
    let props: { read: Value } | undefined;
    const node = {
      type: resource.type,
      name: resource.name,
      urn: resource.urn,
      get props(): Value {
        return (props ??= { read: readValue(resource.props) }).read;
      },
      dependencies: [] as Node[],
      propertyDependencies: {} as Record<string, Node[]>,
    };
    nodes.set(resource, node);
    node.dependencies.push(...resource.dependencies.map(nodeOf));
    for (const [key, needed] of Object.entries(resource.propertyDependencies))
      node.propertyDependencies[key] = needed.map(nodeOf);
    return node;
  };
  return resources.map(nodeOf);
}

/** The rule as @pulumi/policy takes it. */
export function policyOf(rule: Rule): Policies[number] {
  const { name, description, severity, remediation, url, config } = rule;
  const common = {
    name,
    description,
    severity,
    remediationSteps: remediation,
    url,
    ...(config === undefined ? {} : { configSchema: { properties: { ...config } } }),
  };
  if ("findings" in rule) {
    return {
      ...common,
      validateStack: (args, report) =>
        rule
          .findings(graph(args.resources), args.getConfig())
          .forEach(({ node, fault }) => report(`${fault}.`, node.urn)),
    };
  }
  const { remedy } = rule;
  return {
    ...common,
    validateResource: (args, report) => {
      if (rule.concerns(args.type))
        rule.faults(subject(args), args.getConfig()).forEach((fault) => report(`${fault}.`));
    },
    ...(remedy === undefined
      ? {}
      : {
          remediateResource: (args) => {
            if (!rule.concerns(args.type)) return undefined;
            remedy(args.props, args.type, args.getConfig());
            return args.props;
          },
        }),
  };
}
