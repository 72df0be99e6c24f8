import type { PolicyResource, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { policyOf, type Rule } from "../../policy/rule";
import { rules } from "../../policy/rules";

/**
 * Runs a rule as the pack's server does: on properties behind @pulumi/policy's own proxy, which throws where a value is
 * unknown. test/e2e/policy.test.ts runs the pack by the real engine.
 */

type Props = Record<string, unknown>;

/** Internals, which the package's types leave out; a test fails loudly when they are gone. */
const { unknownCheckingProxy, unknownStringValue } = createRequire(__filename)("@pulumi/policy/proxy") as {
  unknownCheckingProxy: (props: Props) => Props;
  unknownStringValue: string;
};
/** What a test changes in its fixture: paths to new values; undefined removes. */
export type Changes = Readonly<Record<string, unknown>>;

/** A value that is not known before the update. */
export const U = unknownStringValue;

export interface Resource {
  readonly type: string;
  readonly props: Props;
  readonly protect?: boolean;
  readonly provider?: Props;
}

/** A resource of a stack, with its edges to others by their keys. */
export interface Link {
  readonly type: string;
  readonly props: Props;
  readonly needs?: readonly string[];
  readonly protect?: boolean;
  readonly provider?: Props;
  readonly edges?: Readonly<Record<string, readonly string[]>>;
}
export type Graph = Readonly<Record<string, Link>>;

/** A copy of `fixture` with the changes made. */
export function changed<T extends object>(fixture: T, changes: Changes): T {
  // By way of text: a part that the fixture has twice is two parts.
  const copy = JSON.parse(JSON.stringify(fixture)) as T;
  for (const [path, value] of Object.entries(changes)) {
    const parts = path.split("/");
    const last = parts.pop() ?? "";
    const holder = parts.reduce<Props>((at, part) => (at[part] ??= {}) as Props, copy as Props);
    if (value !== undefined) holder[last] = value;
    else if (Array.isArray(holder)) holder.splice(Number(last), 1);
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- absent, and not undefined, is what is tested
    else delete holder[last];
  }
  return copy;
}

/** Every path below `value`, the inner nodes included. */
function paths(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, one]) => paths(one, `${path}/${key}`));
  return [path, ...inner];
}

const ruleOf = (name: string): Rule => {
  const rule = rules.find((one) => one.name === name);
  assert.ok(rule !== undefined, name);
  return rule;
};

const configOf = (rule: Rule, config: Props): Props => ({
  ...Object.fromEntries(
    Object.entries(rule.config ?? {}).flatMap(([key, schema]) => ("default" in schema ? [[key, schema.default]] : [])),
  ),
  ...config,
});

const options = (protect = false) => ({
  protect,
  ignoreChanges: [],
  aliases: [],
  additionalSecretOutputs: [],
  customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
});
const proxied = (props: Props): Props => unknownCheckingProxy(props);
const providerOf = (props: Props | undefined) =>
  props === undefined
    ? {}
    : { provider: { type: "provider", name: "provider", urn: "urn:provider", props: proxied(props) } };

/** What a rule for one resource says of it. */
export function judge(rule: Rule, { type, props, protect, provider }: Resource, config: Props = {}): string[] {
  const policy = policyOf(rule);
  assert.ok("validateResource" in policy && typeof policy.validateResource === "function");
  const said: string[] = [];
  const args = {
    type,
    name: "it",
    urn: "urn:it",
    props: proxied(props),
    opts: options(protect),
    ...providerOf(provider),
    getConfig: () => configOf(rule, config),
  };
  void policy.validateResource(args as unknown as ResourceValidationArgs, (message) => said.push(message));
  return said;
}

/** Lets a rule mend what it refuses; fails when it still refuses it, refused nothing, or mends another type. */
export function remedied(name: string, resource: Resource): void {
  const rule = ruleOf(name);
  const policy = policyOf(rule);
  assert.ok("remediateResource" in policy);
  const own = JSON.parse(JSON.stringify(resource)) as Resource;
  assert.notDeepEqual(judge(rule, own), []);
  void policy.remediateResource({
    type: "example:index:Component",
    props: proxied(own.props),
    getConfig: () => configOf(rule, {}),
  } as unknown as ResourceValidationArgs);
  assert.deepEqual(own, resource);
  void policy.remediateResource({
    type: own.type,
    props: proxied(own.props),
    getConfig: () => configOf(rule, {}),
  } as unknown as ResourceValidationArgs);
  assert.deepEqual(judge(rule, own), []);
}

/** What a rule for the graph says, as `key: message`. */
export function judgeGraph(rule: Rule, links: Graph, config: Props = {}): string[] {
  const policy = policyOf(rule);
  assert.ok("validateStack" in policy);
  const made = new Map(
    Object.entries(links).map(([key, { type, props }]): [string, PolicyResource] => [
      key,
      {
        type,
        name: key,
        urn: key,
        props: proxied(props),
        opts: options(),
        dependencies: [],
        propertyDependencies: {},
        isType: () => false,
        asType: () => undefined,
      },
    ]),
  );
  const all = (keys: readonly string[] = []): PolicyResource[] => keys.flatMap((key) => made.get(key) ?? []);
  for (const [key, { needs, edges }] of Object.entries(links)) {
    const resource = made.get(key);
    resource?.dependencies.push(...all(needs), ...all(Object.values(edges ?? {}).flat()));
    for (const [property, keys] of Object.entries(edges ?? {}))
      if (resource !== undefined) resource.propertyDependencies[property] = all(keys);
  }
  const said: string[] = [];
  const args = { resources: [...made.values()], getConfig: () => configOf(rule, config) };
  void policy.validateStack(args as unknown as StackValidationArgs, (message, urn) =>
    said.push(`${urn ?? "?"}: ${message}`),
  );
  return said;
}

/** A case: what it is, what is changed, what is said of it, each as a part of one message; and the configuration. */
export type Case = readonly [what: string, changes: Changes, said: readonly string[], config?: Props];

/** The texts that a case puts in: no message may repeat one. Names of objects and variables are no values. */
function planted(value: unknown, key = ""): string[] {
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([inner, one]) => planted(one, inner));
  return typeof value === "string" && value.length > 5 && value !== U && !/(name|type)$/i.test(key) ? [value] : [];
}

function check(said: readonly string[], expected: readonly string[], changes: Changes): void {
  assert.equal(said.length, expected.length, said.join("\n") || "nothing was said");
  expected.forEach((part) =>
    assert.ok(
      said.some((message) => message.includes(part)),
      `${part}\nis not in\n${said.join("\n")}`,
    ),
  );
  for (const value of planted(changes))
    assert.ok(!said.some((message) => message.includes(value)), `a message holds ${value}`);
}

const stranger: Resource = {
  type: "random:index/randomPassword:RandomPassword",
  props: { length: 4, metadata: { annotations: { password: "hunter2hunter2" } } },
};

/**
 * Tests a rule on one resource: as it should be, without anything, as another type, with each part unknown, and each
 * case.
 */
export function testResource(name: string, valid: Resource, cases: readonly Case[], config: Props = {}): void {
  const rule = ruleOf(name);
  describe(name, () => {
    it("has nothing to say of what is right", () => assert.deepEqual(judge(rule, valid, config), []));
    it("has nothing to say of another type", () => {
      assert.deepEqual(judge(rule, stranger, config), []);
      assert.deepEqual(judge(rule, { ...valid, type: "example:index:Component" }, config), []);
    });
    it("judges nothing that is unknown, and never fails", () => {
      for (const path of paths(valid.props, "props").slice(1))
        assert.deepEqual(judge(rule, changed(valid, { [path]: U }), config), [], path);
      for (const path of paths(valid.props, "props").slice(1))
        judge(rule, changed(valid, { [path]: undefined }), config);
      judge(rule, { ...valid, props: {} }, config);
    });
    for (const [what, changes, said, own] of cases) {
      it(what, () => check(judge(rule, changed(valid, changes), { ...config, ...own }), said, changes));
    }
  });
}

/** The same for a rule on the graph; paths begin with the key of a resource. */
export function testGraph(name: string, valid: Graph, cases: readonly Case[], config: Props = {}): void {
  const rule = ruleOf(name);
  describe(name, () => {
    it("has nothing to say of what is right", () => assert.deepEqual(judgeGraph(rule, valid, config), []));
    it("has nothing to say of other types", () => {
      const others = Object.fromEntries(
        Object.entries(valid).map(([key, link]) => [key, { ...link, type: "example:index:Component" }]),
      );
      assert.deepEqual(judgeGraph(rule, { ...others, stranger }, config), []);
    });
    it("judges nothing that is unknown, and never fails", () => {
      const all = Object.entries(valid).flatMap(([key, { props }]) => paths(props, `${key}/props`).slice(1));
      for (const path of all) assert.deepEqual(judgeGraph(rule, changed(valid, { [path]: U }), config), [], path);
      for (const path of all) judgeGraph(rule, changed(valid, { [path]: undefined }), config);
      judgeGraph(rule, {}, config);
    });
    for (const [what, changes, said, own] of cases) {
      it(what, () => check(judgeGraph(rule, changed(valid, changes), { ...config, ...own }), said, changes));
    }
  });
}
