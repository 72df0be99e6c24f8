/** How a client's secret is followed by the next one. */

/** Where the secret of a generation is kept: two places take turns, so that the one before is still known. */
export interface Slot {
  readonly suffix: "" | "-even";
  readonly generation: number;
}

const slotOf = (generation: number): Slot => ({ suffix: generation % 2 === 1 ? "" : "-even", generation });

/** The secret in use and, from the second generation on, the one before it. */
export function slots(generation: number): { readonly current: Slot; readonly previous: Slot | undefined } {
  return { current: slotOf(generation), previous: generation > 1 ? slotOf(generation - 1) : undefined };
}

/** What makes a generated password anew: nothing in the first generation, for those who had one before generations. */
export const keepers = (generation: number): { keepers?: { generation: string } } => (generation === 1 ? {} : { keepers: { generation: String(generation) } });

/** When Keycloak began to accept two secrets, and when it ends; in seconds since 1970. */
export interface Overlap {
  readonly from: number;
  readonly until: number;
}

export const rotationStrategies = ["replace", "overlap", "blue-green"] as const;

export interface Rotation {
  readonly generation: number;
  /** Undefined until Keycloak was asked what it can. */
  readonly strategy?: (typeof rotationStrategies)[number] | undefined;
  /** When the rotation was asked for, as a date and time. */
  readonly at?: string | undefined;
  /** How long Keycloak accepts the secret before this one, in seconds. */
  readonly gracePeriod: number;
}

/** With an overlap the old secret needs an end, and so a beginning. */
export const lacksTime = ({ strategy, generation, at }: Rotation): boolean => strategy === "overlap" && generation > 1 && at === undefined;
export const timeIsMissing = "rotation.at is missing; set it to when rotation.generation was raised, such as 2026-11-25T10:00:00Z.";

/** Is it by an overlap, if Keycloak can? Unset, that is so as soon as there is a secret before this one. */
export const wantsOverlap = ({ strategy, generation }: Rotation): boolean => strategy === "overlap" || (strategy === undefined && generation > 1);

/** The rotation with a strategy: what is configured, else by what Keycloak can. */
export function decided<R extends Rotation>(rotation: R, keycloakOverlaps: boolean): R {
  const { strategy = wantsOverlap(rotation) && keycloakOverlaps ? "overlap" : "replace" } = rotation;
  return { ...rotation, strategy };
}

export function overlapOf({ strategy, generation, at, gracePeriod }: Rotation): Overlap | undefined {
  if (strategy !== "overlap" || generation === 1 || at === undefined) return undefined;
  const from = Math.floor(Date.parse(at) / 1000);
  return { from, until: from + gracePeriod };
}

/** The client id of a generation: with blue and green two take turns. */
export const clientIdOf = (clientId: string, { strategy, generation }: Rotation): string =>
  strategy === "blue-green" && generation % 2 === 0 ? `${clientId}-green` : clientId;

/**
 * The client attributes by which Keycloak accepts the old secret too. Internal names of Keycloak, measured on 26.7.3; its
 * policy "secret-rotation" must be active, or it drops them.
 */
export const rotatedAttributes = ({ from, until }: Overlap): Readonly<Record<string, string>> => ({
  "client.secret.rotated.creation.time": String(from),
  "client.secret.rotated.expiration.time": String(until),
});
export const rotatedSecretAttribute = "client.secret.rotated";

/** What a stack's last update said of its rotation. */
export interface LastRotation {
  readonly generation: number;
  readonly strategy?: Rotation["strategy"];
  /** Until when the secret before it is accepted, in seconds since 1970; 0 when it is not. */
  readonly graceEnds: number;
}

/** Why the step from the last update's generation to this one would break sign-in, or be of no use; undefined when it is right. */
export function stepFault(wanted: Rotation, last: LastRotation | undefined, rolloutSeconds: number, now: number): string | undefined {
  if (last === undefined || wanted.generation === last.generation) return undefined;
  const { generation, strategy } = wanted;
  if (generation < last.generation) {
    return `rotation.generation is ${generation}, and ${last.generation} is in use; an old secret does not come back, so raise it.`;
  }
  if (strategy !== "overlap") return undefined;
  if (generation > last.generation + 1) {
    return `rotation.generation is ${generation}, and ${last.generation} is in use; Keycloak accepts only the secret before the new one, so raise it by one.`;
  }
  if (last.graceEnds > now) {
    return `rotation.generation is raised while Keycloak still accepts the secret before ${last.generation}, until ${new Date(last.graceEnds * 1000).toISOString()}; wait until then.`;
  }
  const until = overlapOf(wanted)?.until ?? 0;
  if (until < now + rolloutSeconds) return "rotation.at is too long ago, the old secret would be refused before the rollout is over; set it to now.";
  return undefined;
}
