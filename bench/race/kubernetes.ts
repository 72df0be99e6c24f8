import { apply as applyAs } from "../../test/e2e/gitops";

/** Applies objects as Argo CD or a person does. */
export const apply = (...objects: object[]): Promise<void> => applyAs("race", ...objects);

export const namespaceOf = (name: string): object => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

export const secretOf = (namespace: string, name: string, stringData: Readonly<Record<string, string>>): object => {
  const data = Object.fromEntries(
    Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  return { apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, type: "Opaque", data };
};
