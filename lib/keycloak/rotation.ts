import { partName } from "../resourceNames";
import { durationText } from "../durations";

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

/** The name of the resource that generates a client's secret. @param client the name of the client's component */
export const secretName = (client: string, { suffix }: Slot): string => partName(client, `secret${suffix}`);

/** When Keycloak began to accept two secrets, and when it ends; in seconds since 1970. */
export interface Overlap {
  readonly from: number;
  readonly until: number;
}

export const rotationStrategies = ["replace", "overlap", "blue-green"] as const;
type Strategy = (typeof rotationStrategies)[number];
/** A rotation by blue and green is three runs: with each of these, and without. */
export const rotationSteps = ["prepare", "switch"] as const;

/** What is configured. */
export interface Rotation {
  readonly generation: number;
  /** How the next generation comes; undefined: by what Keycloak can when it is raised. */
  readonly strategy?: Strategy | undefined;
  /** How far a rotation by blue and green has come; undefined before it and after it. */
  readonly step?: (typeof rotationSteps)[number] | undefined;
  /** When the generation was raised, as a date and time; undefined: when the run that raises it asks Keycloak. */
  readonly at?: string | undefined;
  /** How long Keycloak accepts the secret before this one, in seconds. */
  readonly gracePeriod: number;
  /** The most that `gracePeriod` may be, in seconds. @default seven days */
  readonly maxGracePeriod?: number | undefined;
}

/** In seconds. */
const DAY = 86_400;
/** How far `at` may be ahead of Keycloak's clock, in seconds. */
const CLOCKS_DIFFER = 300;

/** What a stack's last update said of its rotation: the record of what was decided when the generation was raised. */
export interface LastRotation {
  /** Which generation of the client's secret is in use. */
  readonly generation: number;
  /** How it came: `replace`, `overlap` or `blue-green`. */
  readonly strategy: NonNullable<Rotation["strategy"]>;
  /** How far a rotation by `blue-green` has come: `prepare` or `switch`; absent before it and after it. */
  readonly step?: Rotation["step"];
  /** Since when the secret before it was accepted too, in seconds since 1970; 0 when it was not. */
  readonly graceBegan: number;
  /** Until when, in seconds since 1970; 0 when it was not. */
  readonly graceEnds: number;
}

/** Does the run raise the generation? Before the first update there is nothing to raise. */
export const raisesGeneration = ({ generation }: Rotation, last: LastRotation | undefined): boolean =>
  last !== undefined && generation > last.generation;

/** Must Keycloak be asked whether it can overlap? Unset, that was decided when the generation was raised. */
export const asksForOverlap = (wanted: Rotation, last: LastRotation | undefined): boolean =>
  wanted.strategy === "overlap" ||
  (wanted.strategy === undefined && wanted.generation > 1 && (last === undefined || raisesGeneration(wanted, last)));

/**
 * The rotation with a strategy: what is configured, else what was decided for this generation, else by what Keycloak
 * can.
 */
export function withStrategy<R extends Rotation>(
  rotation: R,
  keycloakOverlaps: boolean,
  last?: LastRotation,
): R & { readonly strategy: Strategy } {
  const kept = last === undefined || raisesGeneration(rotation, last) ? undefined : last.strategy;
  const { strategy = kept ?? (rotation.generation > 1 && keycloakOverlaps ? "overlap" : "replace") } = rotation;
  return { ...rotation, strategy };
}

/** The overlap that a run begins which raises the generation. @param now Keycloak's clock, in seconds since 1970 */
function begunOverlap({ at, gracePeriod }: Rotation, now: number): Overlap {
  const from = Math.floor(at === undefined ? now : Date.parse(at) / 1000);
  return { from, until: from + gracePeriod };
}

/**
 * The overlap of the wanted generation: begun by the run that raises it, and kept as it is by every later one. There is
 * none where nothing was before, and none for a generation that came in another way. @param now Keycloak's clock
 */
export function overlapOf(wanted: Rotation, last: LastRotation | undefined, now: number): Overlap | undefined {
  if (wanted.strategy !== "overlap" || wanted.generation === 1 || last === undefined) return undefined;
  if (changesSecret(wanted, last)) return begunOverlap(wanted, now);
  if (last.strategy !== "overlap" || last.graceEnds === 0) return undefined;
  return { from: last.graceBegan, until: last.graceEnds };
}

/** A client of Backstage's: its id, the `auth.environment` that signs in by it, and the generation of its secret. */
export interface SignInClient {
  readonly clientId: string;
  readonly environment: string;
  readonly generation: number;
}

export interface SignInClients {
  readonly active: SignInClient;
  readonly standby: SignInClient | undefined;
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
): SignInClients {
  const clientOf = (generation: number): SignInClient =>
    strategy === "blue-green" && generation % 2 === 0
      ? { clientId: green(clientId), environment: green(environment), generation }
      : { clientId, environment, generation };
  if (strategy !== "blue-green" || step === undefined) return { active: clientOf(generation), standby: undefined };
  const [before, next] = [clientOf(generation - 1), clientOf(generation)];
  return step === "prepare" ? { active: before, standby: next } : { active: next, standby: before };
}

/** The clients of two rotations, by names that do not matter. */
const clientsOf = (one: Pick<Rotation, "strategy" | "generation" | "step">): SignInClients =>
  signInClients({ clientId: "backstage", authEnvironment: "" }, one);
const isSameClient = (one: SignInClient | undefined, other: SignInClient | undefined): boolean =>
  one?.clientId === other?.clientId && one?.generation === other?.generation;

/** Does the client that people sign in by get another secret? */
export function changesSecret(wanted: Rotation, last: LastRotation): boolean {
  const [{ active: before }, { active: after }] = [clientsOf(last), clientsOf(wanted)];
  return after.clientId === before.clientId && after.generation !== before.generation;
}

/**
 * The client attributes by which Keycloak accepts the old secret too. Internal names of Keycloak, measured on 26.7.3;
 * its policy "secret-rotation" must be active, or it drops them.
 */
export const rotatedAttributes = {
  secret: "client.secret.rotated",
  from: "client.secret.rotated.creation.time",
  until: "client.secret.rotated.expiration.time",
} as const;

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString();

/**
 * Why the step from the last update's rotation to this one would break sign-in, bring a secret back, or be of no use;
 * undefined when it is right. @param now Keycloak's clock, for it is Keycloak that ends an overlap
 */
export function stepFault(
  wanted: Rotation,
  last: LastRotation | undefined,
  rolloutSeconds: number,
  now: number,
): string | undefined {
  if (last === undefined)
    return wanted.strategy === "overlap"
      ? frozenFault(wanted, { generation: wanted.generation, strategy: "replace", graceBegan: 0, graceEnds: 0 }, now)
      : undefined;
  const { generation } = wanted;
  const [before, after] = [clientsOf(last), clientsOf(wanted)];
  const abandons = isSameClient(after.active, before.active) && after.standby === undefined;
  if (generation < last.generation && !abandons) {
    return `rotation.generation is ${generation}, and ${last.generation} is in use; an old secret does not come back, so raise it.`;
  }
  const changeOver = changeOverFault(wanted, last, before, after);
  if (changeOver !== undefined) return changeOver;
  const isUnderWay = last.graceEnds > now;
  if (isUnderWay && wanted.strategy === "blue-green") {
    return (
      `rotation.strategy is blue-green while Keycloak still accepts the secret before ${last.generation}, ` +
      `until ${isoTime(last.graceEnds)}; wait until then.`
    );
  }
  if (wanted.strategy !== "overlap") return undefined;
  if (!changesSecret(wanted, last)) return frozenFault(wanted, last, now);
  if (generation > before.active.generation + 1) {
    return (
      `rotation.generation is ${generation}, and ${before.active.generation} is in use; Keycloak accepts ` +
      "only the secret before the new one, so raise it by one."
    );
  }
  if (isUnderWay) {
    return (
      `rotation.generation is raised while Keycloak still accepts the secret before ${last.generation}, ` +
      `until ${isoTime(last.graceEnds)}; wait until then.`
    );
  }
  return overlapFault(wanted, rolloutSeconds) ?? timeFault(wanted, rolloutSeconds, now);
}

/** Why the old secret would be accepted for too short or too long a time, whenever that begins. */
export function overlapFault(
  { gracePeriod, maxGracePeriod = 7 * DAY }: Rotation,
  rolloutSeconds: number,
): string | undefined {
  if (gracePeriod < rolloutSeconds) {
    return (
      `rotation.gracePeriod is ${durationText(gracePeriod)}, and a rollout may take ${rolloutSeconds} s by ` +
      "backstage.rolloutSeconds; set it longer, or the old secret is refused before the rollout is over."
    );
  }
  if (gracePeriod > maxGracePeriod) {
    return (
      `rotation.gracePeriod is ${durationText(gracePeriod)}, and rotation.maxGracePeriod ` +
      `is ${durationText(maxGracePeriod)}; shorten the one or raise the other.`
    );
  }
  return undefined;
}

/** Why an overlap cannot begin when `at` says. */
function timeFault(wanted: Rotation, rolloutSeconds: number, now: number): string | undefined {
  if (wanted.at === undefined) return undefined;
  const { from, until } = begunOverlap(wanted, now);
  if (from > now + CLOCKS_DIFFER) {
    return (
      `rotation.at is ${wanted.at}, and by Keycloak's clock it is ${isoTime(now)}; set it to now, or remove ` +
      "it, and the run counts from its own start."
    );
  }
  if (until < now + rolloutSeconds) {
    return (
      "rotation.at is too long ago, the old secret would be refused before the rollout is over; set it to " +
      "now, or remove it, and the run counts from its own start."
    );
  }
  return undefined;
}

/** What is asked of an overlap after the run that raised the generation: only what it is. */
function frozenFault(wanted: Rotation, last: LastRotation, now: number): string | undefined {
  const { generation, at, gracePeriod } = wanted;
  if (generation === 1) return undefined;
  const hadNoOverlap = last.strategy !== "overlap" || last.graceEnds === 0;
  if (hadNoOverlap) {
    // A time that is over asks for nothing: it is what is left of a rotation before, or of another stack.
    if (at === undefined || begunOverlap(wanted, now).until < now) return undefined;
    return (
      `rotation.at is set, and ${generation} came without an overlap; a secret that was replaced does not ` +
      "come back, so remove it, or raise rotation.generation."
    );
  }
  const from = last.graceBegan;
  const configured = at === undefined ? { from, until: from + gracePeriod } : begunOverlap(wanted, now);
  // Without a time the period is that of the next rotation, once this one is over.
  if ((at === undefined && last.graceEnds <= now) || (configured.from === from && configured.until === last.graceEnds))
    return undefined;
  const key = configured.from === from ? "rotation.gracePeriod" : "rotation.at";
  const remedy = key === "rotation.at" ? "remove it" : `set it to ${durationText(last.graceEnds - from)}`;
  return (
    `${key} is not what it was when rotation.generation became ${generation}, and the secret before it is ` +
    `accepted until ${isoTime(last.graceEnds)} and no other time; ${remedy}, or raise rotation.generation.`
  );
}

/** Blue and green change over only where every pod knows both. */
function changeOverFault(
  wanted: Rotation,
  last: LastRotation,
  before: SignInClients,
  after: SignInClients,
): string | undefined {
  const [isBlueGreen, wasBlueGreen] = [wanted, last].map(({ strategy }) => strategy === "blue-green");
  if (!isBlueGreen && !wasBlueGreen) return undefined;
  const keepsActive = isSameClient(after.active, before.active);
  // The pods of the last update still end sign-ins by the client beside the one in use, and none comes back to be it.
  const keepsStandby =
    after.standby === undefined ||
    (before.standby === undefined
      ? after.standby.generation > before.active.generation
      : isSameClient(after.standby, before.standby));
  if (
    (keepsActive && keepsStandby) ||
    (isSameClient(after.active, before.standby) && isSameClient(after.standby, before.active))
  )
    return undefined;
  if (!isBlueGreen) {
    if (after.active.clientId === before.active.clientId) return undefined;
    return "rotation.strategy leaves blue-green while the second client is in use; rotate by it once more first, so that the first one is.";
  }
  if (!wasBlueGreen && last.generation % 2 === 0) {
    return (
      `rotation.strategy becomes blue-green while rotation.generation is ${last.generation}, a number of the ` +
      "second client; raise it by one with the strategy before first."
    );
  }
  const next = {
    prepare: `set rotation.generation to ${last.generation} and rotation.step to switch`,
    switch: `set rotation.generation to ${last.generation} and remove rotation.step`,
    none: `set rotation.generation to ${last.generation + 1} and rotation.step to prepare`,
  }[last.step ?? "none"];
  return `a rotation by blue-green takes three runs, with rotation.step prepare, with switch, and without; now ${next}.`;
}
