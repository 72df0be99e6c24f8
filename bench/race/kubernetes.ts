import { run } from "../../sandbox/process";
import { pulumiEnv } from "../../sandbox/pulumi";

/** Objects, applied as Argo CD or a person does; ours wins over whoever set the same field before. */
export async function apply(...objects: object[]): Promise<void> {
  const list = { apiVersion: "v1", kind: "List", items: objects };
  const args = ["apply", "--server-side", "--force-conflicts", "--field-manager", "race", "-f", "-"];
  await run("kubectl", args, { env: await pulumiEnv(), input: JSON.stringify(list) });
}

export const namespaceOf = (name: string): object => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

export const secretOf = (namespace: string, name: string, stringData: Readonly<Record<string, string>>): object => {
  const data = Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
  return { apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, type: "Opaque", data };
};
