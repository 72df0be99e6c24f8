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
/** A rotation by blue and green is three runs: with each of these, and without. */
export const rotationSteps = ["prepare", "switch"] as const;

export interface Rotation {
  readonly generation: number;
  /** Undefined until Keycloak was asked what it can. */
  readonly strategy?: (typeof rotationStrategies)[number] | undefined;
  /** How far a rotation by blue and green has come; undefined before it and after it. */
  readonly step?: (typeof rotationSteps)[number] | undefined;
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

/** A client of Backstage's: its id, the `auth.environment` that signs in by it, and the generation of its secret. */
export interface SignInClient {
  readonly clientId: string;
  readonly environment: string;
  readonly generation: number;
}

/** The name of the second client, and of its environment. */
export const green = (name: string): string => `${name}-green`;

/**
 * The client that people sign in by, and the one beside it while blue and green change over. Each has an environment of
 * its own, which a browser sends along: a pod that knows both ends what was begun at a pod of either.
 */
export function signInClients(
  { clientId, authEnvironment: environment }: { readonly clientId: string; readonly authEnvironment: string },
  { strategy, generation, step }: Pick<Rotation, "strategy" | "generation" | "step">,
): { readonly active: SignInClient; readonly standby: SignInClient | undefined } {
  const of = (generation: number): SignInClient =>
    strategy === "blue-green" && generation % 2 === 0
      ? { clientId: green(clientId), environment: green(environment), generation }
      : { clientId, environment, generation };
  if (strategy !== "blue-green" || step === undefined) return { active: of(generation), standby: undefined };
  const [before, next] = [of(generation - 1), of(generation)];
  return step === "prepare" ? { active: before, standby: next } : { active: next, standby: before };
}

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
  readonly step?: Rotation["step"];
  /** Until when the secret before it is accepted, in seconds since 1970; 0 when it is not. */
  readonly graceEnds: number;
}

/** Why the step from the last update's generation to this one would break sign-in, or be of no use; undefined when it is right. */
export function stepFault(wanted: Rotation, last: LastRotation | undefined, rolloutSeconds: number, now: number): string | undefined {
  if (last === undefined) return undefined;
  const { generation, strategy } = wanted;
  if (generation < last.generation) {
    return `rotation.generation is ${generation}, and ${last.generation} is in use; an old secret does not come back, so raise it.`;
  }
  const changeOver = changeOverFault(wanted, last);
  if (changeOver !== undefined || generation === last.generation) return changeOver;
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

/** Blue and green change over only where every pod knows both. */
function changeOverFault(wanted: Rotation, last: LastRotation): string | undefined {
  const [is, was] = [wanted, last].map(({ strategy }) => strategy === "blue-green");
  if (!is && !was) return undefined;
  const names = { clientId: "backstage", authEnvironment: "" };
  const [before, now] = [signInClients(names, last), signInClients(names, wanted)];
  const same = (one: SignInClient | undefined, other: SignInClient | undefined): boolean => one?.clientId === other?.clientId && one?.generation === other?.generation;
  if (same(now.active, before.active) || (same(now.active, before.standby) && same(now.standby, before.active))) return undefined;
  if (!is) {
    if (now.active.clientId === before.active.clientId) return undefined;
    return "rotation.strategy leaves blue-green while the second client is in use; rotate by it once more first, so that the first one is.";
  }
  if (!was && last.generation % 2 === 0) {
    return `rotation.strategy becomes blue-green while rotation.generation is ${last.generation}, a number of the second client; raise it by one with the strategy before first.`;
  }
  const [generation, step] = last.step === "prepare" ? [last.generation, "switch"] : [last.generation + 1, "prepare"];
  return `a rotation by blue-green takes three runs, with rotation.step prepare, with switch, and without; now set rotation.generation to ${generation} and rotation.step to ${step}.`;
}
