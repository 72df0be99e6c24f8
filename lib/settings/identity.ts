import { z } from "zod";
import { green, overlapFault, rotationSteps, rotationStrategies } from "../keycloak/rotation";
import { Admin, adminFaults } from "./admin";
import { clientFaults, clientSettings } from "./clients";
import { clientId, dateTime, duration, durationFrom, flag, seconds, url, whole } from "./common";
import { peopleFaults, peopleSettings } from "./people";
import { longestSessions, Realm, realmFaults } from "./realm";

/** The settings of Keycloak: where it is, the realm, who is in it, and how secrets are rotated. */

export const Keycloak = z.strictObject({
  url: url.meta({
    description:
      "Keycloak's public URL, its path included. Issuer, discovery and the provider's address derive from it.",
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

/** In seconds. */
const LONGEST = 90 * 86_400;

export const Rotation = z.strictObject({
  generation: whole(1, 2 ** 31)
    .default(1)
    .describe("A higher number makes a new secret of Backstage's client and rolls it out."),
  strategy: z
    .enum(rotationStrategies)
    .optional()
    .describe(
      "`overlap`: Keycloak accepts the old secret too for `gracePeriod`; it needs Keycloak's feature " +
        "`client-secret-rotation`. `replace`: sign-in is refused until the rollout is over. `blue-green`: " +
        "a second client takes over, on any Keycloak, in three runs (`step`). Unset: by what Keycloak can " +
        "when the generation is raised, `overlap` else `replace`, and as it is until then.",
    ),
  step: z
    .enum(rotationSteps)
    .optional()
    .describe(
      "How far a rotation by `blue-green` goes. `prepare`: every pod knows both clients. `switch`: people " +
        "sign in by the new one. Unset: the old one goes away.",
    ),
  at: dateTime.optional().meta({
    title: "date and time",
    description:
      "When the generation was raised; `overlap` counts from then. Unset: from the run that raises it, by " +
      "Keycloak's clock. It and `gracePeriod` count in that run only.",
    example: "2026-11-25T10:00:00Z",
  }),
  gracePeriod: duration
    .prefault("1h")
    .describe("How long Keycloak accepts the old secret; at least `backstage.rolloutSeconds`."),
  maxGracePeriod: duration
    .refine((period) => period <= LONGEST, "must be at most 2160h, which are 90 days")
    .prefault("168h")
    .describe("The most that `gracePeriod` may be, 90 days at the most: a secret that has leaked is accepted as long."),
  sessionSecret: whole(1, 2 ** 31)
    .default(1)
    .describe("A higher number makes a new session secret; sign-ins in flight start again."),
  catalogSync: whole(1, 2 ** 31)
    .default(1)
    .describe("A higher number makes a new secret of the catalog's client."),
  database: whole(1, 2 ** 31)
    .default(1)
    .describe("A higher number makes a new password of the PostgreSQL that the program runs; it restarts."),
  users: whole(1, 2 ** 31)
    .default(1)
    .describe(
      "A higher number makes each user with an initial password anew, with another one; what they set since is lost.",
    ),
});

export const CatalogSync = z.strictObject({
  enabled: flag
    .default(false)
    .describe(
      "Fill Backstage's catalog with the realm's users and groups, by a client that may do no more than view them.",
    ),
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

/** Rules of identity that need more than one key. @param backstage its client, and how long a rollout of it may take */
export function identityFaults(
  settings: IdentityParsed,
  { clientId: own, rolloutSeconds }: { clientId: string; rolloutSeconds: number },
  isDev: boolean,
): string[] {
  const { keycloak, realm, clients, rotation } = settings;
  const faults = [...adminFaults(keycloak.admin), ...realmFaults(realm), ...peopleFaults(settings, realm)];
  if (realm.name === keycloak.admin.realm) {
    faults.push(
      `realm.name must not be ${keycloak.admin.realm}, the realm of Keycloak's own administrators; choose another name.`,
    );
  }
  const overlap =
    rotation.strategy === "overlap" || rotation.strategy === undefined
      ? overlapFault(rotation, rolloutSeconds)
      : undefined;
  if (overlap !== undefined) faults.push(overlap);
  if (rotation.step !== undefined && (rotation.strategy !== "blue-green" || rotation.generation === 1)) {
    faults.push("rotation.step is for rotation.strategy blue-green and a rotation.generation above 1; remove it.");
  }
  const second = rotation.strategy === "blue-green" ? green(own) : own;
  if (second.length > 255)
    faults.push(
      `backstage.clientId is too long for the client of ${second.length} characters that a rotation by ` +
        `blue-green makes beside it; shorten it to ${255 - (second.length - own.length)}.`,
    );
  return [...faults, ...clientFaults(clients, longestSessions(realm), isDev)];
}
