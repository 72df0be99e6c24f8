import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import fc from "fast-check";
import { program } from "../../program/platform";
import { providers } from "../../program/providers";
import { ConfigError, decidedSettings, loadConfig, type Settings } from "../../config";
import main from "../../index";
import { secretKeys } from "../../lib/settings/schema";
import { renderedFiles } from "../../render/files";
import { CANARY, configurations, isSetting, type Values } from "../generated";
import { record, type Recorded } from "../recorder";

const CASES = 13_000;
const REFUSED = 10_000;
/** Of how many cases that end well the whole plan is made, and of how many that do not the whole program is run. */
const PLANS = 50;

const ADMIN_SECRET = "an-admin-s3cret";

/** Hands a configuration over as the CLI does: a string for each key. */
function give(values: Values): void {
  const own = Object.entries(values).map(
    ([key, value]) => [`backstage-keycloak:${key}`, typeof value === "string" ? value : JSON.stringify(value)] as const,
  );
  const secrets = Object.keys(secretKeys).map((key) => `backstage-keycloak:${key}`);
  pulumi.runtime.setAllConfig(
    { ...Object.fromEntries(own), ...Object.fromEntries(secrets.map((key) => [key, ADMIN_SECRET])) },
    secrets,
  );
  process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(secrets);
}

/** What a person is not to see: the inside of JavaScript, and more than one sentence. */
const INSIDE = /undefined|\bNaN\b|Infinity|\[object|Error\b|Invalid input|Calling \[|function|\s+at .*:\d+/;

function checkSentence(line: string): void {
  const [, key = "", rest = ""] = /^config: (\S+) (.+)[.?]$/.exec(line) ?? [];
  assert.ok(key !== "", `no sentence: ${line.slice(0, 500)}`);
  assert.doesNotMatch(line, INSIDE);
  assert.ok(!line.includes(CANARY) && !line.includes(ADMIN_SECRET), `a secret is in ${key}`);
  assert.ok(line.length < 500, `${line.length} characters: ${line.slice(0, 200)}`);

  assert.doesNotMatch(line, /[\x00-\x1f\u202e]/u);
  const [, meant] = /is not a setting; did you mean (\S+)\?$/.exec(line) ?? [];
  const named = meant ?? key;
  assert.ok(named in secretKeys || isSetting(named), `${named} is no setting: ${rest}`);
}

/** The paths of all keys. */
const paths = (value: unknown, at = ""): string[] => {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    `${at}${key}`,
    ...(isSetting(`${at}${key}`) ? paths(inner, `${at}${key}.`) : []),
  ]);
};

/** The settings, or undefined when they were refused as they must be. */
function outcome(values: Values): Settings | undefined {
  give(values);
  try {
    const settings = loadConfig();
    // A kubeconfig is a text, and as JSON it is one too.
    assert.deepEqual(
      paths({ ...values, kubeconfig: "" }).filter((path) => !isSetting(path)),
      [],
      "a key that is no setting was taken",
    );
    return settings;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    error.message.split("\n").forEach(checkSentence);
    return undefined;
  }
}

function build(settings: Settings): void {
  program(decidedSettings(settings), providers(settings));
}

const texts = (value: unknown): string[] => {
  if (typeof value !== "object" || value === null) return [String(value)];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...texts(inner)]);
};

const OBJECT = /^kubernetes:/;

/** What the engine and both servers would refuse after the first of them has been made. */
function checkPlan(resources: readonly Recorded[]): void {
  assert.ok(resources.length > 10);
  // With the parent: the mocks' own URN holds the type of the nearest one only, where the engine's holds all.
  const urns = resources.map(({ parent, urn }) => `${parent} ${urn}`);
  assert.deepEqual(
    urns.filter((urn, index) => urns.indexOf(urn) < index),
    [],
    "two resources of one name",
  );
  const objects = resources
    .filter(({ type }) => OBJECT.test(type))
    .map(({ type, inputs }) => ({ type, ...(inputs.metadata as { name: string; namespace?: string }) }));
  const places = objects.map(({ type, namespace, name }) => `${type} ${namespace ?? ""}/${name}`);
  assert.deepEqual(
    places.filter((place, index) => places.indexOf(place) < index),
    [],
    "one object twice",
  );
  for (const { name } of objects) assert.match(name, /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
  for (const { type, name, inputs } of resources)
    for (const text of texts(inputs))
      assert.doesNotMatch(
        text,
        /^(undefined|NaN|-?Infinity)$|\[object|Calling \[toString\]|native code/,
        `${type} ${name}`,
      );
}

describe("any configuration", function () {
  this.timeout("5m");
  const secretsBefore = process.env.PULUMI_CONFIG_SECRET_KEYS;
  // From then on the SDK knows the project, and so the names of its settings.
  before(() => record(() => undefined));
  after(() => {
    pulumi.runtime.setAllConfig({});
    if (secretsBefore === undefined) delete process.env.PULUMI_CONFIG_SECRET_KEYS;
    else process.env.PULUMI_CONFIG_SECRET_KEYS = secretsBefore;
  });

  it("may give a namespace and a user the name of what every object has", async () => {
    const settings = outcome({
      environment: "dev",
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform" },
      users: [
        { username: "constructor", email: "c@example.com", firstName: "C", lastName: "C", initialPassword: false },
      ],
      clients: [
        {
          clientId: "argo",
          rootUrl: "https://argo.example.com",
          redirectUris: ["https://argo.example.com/cb"],
          secret: { namespace: "constructor", name: "oidc", createNamespace: true },
        },
      ],
      backstage: { url: "https://backstage.example.com", image: "registry.example.com/backstage:1" },
    });
    assert.ok(settings !== undefined);
    const { resources, find } = await record(() => build(settings));
    checkPlan(resources);
    assert.deepEqual(
      (find("kubernetes:core/v1:Namespace", "constructor").inputs.metadata as { name: string }).name,
      "constructor",
    );
    assert.equal(find("keycloak:index/user:User", "users-constructor").inputs.initialPassword, undefined);
  });

  it("ends in a whole plan, or in one sentence for each fault and nothing made", async () => {
    const counts = { accepted: 0, refused: 0, planned: 0 };
    await fc.assert(
      fc.asyncProperty(configurations, async ({ values }) => {
        const settings = outcome(values);
        if (settings === undefined) {
          if (++counts.refused > PLANS) return;
          const { resources } = await record(() => assert.rejects(main(), ConfigError));
          assert.deepEqual(resources, []);
          return;
        }
        counts.accepted++;
        if (
          counts.planned >= PLANS &&
          !/"constructor"|"toString"|"valueOf"/.test(JSON.stringify(values.clients ?? values.users ?? ""))
        )
          return;
        counts.planned++;
        checkPlan((await record(() => build(settings))).resources);
        if (settings.mode !== "direct") await renderedFiles(decidedSettings(settings), "test");
      }),
      { numRuns: CASES },
    );
    // Else all of it would have been about one of the two.
    assert.ok(counts.accepted > CASES / 20 && counts.refused > REFUSED, JSON.stringify(counts));
  });
});
