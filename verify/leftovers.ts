import * as pulumi from "@pulumi/pulumi";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../config";
import { type Adopted, adoptedMappers, type Adoption, keyOf, type Kind, madeHere, managedBy, type Representation } from "../lib/adoption";
import { groupsMapper, groupsScope } from "../lib/clients";
import { signInClients } from "../lib/rotation";
import { adminUrl, finder, namedIn, reader } from "./adoption";

/*
 * A run that was killed while Keycloak made an object leaves it there, unknown to the state, and each later run would end
 * with "already exists". So what the settings name, bears the program's mark and is not in the state is taken over.
 */

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

interface State {
  /** Has no run before this one made anything? */
  readonly isEmpty: boolean;
  /** The keys of its objects. */
  readonly keys: Set<string>;
  /** The names of its mappers' resources. */
  readonly mappers: Set<string>;
  /** Every generated password, by the name of its resource. */
  readonly passwords: Map<string, string>;
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

/** The name of a mapper's resource, as the component of its owner gives it. */
const mapperResource = (kind: Kind, owner: string, mapper: string): string => (kind === "client scope" ? owner : `${owner}-${mapper}`);

async function stateOf(): Promise<State> {
  const stackName = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  // The engine's own function: the program may read its state, and no more than that.
  const { outputs = {} } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName })) as { outputs?: Record<string, Known> };
  const known = Object.values(outputs);
  return {
    isEmpty: known.every(({ type }) => ownOfTheRun.includes(type)),
    keys: new Set(known.flatMap(({ type, outputs: own }) => (names[type] === undefined ? [] : [keyOf(names[type][0], String(own[names[type][1]]))]))),
    mappers: new Set(Object.entries(outputs).flatMap(([urn, { type }]) => (type.endsWith("ProtocolMapper") ? [nameOf(urn)] : []))),
    passwords: new Map(Object.entries(outputs).flatMap(([urn, { type, outputs: own }]) => (type === "random:index/randomPassword:RandomPassword" ? [[nameOf(urn), String(own.result)]] : []))),
  };
}

/** Does a client bear the program's mark? */
const isOurs = ({ attributes }: Representation): boolean => (attributes as Representation | undefined)?.["managed-by"] === managedBy["managed-by"];

/** Ends what the killed run began: gives a user the password that the state holds. */
async function setPassword({ keycloak, realm, isDev }: Settings, token: string, at: string, value: string): Promise<void> {
  const response = await fetch(`${adminUrl(keycloak.url, realm.name)}${at}/reset-password`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ type: "password", value, temporary: !isDev }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new pulumi.RunError(`Keycloak: a run that was killed has left ${at} of realm ${realm.name} without a password, and setting it is answered by ${response.status}; delete the user there, and run this again.`);
}

/** Keycloak goes on with a realm that a killed run has asked for, and refuses a second one: how long it may take. */
const REALM_SECONDS = 10;

/** Finds what a killed run has left in Keycloak. */
export async function findLeftovers(settings: Settings, token: string): Promise<Adoption> {
  const { realm, backstage, catalogSync, clients, rotation, users } = settings;
  const { isEmpty, keys, mappers, passwords } = await stateOf();
  const { active, standby } = signInClients(backstage, rotation);
  const named: [Kind, string, mappers?: readonly string[]][] = [
    ["client scope", groupsScope, [groupsMapper]],
    ...[active, ...(standby === undefined ? [] : [standby])].map(({ clientId }): [Kind, string] => ["client", clientId]),
    ...(catalogSync.enabled ? [["client", catalogSync.clientId] as [Kind, string]] : []),
    ...clients.map(({ clientId, mappers: own }): [Kind, string, string[]] => ["client", clientId, own.map(({ name }) => name)]),
    ...namedIn(settings),
  ];
  const realmKey = keyOf("realm", realm.name);
  const wanted = named
    .map(([kind, name, own = []]) => ({ kind, name, key: keyOf(kind, name), lacking: own.filter((mapper) => !mappers.has(mapperResource(kind, name, mapper))) }))
    .filter(({ key, lacking }) => lacking.length > 0 || !keys.has(key));
  // What is there before the first run is somebody else's.
  if (isEmpty || (wanted.length === 0 && keys.has(realmKey))) return {};

  const get = reader(settings, token);
  const find = finder(get, realm.name);
  const look = async (): Promise<Representation | undefined> => (await get("").catch(() => undefined)) as Representation | undefined;
  const patience = keys.has(realmKey) || pulumi.runtime.isDryRun() ? 0 : REALM_SECONDS;
  let existing = await look();
  for (let waited = 0; existing === undefined && waited < patience; waited++) {
    await sleep(1000);
    existing = await look();
  }
  if (existing === undefined) return {};
  const found: Record<string, Adopted> = {};
  if (!keys.has(realmKey)) {
    // Two stacks that name the same realm: the other's clients have secrets that are not in this state.
    const inRealm = ((await get("/clients")) ?? []) as Representation[];
    const secrets = inRealm.filter(isOurs).flatMap(({ secret }) => (typeof secret === "string" ? [secret] : []));
    const other = secrets.some((secret) => ![...passwords.values()].includes(secret));
    if (other || !madeHere(existing, realmKey)) return {};
    found[realmKey] = { importId: realm.name, found: existing };
  }
  for (const { kind, name, key, lacking } of wanted) {
    const object = await find(kind, name);
    if (object === undefined) continue;
    const ours = kind === "client" ? isOurs(object.found) : madeHere(existing, key);
    if (ours && !keys.has(key)) found[key] = object;
    for (const [mapper, left] of Object.entries(adoptedMappers(key, object, lacking))) if (ours || madeHere(existing, mapper)) found[mapper] = left;
  }
  // Keycloak takes a user's password by a second request, and the run may have ended before it.
  for (const { username, initialPassword } of users) {
    const left = found[keyOf("user", username)];
    const value = passwords.get(`users-${username}`);
    if (left === undefined || value === undefined || !initialPassword || pulumi.runtime.isDryRun()) continue;
    const at = `/users/${String(left.found.id)}`;
    if (((await get(`${at}/credentials`)) as unknown[]).length === 0) await setPassword(settings, token, at, value);
  }
  for (const key of Object.keys(found)) await pulumi.log.warn(`Keycloak has the ${key} already, as a run leaves it that was killed: it is taken over.`);
  return found;
}
