import { keyOf, mapperKey } from "../keycloak/adoption";
import { builtInClients, groupsMapper, groupsScope } from "../keycloak/clients";
import { contractSecretName, externalSecretName } from "../pod/contract";
import { componentNames, mapperName, partName } from "../resourceNames";
import { readerName } from "../gitops/externalSecrets";
import { namedObjects } from "../pod/prerequisites";
import { green } from "../keycloak/rotation";
import { completed, databaseOf } from "../settings/backstage";
import type { Parsed } from "../settings/schema";

/*
 * Every object that a run makes, and whose it is, without Pulumi: one name, one owner.
 * test/unit/lib/ownership/claims.test.ts compares this list with what the components register, so that an object that
 * is added there is missed here.
 */

/** An object by its name, and who says so. */
export interface Claim {
  /** As in Kubernetes, or of Keycloak as `keyOf` has it. */
  readonly kind: string;
  /** Of a Kubernetes object. */
  readonly apiVersion?: string;
  /** Empty for what is in none. */
  readonly namespace: string;
  readonly name: string;
  /** The setting that names it. */
  readonly setting: string;
  /** Whose it is, as a sentence about another one of that name goes on. */
  readonly owner: string;
  /**
   * Where Pulumi keeps it: the types of its parents and its own, and the name. Undefined where Pulumi does not make it.
   */
  readonly urn?: string;
  /** How the sentence begins, and how it ends. @default "is" and the place, "choose another" */
  readonly says?: { readonly begin: string; readonly remedy: string };
}

type ClaimSettings = Omit<Parsed, "keycloak" | "kubeconfig" | "waves">;

const ITSELF = "which this program makes itself";

/** What the settings and the program call an object; two that are one in the cluster, or in the realm, are equal. */
export const placeOf = ({ kind, namespace, name }: Pick<Claim, "kind" | "namespace" | "name">): string =>
  `${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;

const component = (path: string): string =>
  path
    .split(" ")
    .map((one) => `backstage-keycloak:${one}$`)
    .join("");

const object = (
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
  setting: string,
  more: Partial<Claim> & { parent?: string; resource?: string } = {},
): Claim => {
  const { parent, resource, ...rest } = more;
  const urn =
    parent === undefined
      ? {}
      : { urn: `${parent}kubernetes:${apiVersion === "v1" ? "core/v1" : apiVersion}:${kind}::${resource ?? name}` };
  return { apiVersion, kind, namespace, name, setting, owner: ITSELF, ...urn, ...rest };
};

const inKeycloak = (kind: string, name: string, setting: string, urn?: string, owner = ITSELF): Claim => ({
  kind,
  namespace: "",
  name,
  setting,
  owner,
  ...(urn === undefined ? {} : { urn }),
});

const CONTRACT = component("credential:ContractSecret");
const CLIENTS = component("identity:PlatformClients");

/** Of Backstage, in its namespace: Pulumi's, or Argo CD's. */
function backstageObjects({ backstage, environment }: ClaimSettings): Claim[] {
  const { namespace, serviceAccount, networkPolicy, exposure, autoscaling, replicas } = backstage;
  const setting = "backstage.namespace";
  const hasDatabase = databaseOf(backstage, environment === "dev").kind === "postgres";
  const { backstage: NAME, database: data } = componentNames;
  const of = (parent: string) => (apiVersion: string, kind: string, name: string) =>
    object(apiVersion, kind, namespace, name, setting, { parent: component(parent) });
  const [database, app] = [of("workload:Database"), of("workload:Backstage")];
  const [account, network, availability, way] = ["Account", "Network", "Availability", "Exposure"].map((part) =>
    of(`workload:Backstage workload:${part}`),
  ) as [typeof app, typeof app, typeof app, typeof app];
  return [
    object("v1", "Namespace", "", namespace, setting, { parent: "", owner: "which backstage.namespace makes" }),
    object("v1", "Secret", namespace, contractSecretName, setting, {
      parent: CONTRACT,
      owner: "which another client has",
    }),
    ...(hasDatabase
      ? [
          database("v1", "Secret", data),
          database("v1", "PersistentVolumeClaim", data),
          database("apps/v1", "StatefulSet", data),
          database("v1", "Service", data),
        ]
      : []),
    app("v1", "ConfigMap", partName(NAME, "app-config")),
    app("v1", "ConfigMap", partName(NAME, "gate")),
    account("v1", "ServiceAccount", NAME),
    ...(serviceAccount.rules.length === 0
      ? []
      : ["Role", "RoleBinding"].map((kind) => account("rbac.authorization.k8s.io/v1", kind, NAME))),
    ...(networkPolicy.enabled ? [NAME, ...(hasDatabase ? [data] : [])] : []).map((name) =>
      network("networking.k8s.io/v1", "NetworkPolicy", name),
    ),
    app("apps/v1", "Deployment", NAME),
    app("v1", "Service", NAME),
    ...(replicas > 1 || autoscaling !== undefined ? [availability("policy/v1", "PodDisruptionBudget", NAME)] : []),
    ...(autoscaling === undefined ? [] : [availability("autoscaling/v2", "HorizontalPodAutoscaler", NAME)]),
    ...(exposure.kind === "ingress" ? [way("networking.k8s.io/v1", "Ingress", NAME)] : []),
    ...(exposure.kind === "gateway" ? [way("gateway.networking.k8s.io/v1", "HTTPRoute", NAME)] : []),
  ];
}

/** Of the platform's other clients: a namespace each once, whoever names it, and their Secrets. */
function clientObjects({ backstage, clients }: ClaimSettings): Claim[] {
  const made = [backstage.namespace];
  return clients.flatMap(({ clientId, secret }, index): Claim[] => {
    if (secret === undefined) return [];
    const { namespace, name, createNamespace } = secret;
    const isNew = createNamespace && !made.includes(namespace);
    if (isNew) made.push(namespace);
    return [
      ...(isNew
        ? [
            object("v1", "Namespace", "", namespace, `clients.${index}.secret.namespace`, {
              parent: CLIENTS,
              owner: `which clients.${index}.secret makes`,
            }),
          ]
        : []),
      object("v1", "Secret", namespace, name, `clients.${index}.secret`, {
        parent: `${CLIENTS}${CONTRACT}`,
        resource: clientId,
        owner: "which another client has",
      }),
    ];
  });
}

/** The source Secret, which is Pulumi's in every mode that has one. */
function sourceObjects({ mode, gitops: { source } }: ClaimSettings): Claim[] {
  if (mode === "direct") return [];
  const parent = component("credential:SourceSecret");
  const { namespace, name, createNamespace } = source;
  const says = {
    begin: `gitops.source.createNamespace would make Namespace ${namespace}`,
    remedy: "set it to false, and create the namespace before the first run",
  };
  return [
    ...(createNamespace
      ? [object("v1", "Namespace", "", namespace, "gitops.source.createNamespace", { parent, says })]
      : []),
    object("v1", "Secret", namespace, name, "gitops.source", { parent, resource: componentNames.source }),
  ];
}

/** What is rendered beside what Pulumi makes in the mode direct. */
function renderedObjects({ mode, backstage, clients, gitops, environment }: ClaimSettings): Claim[] {
  if (mode === "direct") return [];
  const { source, secretStore, pushSecret } = gitops;
  const operator = "external-secrets.io/v1";
  const external = [
    { namespace: backstage.namespace, name: externalSecretName, setting: "backstage.namespace" },
    ...(databaseOf(backstage, environment === "dev").kind === "postgres"
      ? [{ namespace: backstage.namespace, name: componentNames.database, setting: "backstage.namespace" }]
      : []),
    ...clients.flatMap(({ secret }, index) =>
      secret === undefined
        ? []
        : [{ namespace: secret.namespace, name: secret.name, setting: `clients.${index}.secret` }],
    ),
  ];
  const readers = [...new Set(external.map(({ namespace }) => namespace))];
  const rights = "rbac.authorization.k8s.io/v1";
  const setting = "gitops.source.namespace";
  return [
    ...external.map(({ namespace, name, setting: of }) => object(operator, "ExternalSecret", namespace, name, of)),
    ...(secretStore === undefined
      ? []
      : [
          object(rights, "Role", source.namespace, readerName, setting),
          ...readers.flatMap((namespace) => [
            object("v1", "ServiceAccount", namespace, readerName, setting),
            object(rights, "RoleBinding", source.namespace, `${readerName}-${namespace}`, setting),
            object(operator, "SecretStore", namespace, secretStore.name, "gitops.secretStore.name"),
          ]),
        ]),
    ...(pushSecret === undefined
      ? []
      : [object("external-secrets.io/v1alpha1", "PushSecret", source.namespace, source.name, "gitops.source")]),
    object("v1", "ConfigMap", source.namespace, "config-gate", setting),
    object("batch/v1", "Job", source.namespace, "config", setting),
  ];
}

/** What Pulumi makes in the cluster. */
export function clusterClaims(settings: ClaimSettings): Claim[] {
  const own = settings.mode === "hybrid" ? [] : [...backstageObjects(settings), ...clientObjects(settings)];
  return [...own, ...sourceObjects(settings)];
}

/** What is made for Argo CD to apply. */
export const gitClaims = (settings: ClaimSettings): Claim[] =>
  [...backstageObjects(settings), ...clientObjects(settings), ...renderedObjects(settings)].filter(
    ({ kind }) => kind !== "Secret",
  );

/** What Pulumi makes in Keycloak. */
export function keycloakClaims({
  realm,
  roles,
  groups,
  users,
  clients,
  catalogSync,
  backstage,
  rotation,
}: ClaimSettings): Claim[] {
  const oidc = "keycloak:openid/client:Client";
  const own = component("identity:OidcClient");
  const signIn = [backstage.clientId, ...(rotation.strategy === "blue-green" ? [green(backstage.clientId)] : [])];
  const scope = component("identity:GroupsScope");
  // A mapper's resource has a name of two parts, and two clients may come to the same.
  const mappers = clients.flatMap(({ clientId, mappers: list }, index) =>
    list.map(({ name }, at): Claim => {
      const resource = mapperName("client", clientId, name);
      const key = `clients.${index}.mappers.${at}.name`;
      const says = {
        begin: `${key} makes, with its client's id, the resource ${resource}`,
        remedy: "choose another name",
      };
      return {
        ...inKeycloak(
          "mapper",
          resource,
          key,
          `${CLIENTS}${own}keycloak:openid/audienceProtocolMapper:AudienceProtocolMapper::${resource}`,
          "as another client's mapper does",
        ),
        says,
      };
    }),
  );
  return [
    inKeycloak(
      "realm",
      realm.name,
      "realm.name",
      `${component("identity:Realm")}keycloak:index/realm:Realm::${realm.name}`,
    ),
    inKeycloak(
      "client scope",
      groupsScope,
      "realm.name",
      `${scope}keycloak:openid/clientScope:ClientScope::${groupsScope}`,
    ),
    inKeycloak(
      "mapper",
      mapperKey(keyOf("client scope", groupsScope), groupsMapper),
      "realm.name",
      `${scope}keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper::` +
        mapperName("client scope", groupsScope, groupsMapper),
    ),
    ...(rotation.strategy === "overlap"
      ? [
          "keycloak:index/realmClientPolicyProfile:RealmClientPolicyProfile",
          "keycloak:index/realmClientPolicyProfilePolicy:RealmClientPolicyProfilePolicy",
        ].map((type, index) =>
          inKeycloak(
            ["client profile", "client policy"][index] ?? "",
            componentNames.secretRotation,
            "rotation.strategy",
            `${component("identity:SecretRotation")}${type}::${componentNames.secretRotation}`,
          ),
        )
      : []),
    ...roles.map(({ name }, index) =>
      inKeycloak(
        "role",
        name,
        `roles.${index}.name`,
        `${component("identity:Groups")}keycloak:index/role:Role::${partName(componentNames.groups, name)}`,
      ),
    ),
    ...groups.map(({ name }, index) =>
      inKeycloak(
        "group",
        name,
        `groups.${index}.name`,
        `${component("identity:Groups")}keycloak:index/group:Group::${partName(componentNames.groups, name)}`,
      ),
    ),
    ...users.map(({ username }, index) =>
      inKeycloak(
        "user",
        username,
        `users.${index}.username`,
        `${component("identity:Users")}keycloak:index/user:User::${partName(componentNames.users, username)}`,
      ),
    ),
    ...signIn.map((clientId) => inKeycloak("client", clientId, "backstage.clientId", `${own}${oidc}::${clientId}`)),
    ...(catalogSync.enabled
      ? [
          inKeycloak(
            "client",
            catalogSync.clientId,
            "catalogSync.clientId",
            `${component("identity:CatalogSync identity:OidcClient")}${oidc}::${catalogSync.clientId}`,
          ),
        ]
      : []),
    ...clients.map(({ clientId, kind }, index) =>
      inKeycloak(
        "client",
        clientId,
        `clients.${index}.clientId`,
        kind === "saml"
          ? `${CLIENTS}${component("identity:SamlClient")}keycloak:saml/client:Client::${clientId}`
          : `${CLIENTS}${own}${oidc}::${clientId}`,
      ),
    ),
    ...mappers,
  ];
}

/** What Keycloak makes with every realm. */
const ofKeycloak: readonly Claim[] = builtInClients.map((name) =>
  inKeycloak("client", name, "realm.name", undefined, "a client of Keycloak's own"),
);

/** What the settings name and others make: it must not be the program's. */
function references(settings: ClaimSettings): Claim[] {
  const { backstage, gitops, mode, environment } = settings;
  const named = namedObjects({ ...settings, backstage: completed(backstage, environment) }).filter(
    ({ kind }) => kind !== "Namespace",
  );
  const { namespace, imagePullSecrets, exposure } = backstage;
  const secrets = [
    ...imagePullSecrets.map((name, index) => ({ setting: `backstage.imagePullSecrets.${index}`, name })),
    ...(exposure.kind === "ingress" && exposure.tlsSecret !== undefined
      ? [{ setting: "backstage.exposure.tlsSecret", name: exposure.tlsSecret }]
      : []),
  ];
  const { pushSecret, source } = gitops;
  const all = [
    ...named,
    ...secrets.map((one) => ({ ...one, kind: "Secret", namespace })),
    ...(mode !== "direct" && pushSecret?.storeKind === "SecretStore"
      ? [
          {
            setting: "gitops.pushSecret.store",
            kind: "SecretStore",
            namespace: source.namespace,
            name: pushSecret.store,
          },
        ]
      : []),
  ];
  return all.map(({ setting, kind, namespace: at, name }) => {
    const claim = { kind, namespace: at, name };
    return {
      ...claim,
      setting,
      owner: "",
      says: { begin: `${setting} names ${placeOf(claim)}`, remedy: "name one of your own" },
    };
  });
}

/** Two entries of one list have the same name: the list's own rule says so. */
const inOneList = (one: Claim, other: Claim): boolean => {
  const list = ({ setting }: Claim): string => setting.replace(/\d+(?=\.[A-Za-z]+$)/, "");
  return !/Secret$/.test(one.kind) && list(one) === list(other);
};

/** A sentence for each setting by which an object would have two owners. */
export function claimFaults(settings: ClaimSettings): string[] {
  const owners = new Map<string, Claim>();
  const faults = new Map<string, string>();
  const refuse = (claim: Claim, owner: Claim): void => {
    const { setting, namespace, name, says } = claim;
    const begin = says?.begin ?? `${setting} is ${namespace === "" ? name : `${namespace}/${name}`}`;
    // One sentence for a setting, of however many objects it is the name.
    if (!faults.has(setting)) faults.set(setting, `${begin}, ${owner.owner}; ${says?.remedy ?? "choose another"}.`);
  };
  // Whoever applies them: in hybrid mode the Secrets are the External Secrets Operator's, under the same names.
  const made = [
    ...ofKeycloak,
    ...keycloakClaims(settings),
    ...clusterClaims({ ...settings, mode: "direct" }),
    ...sourceObjects(settings),
    ...renderedObjects(settings),
  ];
  for (const claim of made) {
    const place = placeOf(claim);
    const owner = owners.get(place);
    if (owner === undefined) owners.set(place, claim);
    else if (!inOneList(claim, owner)) refuse(claim, owner);
  }
  for (const claim of references(settings)) {
    const owner = owners.get(placeOf(claim));
    if (owner !== undefined) refuse(claim, { ...owner, owner: ITSELF });
  }
  return [...faults.values()];
}
