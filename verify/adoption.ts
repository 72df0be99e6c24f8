import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import { type Adopted, type Adoption, managedBy, type Representation } from "../lib/adoption";
import { keycloakUrls } from "../lib/urls";

function refuse(what: string, key: string, nameKey: string): never {
  throw new pulumi.RunError(`Keycloak: ${key} is true, but there is no ${what}; correct ${nameKey}, or remove ${key} to have it made.`);
}

/** Looks up what is to be adopted, with the administrator's own token. Throws one sentence when it is not there. */
export async function findAdopted(settings: Settings, token: string): Promise<Adoption> {
  const { realm, backstage, keycloak } = settings;
  const admin = keycloakUrls(keycloak.url, realm.name).issuer.replace(/\/realms\/([^/]*)$/, "/admin/realms/$1");
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(admin + path, { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(30_000) });
    if (response.status === 404) return undefined;
    if (response.status !== 200) throw new pulumi.RunError(`Keycloak: ${admin}${path} answers ${response.status}; give keycloak.admin the right to read it.`);
    return response.json();
  };

  const found = realm.adopt ? await get("") : undefined;
  if (realm.adopt && found === undefined) refuse(`realm ${realm.name}`, "realm.adopt", "realm.name");
  const clients: Record<string, Adopted> = {};
  const wanted = [
    { key: "backstage", clientId: backstage.clientId, adopt: backstage.adoptClient, flag: "backstage.adoptClient" },
    ...settings.clients.map(({ clientId, adopt }, index) => ({ key: `clients.${index}`, clientId, adopt, flag: `clients.${index}.adopt` })),
  ];
  for (const { key, clientId, adopt, flag } of wanted) {
    if (!adopt) continue;
    const [client] = ((await get(`/clients?clientId=${encodeURIComponent(clientId)}`)) ?? []) as (Representation & { id: string })[];
    if (client === undefined) return refuse(`client ${clientId} in realm ${realm.name}`, flag, `${key}.clientId`);
    // Pulumi would replace a client that it has already by itself, and delete it in the end.
    const attributes = (client.attributes ?? {}) as Representation;
    if (attributes["managed-by"] === managedBy["managed-by"]) continue;
    clients[clientId] = { importId: `${realm.name}/${client.id}`, found: client };
  }
  return { realm: found === undefined ? undefined : { importId: realm.name, found: found as Representation }, clients };
}
