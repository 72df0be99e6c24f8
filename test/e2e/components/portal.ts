import type * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";
import { Backstage } from "../../../components/backstage";
import { ContractSecret } from "../../../components/contractSecret";
import { Database, type OwnPostgres } from "../../../components/database";
import { Groups } from "../../../components/groups";
import { GroupsScope } from "../../../components/groupsScope";
import { OidcClient } from "../../../components/oidcClient";
import { Realm } from "../../../components/realm";
import { Users } from "../../../components/users";
import { backstageUrls } from "../../../lib/keycloak/urls";
import type { Made, Outputs } from "../../../lib/outputs";
import { backstageContractKeys, contractKeys } from "../../../lib/pod/contract";
import { clusterTarget } from "../../../program/targets";

export interface Site {
  readonly keycloakUrl: string;
  readonly url: string;
  readonly image: string;
  readonly nodePort: number;
  readonly database?: Omit<OwnPostgres, "kind" | "rolloutSeconds">;
}

/** Somebody's own program out of the components: no setting of ours, and no name that ours has. */
export function portal(site: Site, given: { keycloak: keycloak.Provider; kubernetes: k8s.Provider }): Made<Outputs> {
  const people = { providers: [given.keycloak] };
  const [authProvider, authEnvironment] = ["oidc", "live"];
  const urls = backstageUrls(site.url, authProvider, authEnvironment);
  const realm = new Realm("company", { keycloakUrl: site.keycloakUrl, realmName: "company", protect: false }, people);
  const groupsScope = new GroupsScope("membership", { realm }, people);
  const groups = new Groups(
    "teams",
    { realm, roles: [{ name: "reader" }], groups: [{ name: "crew", roles: ["reader"] }] },
    people,
  );
  const grace = {
    username: "grace",
    email: "grace@example.com",
    firstName: "Grace",
    lastName: "Hopper",
    groups: ["crew"],
  };
  const users = new Users("staff", { realm, groups, users: [grace], temporaryPasswords: false }, people);
  const client = new OidcClient(
    "web",
    { realm, groupsScope, clientId: "portal-web", rootUrl: urls.base, redirectUris: [urls.redirectUri] },
    people,
  );

  const target = clusterTarget({ waves: { base: 1, step: 1 } });
  const home = new k8s.core.v1.Namespace(
    "home",
    { metadata: { name: "portal-system" } },
    { provider: given.kubernetes },
  );
  const own = { target, namespace: home.metadata.name };
  const objects = { providers: [given.kubernetes], dependsOn: [home] };
  const contract = new ContractSecret(
    "credential",
    {
      ...own,
      realm,
      client,
      owner: "portal-web",
      secretName: "portal-oidc",
      keys: backstageContractKeys,
      sessionSecretKey: contractKeys.sessionSecret,
      generationsKey: contractKeys.generations,
    },
    objects,
  );
  const server = { kind: "postgres" as const, protect: false, rolloutSeconds: 300, ...site.database };
  const database = new Database("pg", { ...own, server }, objects);
  const app = new Backstage(
    "portal",
    {
      target,
      contract,
      database,
      url: site.url,
      image: site.image,
      nodePort: site.nodePort,
      authEnvironment,
      // As the image of the local platform has it.
      command: ["node", "/app/index.js"],
      configFiles: [],
      resolvers: [
        { resolver: "emailLocalPartMatchingUserEntityName", dangerouslyAllowSignInWithoutUserInCatalog: true },
      ],
      startSeconds: 120,
    },
    objects,
  );
  return {
    mode: "direct",
    backstageUrl: app.url,
    authProvider,
    authEnvironment,
    keycloakUrl: site.keycloakUrl,
    issuer: realm.issuer,
    rotation: { generation: 1, strategy: "replace", graceBegan: 0, graceEnds: 0 },
    namespace: contract.namespace,
    namespacesProtected: false,
    deployment: app.deploymentName,
    contractSecret: contract.secretName,
    credential: contract.data,
    clientSecrets: {},
    userPasswords: users.passwords,
    userPasswordsTemporary: false,
  };
}
