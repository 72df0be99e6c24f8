import { closest } from "fastest-levenshtein";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config";
import { knownScopes } from "../lib/keycloak/clients";
import { reader } from "./findAdopted";

/**
 * What the settings name and Keycloak must have by itself: client scopes of the realm, and what is built into the
 * server.
 */

interface Named {
  readonly setting: string;
  readonly name: string;
}

/** As far as Keycloak tells this administrator. */
interface ServerInfo {
  readonly providers?: { readonly eventsListener?: { readonly providers: Readonly<Record<string, unknown>> } };
  readonly themes?: Readonly<Record<string, readonly { readonly name: string }[]>>;
  readonly enums?: { readonly eventType?: readonly string[] };
}

const listed = (setting: string, names: readonly string[]): Named[] =>
  names.map((name, index) => ({ setting: `${setting}.${index}`, name }));

/** A sentence for each name that is not among those that are there. Where those are not told, nothing is judged. */
function lacking(named: readonly Named[], existing: readonly string[] | undefined, lack: string): string[] {
  if (existing === undefined) return [];
  return named
    .filter(({ name }) => !existing.includes(name))
    .map(
      ({ setting, name }) =>
        `Keycloak: ${setting} is ${name}, which ${lack}; make it there first, or did you mean ${closest(name, existing)}?`,
    );
}

async function scopeFaults(settings: Settings, token: string): Promise<string[]> {
  const custom = settings.clients
    .flatMap(({ kind, defaultScopes, optionalScopes }, index) =>
      kind === "saml"
        ? []
        : [
            ...listed(`clients.${index}.defaultScopes`, defaultScopes),
            ...listed(`clients.${index}.optionalScopes`, optionalScopes),
          ],
    )
    .filter(({ name }) => !knownScopes.includes(name));
  if (custom.length === 0) return [];
  const found = ((await reader(settings, token)("/client-scopes")) ?? []) as { name: string; protocol?: string }[];
  // The scopes of SAML clients are listed too.
  const oidcScopes = found.filter(({ protocol }) => protocol !== "saml");
  return lacking(
    custom,
    [...knownScopes, ...oidcScopes.map(({ name }) => name)],
    `realm ${settings.realm.name} does not have as a client scope`,
  );
}

async function serverFaults({ keycloak, realm }: Settings, token: string): Promise<string[]> {
  const { listeners, types } = realm.events;
  const themes = Object.entries(realm.themes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const named = [...listeners.filter((name) => name !== "jboss-logging"), ...types, ...themes];
  if (named.length === 0) return [];
  const response = await fetch(`${keycloak.url}/admin/serverinfo`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  const server = (await response.json().catch(() => ({}))) as ServerInfo;
  const eventListeners = server.providers?.eventsListener;
  return [
    ...lacking(
      listed("realm.events.listeners", listeners),
      eventListeners && Object.keys(eventListeners.providers),
      "Keycloak does not have as an event listener",
    ),
    ...lacking(
      listed("realm.events.types", types),
      server.enums?.eventType,
      "Keycloak does not know as a type of event",
    ),
    ...themes.flatMap(([kind, name]) =>
      lacking(
        [{ setting: `realm.themes.${kind}`, name }],
        server.themes?.[kind]?.map((theme) => theme.name),
        `Keycloak does not have as a theme`,
      ),
    ),
  ];
}

/**
 * Throws a sentence for each part that the settings name and Keycloak lacks. It is asked only where they name one that
 * not every Keycloak has.
 */
export async function realmHasParts(settings: Settings, token: string): Promise<void> {
  const faults = [...(await scopeFaults(settings, token)), ...(await serverFaults(settings, token))];
  if (faults.length > 0) throw new pulumi.RunError(faults.join("\n"));
}
