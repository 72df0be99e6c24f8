import { keyOf, type Kind, type Representation } from "../lib/keycloak/adoption";
import { placeOf } from "../lib/ownership/claims";
import { componentNames, isRead, partName } from "../lib/resourceNames";
import { groupPath } from "../lib/keycloak/groups";
import { COMPONENT_TYPE, storedResources, type StoredResource } from "./lastUpdate";

/** The output that names an object, by the resource's type. */
const nameOutputs: Readonly<Record<string, readonly [Kind | "realm", string]>> = {
  "keycloak:index/realm:Realm": ["realm", "realm"],
  "keycloak:index/role:Role": ["role", "name"],
  "keycloak:index/group:Group": ["group", "name"],
  "keycloak:index/user:User": ["user", "username"],
  "keycloak:openid/clientScope:ClientScope": ["client scope", "name"],
  "keycloak:openid/client:Client": ["client", "clientId"],
  "keycloak:saml/client:Client": ["client", "clientId"],
};

/** What this run itself has in the state by now: the stack, and the engine's provider of the functions that read it. */
const resourcesOfTheRun = ["pulumi:pulumi:Stack", "pulumi:providers:pulumi"];

/** What the engine's state knows of Keycloak and of the cluster. */
export interface State {
  /** Has no run before this one made anything? */
  readonly isEmpty: boolean;
  /** The keys of its objects. */
  readonly keys: Set<string>;
  /**
   * Where Pulumi keeps each object that it has made, by its place: as `keyOf` has it, or of Kubernetes as `placeOf`
   * does.
   */
  readonly urns: Map<string, string>;
  /** Keycloak's own id of its objects, by their keys; not of all. */
  readonly ids: Map<string, string>;
  /** The names of its mappers' resources. */
  readonly mappers: Set<string>;
  /** Every generated password, by the name of its resource. */
  readonly passwords: Map<string, string>;
  /** The generation of each of them that has any, by the same name. */
  readonly generations: Map<string, number>;
}

/**
 * The outputs of another resource that hold an object's id, which not every provider has among the object's own, by the
 * resource's type.
 */
const idOutputs: Readonly<Record<string, readonly [Kind, prefix: string, string]>> = {
  "keycloak:openid/clientDefaultScopes:ClientDefaultScopes": ["client", "", "clientId"],
  "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper": ["client scope", "", "clientScopeId"],
  "keycloak:index/userGroups:UserGroups": ["user", partName(componentNames.users, ""), "userId"],
};

/** What a Kubernetes object is called. */
function kubernetesPlace(type: string, { metadata }: Representation): string {
  const { namespace = "", name = "" } = (metadata ?? {}) as { namespace?: string; name?: string };
  const kind = type.split(":").at(-1) ?? "";
  return placeOf({ kind, namespace: kind === "Namespace" ? "" : namespace, name });
}

/** The name of an object; of a group its path, as the settings know it. */
const nameIn = (outputs: Representation, [kind, output]: readonly [Kind | "realm", string]): string =>
  kind === "group" && typeof outputs.path === "string" ? groupPath(outputs.path) : String(outputs[output]);

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

const isPassword = ({ type }: StoredResource): boolean => type === "random:index/randomPassword:RandomPassword";

export async function readState(isComponent = false): Promise<State> {
  const outputs = await storedResources();
  const places = Object.entries(outputs).flatMap(([urn, { type, outputs: values }]) => {
    if (type.startsWith("kubernetes:")) return isRead(urn) ? [] : [{ urn, place: kubernetesPlace(type, values) }];
    const [kind, output] = nameOutputs[type] ?? [];
    return kind === undefined || output === undefined
      ? []
      : [{ urn, place: keyOf(kind, nameIn(values, [kind, output])) }];
  });
  const ids = Object.entries(outputs).flatMap(([urn, { type, outputs: own }]): [string, string][] => {
    const [kind, prefix, output] = idOutputs[type] ?? [];
    return kind === undefined || prefix === undefined || output === undefined
      ? []
      : [[keyOf(kind, nameOf(urn).slice(prefix.length)), String(own[output])]];
  });
  return {
    isEmpty: Object.entries(outputs).every(
      ([urn, { type }]) => resourcesOfTheRun.includes(type) || (isComponent && !urn.includes(`${COMPONENT_TYPE}$`)),
    ),
    keys: new Set(places.map(({ place }) => place)),
    // Below the component it is called as it would be without.
    urns: new Map(
      places.map(({ urn, place }) => [place, isComponent ? `::${urn.split(`${COMPONENT_TYPE}$`)[1] ?? ""}` : urn]),
    ),
    ids: new Map(ids),
    mappers: new Set(
      Object.entries(outputs).flatMap(([urn, { type }]) => (type.endsWith("ProtocolMapper") ? [nameOf(urn)] : [])),
    ),
    passwords: new Map(
      Object.entries(outputs).flatMap(([urn, one]) =>
        isPassword(one) ? [[nameOf(urn), String(one.outputs.result)]] : [],
      ),
    ),
    generations: new Map(
      Object.entries(outputs).flatMap(([urn, one]) => {
        const { generation } = (one.outputs.keepers ?? {}) as { generation?: string };
        return isPassword(one) && generation !== undefined ? [[nameOf(urn), Number(generation)]] : [];
      }),
    ),
  };
}
