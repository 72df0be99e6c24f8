import assert from "node:assert/strict";
import * as path from "node:path";
import { parse } from "yaml";
import { chain, wavesOf, type Link } from "../../../lib/gitops/waves";
import type { Manifest } from "../../../lib/gitops/objects";
import { renderedFiles } from "../../../render/files";
import { differences } from "../../../render/folder";
import { stackSettings } from "../../../render/settings";

const golden = path.join(__dirname, "..", "..", "golden");

const wave = ({ metadata }: Manifest): number => Number(metadata.annotations?.["argocd.argoproj.io/sync-wave"]);
const options = ({ metadata }: Manifest): string => metadata.annotations?.["argocd.argoproj.io/sync-options"] ?? "";
const isCustom = ({ apiVersion }: Manifest): boolean =>
  /^(external-secrets\.io|argoproj\.io|gateway\.networking\.k8s\.io)\//.test(apiVersion);

for (const stack of ["dev", "staging", "prod"]) {
  describe(`the rendered files of ${stack}`, () => {
    const settings = stackSettings(golden, stack);
    let files: Map<string, string>;
    let objects: Manifest[];
    before(async () => {
      files = await renderedFiles(settings, stack);
      objects = [...files]
        .filter(([file]) => /^(keycloak|clients|backstage)\//.test(file) && !file.endsWith("kustomization.yaml"))
        .map(([, text]) => parse(text) as Manifest);
    });

    it("are those in test/golden; `npm run render -- --cwd test/golden --stack NAME` writes them", () => {
      assert.deepEqual(differences(path.join(golden, settings.gitops.folder, stack), files), []);
    });

    it("are the same bytes each time", async () => {
      assert.deepEqual([...(await renderedFiles(stackSettings(golden, stack), stack))], [...files]);
    });

    it("are complete: a kustomization lists each file of its folder", () => {
      for (const [file, text] of files) {
        const folder = path.dirname(file);
        if (path.basename(file) !== "kustomization.yaml" || folder === ".") continue;
        const listed = (parse(text) as { resources: string[] }).resources.map((one) => `${folder}/${one}`);
        assert.deepEqual(
          listed.sort(),
          [...files.keys()].filter((other) => path.dirname(other) === folder && other !== file).sort(),
        );
      }
    });

    it("hold no Secret", () =>
      assert.deepEqual(
        objects.filter(({ kind }) => kind === "Secret"),
        [],
      ));

    it("rise in waves along the chain", () => {
      const waves = wavesOf<Link>(chain, settings.waves);
      const links: Record<string, Link> = {
        Job: "identity",
        SecretStore: "store",
        ExternalSecret: "credential",
        StatefulSet: "database",
        Deployment: "workload",
      };
      for (const object of objects) {
        assert.ok(Number.isInteger(wave(object)), `${object.kind} ${object.metadata.name} has no wave`);
        const link = links[object.kind];
        if (link !== undefined) assert.equal(wave(object), waves[link], object.kind);
      }
      assert.ok(
        waves.identity < waves.credential && waves.credential < waves.database && waves.database < waves.workload,
      );
    });

    it("skip the dry run for custom resources, and for nothing else", () => {
      for (const object of objects)
        assert.equal(
          options(object).includes("SkipDryRunOnMissingResource=true"),
          isCustom(object),
          `${object.kind} ${object.metadata.name}`,
        );
    });

    it("never let a namespace or a volume be pruned", () => {
      const kept = objects.filter(({ kind }) => kind === "Namespace" || kind === "PersistentVolumeClaim");
      assert.ok(kept.length > 0);
      for (const object of kept) assert.match(options(object), /Prune=false/);
    });

    it("read each key of Backstage's Secret from where Pulumi writes it", () => {
      const external = objects.find(
        ({ kind, metadata }) => kind === "ExternalSecret" && metadata.name === "backstage-oidc",
      );
      const { data, target } = external?.spec as {
        data: { secretKey: string; remoteRef: { property: string } }[];
        target: { name: string };
      };
      assert.equal(target.name, "backstage-env-vars");
      for (const { secretKey, remoteRef } of data) assert.equal(remoteRef.property, `backstage_${secretKey}`);
      assert.ok(data.some(({ secretKey }) => secretKey === "KEYCLOAK_CLIENT_SECRET"));
    });
  });
}
