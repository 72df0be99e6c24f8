import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { program } from "../../program/platform";
import { providers } from "../../program/providers";
import { rules } from "../../policy/rules";
import { stackSettings } from "../../render/settings";
import { record, type Recorded } from "../recorder";
import { judge, judgeGraph, type Graph } from "./harness";

const root = path.join(__dirname, "..", "..");
type Profile = Record<string, "disabled" | Record<string, unknown>>;

const profileOf = (stack: string): Profile =>
  JSON.parse(readFileSync(path.join(root, "policy", "profiles", `${stack}.json`), "utf8")) as Profile;

/** The program of index.ts, as far as it makes resources, for one of the repository's stacks. */
function build(stack: string): void {
  const settings = { ...stackSettings(root, stack), adminSecret: pulumi.secret("an-admin-s3cret") };
  program(settings, providers(settings));
}

const graphOf = (resources: readonly Recorded[]): Graph =>
  Object.fromEntries(
    resources.map(({ urn, type, inputs, dependencies, propertyDependencies, protect }) => [
      urn,
      { type, props: inputs, protect, needs: dependencies, edges: propertyDependencies },
    ]),
  );

for (const stack of ["dev", "staging", "prod"]) {
  describe(`the program for ${stack}`, () => {
    it("passes every policy under its profile", async () => {
      const profile = profileOf(stack);
      const { resources } = await record(() => build(stack));
      const graph = graphOf(resources);
      assert.ok(resources.length > 20);
      const said = rules.flatMap((rule) => {
        const own = profile[rule.name] ?? {};
        if (own === "disabled") return [];
        const faults =
          "findings" in rule
            ? judgeGraph(rule, graph, own)
            : Object.entries(graph).flatMap(([urn, link]) => judge(rule, link, own).map((fault) => `${urn}: ${fault}`));
        return faults.map((fault) => `${rule.name}: ${fault}`);
      });
      assert.deepEqual(said, []);
    });
  });
}

describe("what is rendered for Argo CD", () => {
  interface Manifest extends Record<string, unknown> {
    apiVersion: string;
    kind: string;
  }
  const folder = path.join(root, "test", "golden", "deploy", "gitops");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yaml"));
  const manifests = files.map((file): [string, Manifest] => [
    file,
    parse(readFileSync(path.join(folder, file), "utf8")) as Manifest,
  ]);
  const graph: Graph = Object.fromEntries(
    manifests.map(([file, props]) => [
      file,
      { type: `kubernetes:${props.apiVersion.replace(/^v1$/, "core/v1")}:${props.kind}`, props },
    ]),
  );

  // Files have waves and no edges, a tag is what that stack's settings name, and no hash of a Secret is known to who
  // renders.
  for (const rule of rules.filter(({ name }) => !["chain-order", "pinned-image", "template-hashes"].includes(name))) {
    it(`passes ${rule.name}`, () => {
      const own = profileOf("staging")[rule.name] ?? {};
      if (own === "disabled") return;
      assert.ok(manifests.length > 20);
      if ("findings" in rule) assert.deepEqual(judgeGraph(rule, graph, own), []);
      else for (const [file, link] of Object.entries(graph)) assert.deepEqual(judge(rule, link, own), [], file);
    });
  }
});
