import { KubeConfig, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { program } from "../../program/platform";
import { providers } from "../../program/providers";
import { ConfigError, decidedSettings, parseConfig, type Settings } from "../../config";
import type { Manifest } from "../../lib/gitops/objects";
import { renderedFiles } from "../../render/files";
import { plausible, type Values } from "../generated";
import { record } from "../recorder";
import { crdFiles } from "../e2e/crds";
import { kubectl } from "../e2e/gitops";
import { platform } from "../e2e/harness";

const CONFIGURATIONS = 500;
const NAMESPACE = "accepted-settings";
/** How many objects are asked about at a time; more would only stand in the API server's queue. */
const AT_ONCE = 8;

/** The settings of a configuration that is accepted. */
function accepted(values: Values): Settings | undefined {
  try {
    return { ...parseConfig(values), adminSecret: pulumi.secret("secret") };
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** The objects that Pulumi applies. */
async function applied(settings: Settings): Promise<Manifest[]> {
  const { resources } = await record(() => {
    program(decidedSettings(settings), providers(settings));
  });
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ inputs }) => inputs as unknown as Manifest);
}

/** The objects that Argo CD applies. */
async function rendered(settings: Settings): Promise<Manifest[]> {
  const files = await renderedFiles(decidedSettings(settings), "test");
  return [...files].filter(([file]) => !file.endsWith("kustomization.yaml")).map(([, text]) => parse(text) as Manifest);
}

/** The object in the one namespace that is there; names do not collide, for nothing is made. */
const here = (manifest: Manifest): Manifest =>
  manifest.metadata.namespace === undefined
    ? manifest
    : { ...manifest, metadata: { ...manifest.metadata, namespace: NAMESPACE } };

describe("what the program makes of any accepted configuration, as the API server judges it", function () {
  this.timeout("30m");
  let api: KubernetesObjectApi;
  let crds: string[] = [];
  let nodePorts: Set<number | undefined>;
  before(async () => {
    const { kubeconfig } = await platform();
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    api = KubernetesObjectApi.makeApiClient(config);
    crds = await crdFiles();
    for (const file of crds) await kubectl("apply", "--server-side", "-f", file);
    await kubectl("wait", "--for=condition=Established", "--timeout=60s", ...crds.flatMap((file) => ["-f", file]));
    await kubectl("create", "namespace", NAMESPACE);
    const services = JSON.parse(await kubectl("get", "services", "-A", "-o", "json")) as {
      items: { spec: { ports?: { nodePort?: number }[] } }[];
    };
    nodePorts = new Set(services.items.flatMap(({ spec }) => (spec.ports ?? []).map(({ nodePort }) => nodePort)));
  });
  after(async () => {
    await kubectl("delete", "namespace", "--ignore-not-found", NAMESPACE);
    if (crds.length > 0) await kubectl("delete", ...crds.flatMap((file) => ["-f", file]));
  });

  /** What the API server has against an object; undefined when it would take it. */
  async function refusal(manifest: Manifest): Promise<string | undefined> {
    try {
      await api.patch(manifest, undefined, "All", "accepted-settings", true, PatchStrategy.ServerSideApply);
      return undefined;
    } catch (error) {
      return `${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`;
    }
  }

  /** The refusals of all objects, each object asked about once. */
  async function refusals(manifests: Iterable<string>): Promise<string[]> {
    const queue = [...manifests];
    const found: string[] = [];
    const ask = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const said = await refusal(JSON.parse(next) as Manifest);
        if (said !== undefined) found.push(`${said.slice(0, 1500)}\n${next.slice(0, 1500)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
    return found;
  }

  it("refuses what is wrong, so that its silence means something", async () => {
    const labelled = (value: string): Manifest => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "any", namespace: NAMESPACE, labels: { app: value } },
    });
    assert.equal(await refusal(labelled("a")), undefined);
    assert.match((await refusal(labelled("no label value"))) ?? "", /a valid label must be/);
  });

  it(`has nothing against the objects of ${CONFIGURATIONS} configurations`, async function () {
    const objects = new Set<string>();
    const modes = new Map<string, number>();
    let count = 0;
    while (count < CONFIGURATIONS) {
      for (const values of fc.sample(plausible, 50)) {
        const settings = accepted(values);
        if (settings === undefined || nodePorts.has(settings.backstage.nodePort ?? -1) || count === CONFIGURATIONS)
          continue;
        count++;
        modes.set(settings.mode, (modes.get(settings.mode) ?? 0) + 1);
        const made = await applied(settings);
        const all = settings.mode === "direct" ? made : [...made, ...(await rendered(settings))];
        for (const manifest of all) objects.add(JSON.stringify(here(manifest)));
      }
    }
    assert.ok(
      ["direct", "handover", "hybrid"].every((mode) => (modes.get(mode) ?? 0) > 5),
      JSON.stringify([...modes]),
    );
    assert.ok(objects.size > 3 * CONFIGURATIONS, `${objects.size} objects`);
    console.log(`      ${count} configurations, ${objects.size} different objects`);
    const refused = await refusals(objects);
    assert.equal(refused.length, 0, `${refused.length} refusals, such as\n${refused.slice(0, 20).join("\n")}`);
  });
});
