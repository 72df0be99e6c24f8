import * as pulumi from "@pulumi/pulumi";
import { keyOf, type Kind, type Representation } from "../lib/adoption";
import { groupPath } from "../lib/groups";

interface Known {
  readonly type: string;
  readonly outputs: Representation;
}

/** The output that names an object, by the resource's type. */
const names: Readonly<Record<string, readonly [Kind | "realm", string]>> = {
  "keycloak:index/realm:Realm": ["realm", "realm"],
  "keycloak:index/role:Role": ["role", "name"],
  "keycloak:index/group:Group": ["group", "name"],
  "keycloak:index/user:User": ["user", "username"],
  "keycloak:openid/clientScope:ClientScope": ["client scope", "name"],
  "keycloak:openid/client:Client": ["client", "clientId"],
  "keycloak:saml/client:Client": ["client", "clientId"],
};

/** What this run itself has in the state by now: the stack, and the engine's provider of the functions that read it. */
const ownOfTheRun = ["pulumi:pulumi:Stack", "pulumi:providers:pulumi"];

/** What the engine's state knows of Keycloak. */
export interface State {
  /** Has no run before this one made anything? */
  readonly isEmpty: boolean;
  /** The keys of its objects. */
  readonly keys: Set<string>;
  /** The names of its mappers' resources. */
  readonly mappers: Set<string>;
  /** Every generated password, by the name of its resource. */
  readonly passwords: Map<string, string>;
}

/** The name of an object; of a group its path, as the settings know it. */
const nameIn = (outputs: Representation, [kind, output]: readonly [Kind | "realm", string]): string =>
  kind === "group" && typeof outputs.path === "string" ? groupPath(outputs.path) : String(outputs[output]);

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

export async function stateOf(): Promise<State> {
  const stackName = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  // The engine's own function: the program may read its state, and no more than that.
  const { outputs = {} } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName })) as { outputs?: Record<string, Known> };
  const known = Object.values(outputs);
  return {
    isEmpty: known.every(({ type }) => ownOfTheRun.includes(type)),
    keys: new Set(known.flatMap(({ type, outputs: own }) => (names[type] === undefined ? [] : [keyOf(names[type][0], nameIn(own, names[type]))]))),
    mappers: new Set(Object.entries(outputs).flatMap(([urn, { type }]) => (type.endsWith("ProtocolMapper") ? [nameOf(urn)] : []))),
    passwords: new Map(Object.entries(outputs).flatMap(([urn, { type, outputs: own }]) => (type === "random:index/randomPassword:RandomPassword" ? [[nameOf(urn), String(own.result)]] : []))),
  };
}
