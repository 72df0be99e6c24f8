import assert from "node:assert/strict";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../../sandbox/process";
import { inCache } from "../../sandbox/settings";

/** The CRDs of the kinds that are rendered, as their projects publish them in their Go modules. */
const modules = [
  {
    module: "github.com/external-secrets/external-secrets@v1.3.2",
    sum: "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=",
    files: ["externalsecrets", "secretstores", "pushsecrets"].map(
      (name) => `config/crds/bases/external-secrets.io_${name}.yaml`,
    ),
  },
  {
    module: "github.com/argoproj/argo-cd/v3@v3.4.0",
    sum: "h1:yZwfaOIzE/aQTA52mOfeZQbribmyxKYvMgirQja4eX0=",
    files: ["application", "applicationset", "appproject"].map((name) => `manifests/crds/${name}-crd.yaml`),
  },
  {
    module: "sigs.k8s.io/gateway-api@v1.4.0",
    sum: "h1:ZwlNM6zOHq0h3WUX2gfByPs2yAEsy/EenYJB78jpQfQ=",
    files: ["config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"],
  },
];

/** The CRDs' files, downloaded once into the cache. */
export async function crdFiles(): Promise<string[]> {
  const env = { ...process.env, GOPATH: inCache("go"), GOCACHE: inCache("go", "build"), GOFLAGS: "-modcacherw" };
  const files: string[] = [];
  for (const { module, sum, files: own } of modules) {
    // Outside any module, so that the answer is about this one alone.
    const { Dir, Sum } = JSON.parse(
      await run("go", ["mod", "download", "-json", module], { env, cwd: os.tmpdir() }),
    ) as { Dir: string; Sum: string };
    assert.equal(Sum, sum, `${module} is not what was reviewed`);
    files.push(...own.map((file) => path.join(Dir, file)));
  }
  return files;
}
