import { z } from "zod";
import { builtInClients } from "../clients";
import { green, lacksTime, rotationSteps, rotationStrategies, timeIsMissing } from "../rotation";
import { Admin, adminFaults } from "./admin";
import { clientFaults, clientSettings } from "./clients";
import { clientId, dateTime, duration, durationFrom, flag, seconds, url, whole } from "./common";
import { peopleFaults, peopleSettings } from "./people";
import { longestSessions, Realm, realmFaults } from "./realm";

/** The settings of Keycloak: where it is, the realm, who is in it, and how secrets are rotated. */

export const Keycloak = z.strictObject({
  url: url.meta({
    description: "Keycloak's public URL, its path included. Issuer, discovery and the provider's address derive from it.",
    example: "https://id.example.com/auth",
  }),
  admin: Admin.prefault({}).describe("How Pulumi signs in to Keycloak."),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, "must be a version, such as 26.7.3")
    .optional()
    .meta({
      title: "version",
      description: "Keycloak's version; needed where Keycloak does not tell it to a client of least privilege.",
      example: "26.7.3",
    }),
  waitSeconds: seconds(120).describe("How long a run waits for Keycloak before it gives up."),
});

export const Rotation = z.strictObject({
  generation: whole(1, 2 ** 31).default(1).describe("A higher number makes a new secret of Backstage's client and rolls it out."),
  strategy: z
    .enum(rotationStrategies)
    .optional()
    .describe(
      "`overlap`: Keycloak accepts the old secret too for `gracePeriod`; it needs Keycloak's feature `client-secret-rotation`. `replace`: sign-in is refused until the rollout is over. `blue-green`: a second client takes over, on any Keycloak, in three runs (`step`). Unset: `overlap` where Keycloak can, else `replace`.",
    ),
  step: z
    .enum(rotationSteps)
    .optional()
    .describe("How far a rotation by `blue-green` goes. `prepare`: every pod knows both clients. `switch`: people sign in by the new one. Unset: the old one goes away."),
  at: dateTime.optional().meta({ title: "date and time", description: "When the generation was raised; `overlap` counts from then.", example: "2026-11-25T10:00:00Z" }),
  gracePeriod: duration.prefault("1h").describe("How long Keycloak accepts the old secret; longer than a rollout."),
  sessionSecret: whole(1, 2 ** 31).default(1).describe("A higher number makes a new session secret; sign-ins in flight start again."),
  catalogSync: whole(1, 2 ** 31).default(1).describe("A higher number makes a new secret of the catalog's client."),
  database: whole(1, 2 ** 31).default(1).describe("A higher number makes a new password of the PostgreSQL that the program runs; it restarts."),
  users: whole(1, 2 ** 31).default(1).describe("A higher number makes each user with an initial password anew, with another one; what they set since is lost."),
});

export const CatalogSync = z.strictObject({
  enabled: flag.default(false).describe("Fill Backstage's catalog with the realm's users and groups, by a client that may do no more than view them."),
  clientId: clientId.default("backstage-catalog").describe("That client."),
  frequency: durationFrom("10s").prefault("30m").describe("How often the catalog is filled anew."),
  timeout: durationFrom("1s").prefault("3m").describe("How long that may take."),
});

export const identitySettings = {
  keycloak: Keycloak.describe("Keycloak and who may configure it."),
  realm: Realm.describe("The realm that people sign in to."),
  ...peopleSettings,
  ...clientSettings,
  catalogSync: CatalogSync.prefault({}).describe("Users and groups in Backstage's catalog."),
  rotation: Rotation.prefault({}).describe("When secrets are made anew."),
};

type IdentityParsed = { [K in keyof typeof identitySettings]: z.output<(typeof identitySettings)[K]> };

/** Rules of identity that need more than one key; `backstage` is the client and the Secret of the other half. */
export function identityFaults(settings: IdentityParsed, backstage: { clientId: string; secret: string }, isDev: boolean): string[] {
  const { keycloak, realm, clients, catalogSync, rotation } = settings;
  const faults = [...adminFaults(keycloak.admin), ...realmFaults(realm), ...peopleFaults(settings, realm)];
  if (realm.name === keycloak.admin.realm) {
    faults.push(`realm.name must not be ${keycloak.admin.realm}, the realm of Keycloak's own administrators; choose another name.`);
  }
  if (catalogSync.enabled && catalogSync.clientId === backstage.clientId) {
    faults.push("catalogSync.clientId must not be backstage.clientId, which may not view users; choose another.");
  }
  if (lacksTime(rotation)) faults.push(timeIsMissing);
  if (rotation.step !== undefined && (rotation.strategy !== "blue-green" || rotation.generation === 1)) {
    faults.push("rotation.step is for rotation.strategy blue-green and a rotation.generation above 1; remove it.");
  }
  const ids = [backstage.clientId, ...(rotation.strategy === "blue-green" ? [green(backstage.clientId)] : []), ...(catalogSync.enabled ? [catalogSync.clientId] : [])];
  const own = { "backstage.clientId": backstage.clientId, ...(catalogSync.enabled ? { "catalogSync.clientId": catalogSync.clientId } : {}) };
  for (const [key, id] of Object.entries(own)) if (builtInClients.includes(id)) faults.push(`${key} is ${id}, a client of Keycloak's own; choose another.`);
  const long = ids.find((id) => id.length > 255);
  if (long !== undefined) faults.push(`backstage.clientId is too long for the client of ${long.length} characters that a rotation by blue-green makes beside it; shorten it to ${255 - (long.length - backstage.clientId.length)}.`);
  return [...faults, ...clientFaults(clients, { ids, secrets: [backstage.secret] }, longestSessions(realm), isDev)];
}
