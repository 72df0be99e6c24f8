import * as pulumi from "@pulumi/pulumi";
import type { DecidedSettings, Settings } from "../config";
import {
  type Adopted,
  adoptedMappers,
  type Adoption,
  isManaged,
  keyOf,
  type Kind,
  kinds,
  madeHere,
  mapperKey,
  type Representation,
} from "../lib/keycloak/adoption";
import { groupsMapper, groupsScope } from "../lib/keycloak/clients";
import { groupPath } from "../lib/keycloak/groups";
import { keycloakUrls } from "../lib/keycloak/urls";
import { mapperName } from "../lib/resourceNames";
import type { State } from "./state";

type Found = Representation & { readonly id: string };

function refuse(object: string, key: string, nameKey: string): never {
  throw new pulumi.RunError(
    `Keycloak: ${key} is true, but there is no ${object}; correct ${nameKey}, or remove ${key} to have it made.`,
  );
}

/** Where the Admin API has a realm. */
export const adminUrl = (url: string, realm: string): string =>
  keycloakUrls(url, realm).issuer.replace(/\/realms\/([^/]*)$/, "/admin/realms/$1");

/** Reads the realm with the administrator's own token; undefined where Keycloak has nothing. */
export function reader(
  { keycloak, realm }: Pick<Settings, "keycloak" | "realm">,
  token: string,
): (path: string) => Promise<unknown> {
  const admin = adminUrl(keycloak.url, realm.name);
  return async (path) => {
    const response = await fetch(admin + path, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(30_000),
    });
    if (response.status === 404) return undefined;
    if (response.status !== 200)
      throw new pulumi.RunError(
        `Keycloak: ${admin}${path} answers ${response.status}; give keycloak.admin the right to read it.`,
      );
    return response.json();
  };
}

/** The roles, groups and users that the settings name. */
export const namedIn = ({ roles, groups, users }: Pick<Settings, "roles" | "groups" | "users">): [Kind, string][] => [
  ...roles.map(({ name }): [Kind, string] => ["role", name]),
  ...groups.map(({ name }): [Kind, string] => ["group", name]),
  ...users.map(({ username }): [Kind, string] => ["user", username]),
];

type Find = (kind: Kind, name: string) => Promise<Adopted | undefined>;

/** Finds an object by its name, with the names in the lists that the program sets too. */
export function finder(get: (path: string) => Promise<unknown>, realm: string): Find {
  return async (kind, name) => {
    const { path, name: field, lists } = kinds[kind];
    const answer = [(await get(path(name))) ?? []].flat() as Found[];
    const found = answer.find(
      (one) => one[field as keyof Found] === name || (kind === "group" && one.path === `/${name}`),
    );
    if (found === undefined) return undefined;
    const names = Object.entries(lists).map(async ([key, below]) => {
      const list = ((await get(`/${kind}s/${found.id}${below}`)) ?? []) as { name: string; path?: string }[];
      return [key, list.map((one) => (one.path === undefined ? one.name : groupPath(one.path)))] as const;
    });
    return { importId: `${realm}/${found.id}`, found: { ...found, ...Object.fromEntries(await Promise.all(names)) } };
  };
}

type StoredObjects = Pick<State, "keys" | "ids" | "mappers">;

/**
 * Does the state have this very object? Then Pulumi would replace it by the import, and delete it in the end: whatever
 * mark somebody has taken from it. One of its name that was made anew by hand has another id.
 */
function isStored({ keys, ids }: StoredObjects, key: string, { id }: Representation): boolean {
  return keys.has(key) && (!ids.has(key) || ids.get(key) === id);
}

/**
 * The realm, and in it what the settings name and the program has not made itself; what it has made is noted in the
 * realm.
 */
async function adoptedRealm(
  { realm, roles, groups, users }: DecidedSettings,
  get: (path: string) => Promise<unknown>,
  find: Find,
  known: StoredObjects,
): Promise<Adoption> {
  const existing = (await get("")) as Representation | undefined;
  if (existing === undefined) return refuse(`realm ${realm.name}`, "realm.adopt", "realm.name");
  const named = namedIn({ roles, groups, users });
  const scopeKey = keyOf("client scope", groupsScope);
  const scope = await find("client scope", groupsScope);
  const found: Record<string, Adopted> =
    scope === undefined ? {} : { [scopeKey]: scope, ...adoptedMappers(scopeKey, scope, [groupsMapper]) };
  for (const [kind, name] of named) {
    const object = await find(kind, name);
    if (object !== undefined) found[keyOf(kind, name)] = object;
  }
  const keys = [scopeKey, mapperKey(scopeKey, groupsMapper), ...named.map(([kind, name]) => keyOf(kind, name))];
  const made = keys.filter((key) => found[key] === undefined || madeHere(existing, key));
  const isOurs = (key: string, object: Representation): boolean =>
    made.includes(key) ||
    isStored(known, key, object) ||
    (key === mapperKey(scopeKey, groupsMapper) &&
      known.mappers.has(groupsScope) &&
      isStored(known, scopeKey, scope?.found ?? {}));
  const adopted = Object.fromEntries(Object.entries(found).filter(([key, object]) => !isOurs(key, object.found)));
  const withPassword = users.flatMap(({ username, initialPassword }, index) =>
    initialPassword && adopted[keyOf("user", username)] !== undefined
      ? [
          `Keycloak: users.${index} is ${username}, whom realm ${realm.name} has already and who keeps the ` +
            `password; set users.${index}.initialPassword to false.`,
        ]
      : [],
  );
  if (withPassword.length > 0) throw new pulumi.RunError(withPassword.join("\n"));
  return { ...adopted, [keyOf("realm", realm.name)]: { importId: realm.name, found: existing, made: made.join(",") } };
}

/** Looks up what is to be adopted, with the administrator's own token. Throws one sentence when it is not there. */
export async function findAdopted(settings: DecidedSettings, token: string, stored: StoredObjects): Promise<Adoption> {
  const { realm, backstage, catalogSync } = settings;
  const get = reader(settings, token);
  const find = finder(get, realm.name);
  const adopted = realm.adopt ? { ...(await adoptedRealm(settings, get, find, stored)) } : {};
  const clients = [
    {
      key: "backstage",
      flag: "backstage.adoptClient",
      clientId: backstage.clientId,
      adopt: backstage.adoptClient,
      mappers: [],
    },
    {
      key: "catalogSync",
      flag: undefined,
      clientId: catalogSync.clientId,
      adopt: realm.adopt && catalogSync.enabled,
      mappers: [],
    },
    ...settings.clients.map(({ clientId, adopt, mappers }, index) => ({
      key: `clients.${index}`,
      flag: `clients.${index}.adopt`,
      clientId,
      adopt,
      mappers,
    })),
  ];
  for (const { key, flag, clientId, mappers } of clients.filter(({ adopt }) => adopt)) {
    const client = await find("client", clientId);
    if (client === undefined) {
      if (flag === undefined) continue;
      return refuse(`client ${clientId} in realm ${realm.name}`, flag, `${key}.clientId`);
    }
    const clientKey = keyOf("client", clientId);
    if (isManaged(client.found)) continue;
    if (client.found.protocol === "saml") {
      const remedy =
        flag === undefined
          ? `choose another ${key}.clientId`
          : `delete it there, or remove ${flag} and choose another ${key}.clientId`;
      throw new pulumi.RunError(
        `Keycloak: client ${clientId} of realm ${realm.name} speaks SAML, and ${key} is one of OpenID Connect; ${remedy}.`,
      );
    }
    const isOurs = isStored(stored, clientKey, client.found);
    const lacking = mappers
      .map(({ name }) => name)
      .filter((name) => !isOurs || !stored.mappers.has(mapperName("client", clientId, name)));
    Object.assign(adopted, isOurs ? {} : { [clientKey]: client }, adoptedMappers(clientKey, client, lacking));
  }
  return adopted;
}
