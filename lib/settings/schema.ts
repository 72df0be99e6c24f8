import { z } from "zod";
import { claimFaults } from "../ownership/claims";
import { backstageContractKeys, catalogKeys, contractKeys } from "../pod/contract";
import { publicUrlFault } from "../keycloak/urls";
import { Backstage, backstageFaults, rolloutSecondsOf } from "./backstage";
import { flag, name } from "./common";
import { gitopsFaults, gitopsSettings } from "./gitops";
import { identityFaults, identitySettings } from "./identity";

const Namespaces = z.strictObject({
  protect: flag
    .optional()
    .describe(
      "Refuse to delete a namespace that the program has made, Backstage's or one of `createNamespace`, " +
        "with all that is in it; when unset true, in `dev` false. One that was there before is used as it is and never deleted.",
    ),
});

/** The configuration as `Pulumi.<stack>.yaml` holds it. docs/configuration.md is generated from it. */
export const Config = z.strictObject({
  environment: name.meta({
    description:
      "The environment's name. Only `dev` may have plain http, lasting initial passwords and an unprotected realm.",
    example: "prod",
  }),
  ...identitySettings,
  backstage: Backstage.describe("Backstage, its place in the cluster and its sign-in."),
  ...gitopsSettings,
  namespaces: Namespaces.prefault({}).describe("What becomes of the namespaces that the program makes."),
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
  const entries = [
    {
      owner: parsed.backstage.clientId,
      keys: [...Object.values(backstageContractKeys), contractKeys.sessionSecret, ...Object.values(catalogKeys)],
    },
    ...parsed.clients.flatMap(({ clientId, secret }) =>
      secret === undefined ? [] : [{ owner: clientId, keys: Object.values(secret.keys) }],
    ),
  ];
  return [
    ...urlFaults,
    ...(parsed.backstage.url === parsed.keycloak.url
      ? ["backstage.url is keycloak.url, where only one of the two can answer; give one of them another host or path."]
      : []),
    // There the pods' credential and their app-config come by two ways, each at its own time.
    ...(parsed.rotation.strategy === "blue-green" && parsed.mode !== "direct"
      ? [`rotation.strategy is blue-green, which needs mode direct; set it to overlap or replace for ${parsed.mode}.`]
      : []),
    ...claimFaults(parsed),
    ...identityFaults(
      parsed,
      { clientId: parsed.backstage.clientId, rolloutSeconds: rolloutSecondsOf(parsed.backstage) },
      isDev,
    ),
    ...backstageFaults(parsed.backstage, parsed.catalogSync.enabled, isDev),
    ...gitopsFaults(parsed.mode, parsed.gitops, entries),
  ];
}
