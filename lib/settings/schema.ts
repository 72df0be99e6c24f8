import { z } from "zod";
import { backstageContractKeys, catalogKeys, contractKeys, contractSecretName } from "../contract";
import { publicUrlFault } from "../urls";
import { Backstage, backstageFaults } from "./backstage";
import { name } from "./common";
import { gitopsFaults, gitopsSettings } from "./gitops";
import { identityFaults, identitySettings } from "./identity";

/** The configuration as `Pulumi.<stack>.yaml` holds it. docs/configuration.md is generated from it. */
export const Config = z.strictObject({
  environment: name.meta({
    description: "The environment's name. Only `dev` may have plain http, lasting initial passwords and an unprotected realm.",
    example: "prod",
  }),
  ...identitySettings,
  backstage: Backstage.describe("Backstage, its place in the cluster and its sign-in."),
  ...gitopsSettings,
  kubeconfig: z.string().default("").meta({
    title: "path or text",
    description: "The cluster; when empty `KUBECONFIG`, then `~/.kube/config`, then the pod's own.",
  }),
});

export type Parsed = z.output<typeof Config>;

/** Keys that Pulumi holds encrypted; the loader takes them as Outputs, so no schema sees their values. */
export const secretKeys: Readonly<Record<string, string>> = {
  keycloakAdminPassword: "The password of `keycloak.admin.username`, for the method `password`.",
  keycloakAdminClientSecret: "The secret of `keycloak.admin.clientId`, for the method `client-secret`.",
  keycloakAdminSigningKey: "The private key of `keycloak.admin.clientId` as PEM, for the method `signed-jwt`.",
};

/** Everything that is wrong beyond a single key, a sentence each. */
export function crossFaults(parsed: Parsed): string[] {
  const isDev = parsed.environment === "dev";
  const urls = { "keycloak.url": parsed.keycloak.url, "backstage.url": parsed.backstage.url };
  const urlFaults = Object.entries(urls).flatMap(([key, value]) => {
    const fault = publicUrlFault(value, isDev);
    return fault === undefined ? [] : [`${key} ${fault}.`];
  });
  const backstage = { clientId: parsed.backstage.clientId, secret: `${parsed.backstage.namespace}/${contractSecretName}` };
  const entries = [
    { owner: parsed.backstage.clientId, keys: [...Object.values(backstageContractKeys), contractKeys.sessionSecret, ...Object.values(catalogKeys)] },
    ...parsed.clients.flatMap(({ clientId, secret }) => (secret === undefined ? [] : [{ owner: clientId, keys: Object.values(secret.keys) }])),
  ];
  return [
    ...urlFaults,
    ...(parsed.backstage.url === parsed.keycloak.url ? ["backstage.url is keycloak.url, where only one of the two can answer; give one of them another host or path."] : []),
    // There the pods' credential and their app-config come by two ways, each at its own time.
    ...(parsed.rotation.strategy === "blue-green" && parsed.mode !== "direct" ? [`rotation.strategy is blue-green, which needs mode direct; set it to overlap or replace for ${parsed.mode}.`] : []),
    ...identityFaults(parsed, backstage, isDev),
    ...backstageFaults(parsed.backstage, parsed.catalogSync.enabled, isDev),
    ...gitopsFaults(parsed.mode, parsed.gitops, entries),
  ];
}
