import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { profileFaults } from "../../policy/profileFaults";
import { policyPage } from "../../docs/generate/policies";
import { rules } from "../../policy/rules";
import { remedied } from "./harness";

const root = path.join(__dirname, "..", "..");
const profiles = path.join(root, "policy", "profiles");

describe("the pack", () => {
  it("has these rules, each tested and in a file of its own", () => {
    const names = rules.map(({ name }) => name);
    assert.equal(new Set(names).size, 26);
    const tables = ["chain", "keycloak", "workload"]
      .map((name) => readFileSync(path.join(__dirname, `${name}.test.ts`), "utf8"))
      .join("");
    const tested = [...tables.matchAll(/^test(?:Resource|Graph)\(\s*"([\w-]+)"/gm)].map(([, name]) => name ?? "");
    assert.deepEqual([...new Set(tested)].sort(), [...names].sort());
    const files = readdirSync(path.join(root, "policy", "rules")).filter((file) => file !== "index.ts");
    assert.equal(files.length, names.length);
  });

  it("says of each what it refuses, what to do and where to read on", () => {
    for (const { name, description, remediation, severity, url, config } of rules) {
      assert.match(name, /^[a-z]+(-[a-z]+)*$/);
      for (const sentence of [description, remediation, ...Object.values(config ?? {}).map((one) => one.description)])
        assert.match(sentence, /^[A-Z].*\.$/, name);
      assert.match(url, /^https:\/\//, name);
      assert.ok(["low", "medium", "high", "critical"].includes(severity), name);
    }
  });

  it("is what docs/policy.md has a table of; run npm run docs", () => {
    const page = readFileSync(path.join(root, "docs", "policy.md"), "utf8");
    assert.equal(page, policyPage(page, rules));
    assert.ok(
      page.includes(`\`\`\`ts\n${readFileSync(path.join(root, "test", "e2e", "plain", "index.ts"), "utf8")}\`\`\``),
      "the plain program",
    );
    assert.throws(() => policyPage("# A page without a table", rules), /lacks the lines/);
  });
});

describe("a profile", () => {
  const faults: [string, Record<string, unknown>, string[]][] = [
    ["a policy", { "client-pkce": "disabled", all: "advisory" }, []],
    ["a property", { "pinned-image": { allowTags: true, enforcementLevel: "advisory" } }, []],
    ["a misspelt policy", { "client-pkse": "disabled" }, ["client-pkse is not a policy; did you mean client-pkce?"]],
    [
      "a misspelt property",
      { "pinned-image": { allowTag: true } },
      ["pinned-image.allowTag is not a property; did you mean allowTags?"],
    ],
    [
      "a property where there are none",
      { "client-pkce": { allow: true } },
      ["client-pkce.allow is not a property; remove it."],
    ],
    [
      "several",
      { one: "disabled", availability: { min: 1 } },
      ["one is not a policy; did you mean", "availability.min is not a property; did you mean minReplicas?"],
    ],
  ];
  for (const [what, profile, expected] of faults) {
    it(what, () => {
      const said = profileFaults(rules, profile);
      assert.equal(said.length, expected.length, said.join("\n"));
      expected.forEach((sentence, index) => assert.ok(said[index]?.startsWith(sentence), said[index]));
    });
  }

  it("with such a name is refused by npm run profile, and those of this repository are not", () => {
    const check = (file: string): { status: number | null; stderr: string } =>
      spawnSync(process.execPath, ["lib/runtime/run.cjs", "policy/checkProfile.ts", file], {
        cwd: root,
        encoding: "utf8",
      });
    const { status, stderr } = check("test/policy/misspelt.json");
    assert.equal(status, 2);
    assert.equal(
      stderr,
      "test/policy/misspelt.json: client-pkse is not a policy; did you mean client-pkce?\n" +
        "test/policy/misspelt.json: pinned-image.allowTag is not a property; did you mean allowTags?\n",
    );
    assert.equal(check("policy/profiles/prod.json").status, 0);
  }).timeout(20_000);

  for (const file of readdirSync(profiles)) {
    it(`${file} names only what there is`, () => {
      const profile = JSON.parse(readFileSync(path.join(profiles, file), "utf8")) as Record<
        string,
        string | Record<string, unknown>
      >;
      assert.deepEqual(profileFaults(rules, profile), []);
      for (const [name, given] of Object.entries(profile)) {
        if (typeof given === "string")
          assert.ok(["advisory", "mandatory", "remediate", "disabled"].includes(given), name);
        else
          for (const [key, value] of Object.entries(given))
            assert.equal(typeof value, rules.find((rule) => rule.name === name)?.config?.[key]?.type, `${name}.${key}`);
      }
    });
  }
});

const bare = {
  spec: {
    template: { spec: { containers: [{ name: "backstage", env: [{ name: "NODE_ENV", value: "development" }] }] } },
  },
};
const client = { standardFlowEnabled: true, directAccessGrantsEnabled: true, pkceCodeChallengeMethod: "" };
describe("a remedy", () => {
  const remedies: [string, string, Record<string, unknown>][] = [
    ["client-pkce", "keycloak:openid/client:Client", client],
    ["client-flows", "keycloak:openid/client:Client", client],
    ["production", "kubernetes:apps/v1:Deployment", bare],
    ["hardened-pod", "kubernetes:apps/v1:Deployment", bare],
    [
      "production",
      "kubernetes:apps/v1:Deployment",
      { spec: { template: { spec: { containers: [{ name: "backstage" }] } } } },
    ],
  ];
  remedies.forEach(([name, type, props], index) =>
    it(`of ${name} mends what the rule refuses, ${index + 1}`, () => remedied(name, { type, props })),
  );
  it("is there for these four", () => {
    assert.deepEqual(
      rules.flatMap((rule) => ("remedy" in rule ? [rule.name] : [])).sort(),
      [...new Set(remedies.map(([name]) => name))].sort(),
    );
  });
});
