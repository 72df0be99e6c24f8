import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { identity } from "../../components/identity";
import { PlatformClients } from "../../components/platformClients";
import { providers } from "../../components/providers";
import { workload } from "../../components/workload";
import { parseConfig } from "../../config";
import { rules } from "../../policy/rules";
import { record, type Recorded } from "../recorder";
import { judge, judgeGraph, type Graph } from "./harness";

const root = path.join(__dirname, "..", "..");
const prefix = "backstage-keycloak:";
type Profile = Record<string, "disabled" | Record<string, unknown>>;

/** The program of index.ts, as far as it makes resources, for one of the repository's stacks. */
function build(stack: string): void {
  const { config } = parse(readFileSync(path.join(root, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, unknown> };
  const plain = Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(prefix, ""), value]));
  const settings = { ...parseConfig(plain), adminSecret: pulumi.secret("an-admin-s3cret") };
  const { keycloak, kubernetes } = providers(settings);
  const who = identity(settings, { providers: [keycloak] });
  const { namespace } = workload(settings, who, kubernetes);
  const { realm, groupsScope } = who;
  new PlatformClients("clients", { realm, groupsScope, clients: settings.clients, namespaces: { [settings.backstage.namespace]: namespace } }, { providers: [keycloak, kubernetes] });
}

const graphOf = (resources: readonly Recorded[]): Graph =>
  Object.fromEntries(resources.map(({ urn, type, inputs, dependencies, propertyDependencies, protect }) => [urn, { type, props: inputs, protect, needs: dependencies, edges: propertyDependencies }]));

for (const stack of ["dev", "staging", "prod"]) {
  describe(`the program for ${stack}`, () => {
    it("passes every policy under its profile", async () => {
      const profile = JSON.parse(readFileSync(path.join(root, "policy", "profiles", `${stack}.json`), "utf8")) as Profile;
      const { resources } = await record(() => build(stack));
      const graph = graphOf(resources);
      assert.ok(resources.length > 20);
      const said = rules.flatMap((rule) => {
        const own = profile[rule.name] ?? {};
        if (own === "disabled") return [];
        const faults = "findings" in rule ? judgeGraph(rule, graph, own) : Object.entries(graph).flatMap(([urn, link]) => judge(rule, link, own).map((fault) => `${urn}: ${fault}`));
        return faults.map((fault) => `${rule.name}: ${fault}`);
      });
      assert.deepEqual(said, []);
    });
  });
}
