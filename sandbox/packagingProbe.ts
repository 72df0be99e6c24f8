import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as http from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";

/*
 * What `pulumi preview` does with the program until the first server has something to say, and the policy pack's rules;
 * sandbox/packaging.ts copies it beside an installed program. Nothing here is imported that this program does not name.
 */

/** An API server that has nothing. */
async function emptyCluster(): Promise<{ kubeconfig: string; close: () => void }> {
  const server = http.createServer((_, response) =>
    response.writeHead(404, { "content-type": "application/json" }).end('{"kind":"Status","code":404}'),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "packaging-"));
  const kubeconfig = path.join(folder, "config");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "empty",
    contexts: [{ name: "empty", context: { cluster: "empty", user: "nobody" } }],
    clusters: [{ name: "empty", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "nobody", user: {} }],
  };
  fs.writeFileSync(kubeconfig, JSON.stringify(config));
  return {
    kubeconfig,
    close() {
      server.close();
      server.closeAllConnections();
      fs.rmSync(folder, { recursive: true });
    },
  };
}

async function main(): Promise<void> {
  const { kubeconfig, close } = await emptyCluster();
  await pulumi.runtime.setMocks(
    { newResource: ({ inputs }) => ({ id: "", state: inputs as object }), call: () => ({}) },
    "backstage-keycloak",
    "prod",
    true,
    "organization",
  );
  const settings = {
    environment: "prod",
    keycloak: { url: "https://id.example.com", waitSeconds: 1 },
    realm: { name: "platform" },
    backstage: {
      url: "https://b.example.com",
      image: "registry.example.com/b:1",
      extraEnv: [{ name: "A", secret: "theirs" }],
    },
    kubeconfig,
    keycloakAdminPassword: "secret",
  };
  const values = Object.entries(settings).map(([key, value]) => [
    `backstage-keycloak:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const secret = ["backstage-keycloak:keycloakAdminPassword"];
  pulumi.runtime.setAllConfig(Object.fromEntries(values) as Record<string, string>, secret);
  process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(secret);

  const load = createRequire(__filename);
  const program = load("./index.ts") as () => Promise<unknown>;
  const said = await program().then(
    () => "nothing",
    (error: unknown) => (error as Error).message,
  );
  close();
  for (const rule of fs.readdirSync(path.join(__dirname, "policy", "rules"))) load(`./policy/rules/${rule}`);
  load("./policy/profileFaults.ts");
  const wanted =
    "Kubernetes: backstage.extraEnv.0.secret names Secret backstage/theirs, which is not there; create it " +
    "first, or correct backstage.extraEnv.0.secret.";
  console.log(said === wanted ? "ok" : `the program said: ${said}`);
}

void main();
