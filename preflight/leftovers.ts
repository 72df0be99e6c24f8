import * as pulumi from "@pulumi/pulumi";
import { setTimeout as sleep } from "node:timers/promises";
import type { DecidedSettings } from "../config";
import {
  type Adopted,
  adoptedMappers,
  type Adoption,
  isManaged,
  keyOf,
  type Kind,
  madeHere,
  type Representation,
} from "../lib/keycloak/adoption";
import { groupsMapper, groupsScope } from "../lib/keycloak/clients";
import { adminUrl, finder, namedIn, reader } from "./findAdopted";
import { componentNames, mapperName, partName } from "../lib/resourceNames";
import type { State } from "./state";

/*
 * A run that was killed while Keycloak made an object leaves it there, unknown to the state, and each later run would
 * end with "already exists". So what the settings name, bears the program's mark and is not in the state is taken over;
 * what is somebody else's is refused before anything is made, unless the settings adopt it.
 */

/** An object that the settings name. */
interface Named {
  readonly kind: Kind;
  readonly name: string;
  readonly mappers?: readonly string[];
  /** The setting that names it. */
  readonly setting: string;
  /** The setting that adopts it, and whether it does. */
  readonly flag?: string;
  readonly adopt?: boolean;
}

function namedBy({ realm, backstage, catalogSync, clients, signIn, ...settings }: DecidedSettings): Named[] {
  const { active, standby } = signIn;
  const withRealm = { flag: "realm.adopt", adopt: realm.adopt };
  const signInClients = [active, ...(standby === undefined ? [] : [standby])].map(({ clientId }): Named => {
    const adoption =
      clientId === backstage.clientId ? { flag: "backstage.adoptClient", adopt: backstage.adoptClient } : {};
    return { kind: "client", name: clientId, setting: "backstage.clientId", ...adoption };
  });
  const catalog: Named[] = catalogSync.enabled
    ? [{ kind: "client", name: catalogSync.clientId, setting: "catalogSync.clientId", ...withRealm }]
    : [];
  const others = clients.map(({ clientId, kind, adopt, mappers }, index): Named => {
    const adoption = kind === "saml" ? {} : { flag: `clients.${index}.adopt`, adopt };
    return {
      kind: "client",
      name: clientId,
      mappers: mappers.map(({ name }) => name),
      setting: `clients.${index}.clientId`,
      ...adoption,
    };
  });
  const below = namedIn(settings).map(([kind, name]): Named => ({
    kind,
    name,
    setting: `name in ${kind}s`,
    ...withRealm,
  }));
  return [
    { kind: "client scope", name: groupsScope, mappers: [groupsMapper], setting: "realm.name", ...withRealm },
    ...signInClients,
    ...catalog,
    ...others,
    ...below,
  ];
}

/** Says what is in the way of an object that is to be made. @param marked does it bear the program's mark? */
function inTheWay(object: string, marked: boolean, { setting, flag }: Pick<Named, "setting" | "flag">): string {
  if (marked)
    return (
      `Keycloak: ${object} is there already, made by this program and not in this stack's state; choose ` +
      `another ${setting}, or, where the state was lost, see docs/migration.md.`
    );
  const remedy = flag === undefined ? "delete it there" : `set ${flag} to true to take it over`;
  return `Keycloak: ${object} is there already, and not of this stack; ${remedy}, or choose another ${setting}.`;
}

/** Ends what the killed run began: gives a user the password that the state holds. */
async function setPassword(
  { keycloak, realm, isDev }: DecidedSettings,
  token: string,
  at: string,
  value: string,
): Promise<void> {
  const response = await fetch(`${adminUrl(keycloak.url, realm.name)}${at}/reset-password`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ type: "password", value, temporary: !isDev }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok)
    throw new pulumi.RunError(
      `Keycloak: a run that was killed has left ${at} of realm ${realm.name} without a password, and ` +
        `setting it is answered by ${response.status}; delete the user there, and run this again.`,
    );
}

/** Keycloak goes on with a realm that a killed run has asked for, and refuses a second one: how long it may take. */
const REALM_SECONDS = 10;

type Get = ReturnType<typeof reader>;

/** The realm, waited for as long as a killed run may still have it made. @param patience in seconds */
async function realmBy(get: Get, patience: number): Promise<Representation | undefined> {
  const readRealm = async (): Promise<Representation | undefined> =>
    (await get("").catch(() => undefined)) as Representation | undefined;
  let realm = await readRealm();
  for (let waited = 0; realm === undefined && waited < patience; waited++) {
    await sleep(1000);
    realm = await readRealm();
  }
  return realm;
}

/** Two stacks that name the same realm: the other's clients have secrets that are not in this state. */
async function hasClientsOfAnother(get: Get, { passwords }: State): Promise<boolean> {
  const ownSecrets = new Set(passwords.values());
  const clients = ((await get("/clients")) ?? []) as Representation[];
  return clients.filter(isManaged).some(({ secret }) => typeof secret === "string" && !ownSecrets.has(secret));
}

/** Keycloak takes a user's password by a second request, and the run may have ended before it. */
async function setPasswords(
  settings: DecidedSettings,
  token: string,
  get: Get,
  { passwords }: State,
  found: Adoption,
): Promise<void> {
  for (const { username, initialPassword } of settings.users) {
    const leftover = found[keyOf("user", username)];
    const value = passwords.get(partName(componentNames.users, username));
    if (leftover === undefined || value === undefined || !initialPassword || pulumi.runtime.isDryRun()) continue;
    const at = `/users/${String(leftover.found.id)}`;
    if (((await get(`${at}/credentials`)) as unknown[]).length === 0) await setPassword(settings, token, at, value);
  }
}

/**
 * Finds what a killed run has left in Keycloak. Throws a sentence for each object that is somebody else's and in the
 * way.
 */
export async function findLeftovers(settings: DecidedSettings, token: string, state: State): Promise<Adoption> {
  const { realm } = settings;
  const { isEmpty, keys, mappers } = state;
  const realmKey = keyOf("realm", realm.name);
  const unstored = namedBy(settings)
    .map((one) => ({
      ...one,
      key: keyOf(one.kind, one.name),
      lacking: (one.mappers ?? []).filter((mapper) => !mappers.has(mapperName(one.kind, one.name, mapper))),
    }))
    .filter(({ key, lacking }) => lacking.length > 0 || !keys.has(key));
  if (unstored.length === 0 && keys.has(realmKey)) return {};

  const get = reader(settings, token);
  // What is there before the first run is somebody else's, and nobody is at work on it.
  const existing = await realmBy(get, isEmpty || keys.has(realmKey) || pulumi.runtime.isDryRun() ? 0 : REALM_SECONDS);
  if (existing === undefined) return {};
  const marked = madeHere(existing, realmKey);
  const isLeft = !keys.has(realmKey) && !isEmpty && marked && !(await hasClientsOfAnother(get, state));
  const realmIsOurs = keys.has(realmKey) || isLeft;
  if (!realmIsOurs && !realm.adopt)
    throw new pulumi.RunError(inTheWay(realmKey, marked, { setting: "realm.name", flag: "realm.adopt" }));

  const find = finder(get, realm.name);
  const found: Record<string, Adopted> = isLeft ? { [realmKey]: { importId: realm.name, found: existing } } : {};
  const conflicts: string[] = [];
  for (const { kind, name, key, lacking, adopt = false, ...one } of unstored) {
    const object = await find(kind, name);
    if (object === undefined) continue;
    const bearsMark = kind === "client" ? isManaged(object.found) : madeHere(existing, key);
    const isOurs = realmIsOurs && bearsMark;
    for (const [mapper, left] of Object.entries(adoptedMappers(key, object, lacking)))
      if (isOurs || (realmIsOurs && madeHere(existing, mapper))) found[mapper] = left;
    if (keys.has(key)) continue;
    if (isOurs) found[key] = object;
    else if (bearsMark || !adopt) conflicts.push(inTheWay(`${key} of realm ${realm.name}`, bearsMark, one));
  }
  if (conflicts.length > 0) throw new pulumi.RunError(conflicts.join("\n"));
  await setPasswords(settings, token, get, state, found);
  for (const key of Object.keys(found))
    await pulumi.log.warn(`Keycloak has the ${key} already, as a run leaves it that was killed: it is taken over.`);
  return found;
}
