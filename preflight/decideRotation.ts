import * as pulumi from "@pulumi/pulumi";
import { type DecidedSettings, decidedSettings, type Settings } from "../config";
import { probe } from "../lib/pod/scripts/keycloak.mjs";
import {
  asksForOverlap,
  changesSecret,
  green,
  overlapOf,
  raisesGeneration,
  secretName,
  signInClients,
  slots,
  stepFault,
  type LastRotation,
  type Overlap,
  type SignInClient,
  withStrategy,
} from "../lib/keycloak/rotation";
import { keycloakUrls } from "../lib/keycloak/urls";
import type { State } from "./state";

/** What Keycloak and the state tell, before a rotation is decided. */
export interface RotationFacts {
  /**
   * Is Keycloak's feature active that keeps an old secret valid? Undefined when it does not tell this administrator.
   */
  readonly featureIsActive: () => Promise<boolean | undefined>;
  /** Does Keycloak accept this secret now? `unknown` also where the state does not hold it. */
  readonly accepts: (
    client: Pick<SignInClient, "clientId" | "generation">,
  ) => Promise<"accepted" | "refused" | "unknown">;
  /**
   * The highest generation of the client's secret that any run has begun, one that did not end included; 0 before the
   * first.
   */
  readonly begunGeneration: (clientId: string) => number;
  /** Keycloak's clock, in seconds since 1970. */
  readonly now: number;
}

/** What the decision is made of. */
export type RotationSettings = Pick<Settings, "mode"> & {
  readonly rotation: Settings["rotation"];
  readonly keycloak: Pick<Settings["keycloak"], "url">;
  readonly backstage: Pick<Settings["backstage"], "clientId" | "authEnvironment" | "rolloutSeconds">;
};

export interface Decision {
  readonly rotation: DecidedSettings["rotation"];
  /** What Keycloak is to accept beside the secret in use. */
  readonly overlap?: Overlap | undefined;
  /** Why the run must not go on, as a sentence. */
  readonly fault?: string;
  /** Whom it costs a sign-in, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Decides how the wanted generation comes. What was decided when it was raised is kept; a secret that Keycloak refuses
 * is never given back to it, whatever the settings, the state or a run that did not end say.
 */
export async function decideRotation(
  settings: RotationSettings,
  last: LastRotation | undefined,
  facts: RotationFacts,
): Promise<Decision> {
  const { backstage, keycloak, mode } = settings;
  const { now } = facts;
  const keycloakOverlaps = asksForOverlap(settings.rotation, last) ? await facts.featureIsActive() : undefined;
  let rotation = withStrategy(settings.rotation, keycloakOverlaps ?? last?.strategy === "overlap", last);
  const refuse = (fault: string): Decision => ({ rotation, fault, warnings: [] });
  const { active, standby } = signInClients(backstage, rotation);

  const fault = stepFault(rotation, last, backstage.rolloutSeconds, now);
  if (fault !== undefined) return refuse(fault);
  for (const { clientId, generation } of [active, ...(standby === undefined ? [] : [standby])]) {
    const begun = facts.begunGeneration(clientId);
    if (begun > generation)
      return refuse(
        `rotation.generation is ${rotation.generation}, and a run that did not end has begun ${begun}; an ` +
          `old secret does not come back, so set it to ${begun}.`,
      );
  }
  if (
    rotation.strategy === "blue-green" &&
    mode !== "direct" &&
    (standby !== undefined || active.clientId !== backstage.clientId)
  ) {
    return refuse(
      `mode is ${mode} while a rotation by blue-green has the second client in use or beside it, and that ` +
        "needs mode direct; set it back, and rotate until the first client is alone.",
    );
  }
  const second = green(backstage.clientId);
  if (mode === "hybrid" && active.clientId !== second && facts.begunGeneration(second) > 0) {
    // Where Pulumi rolls the pods out, they forget the second client before it goes.
    return refuse(
      `mode is hybrid, and a run that did not end has made the client ${second}, which pods of that run sign in by ` +
        "too; set mode to direct, run pulumi up, and then change it.",
    );
  }

  const warnings: string[] = [];
  const isNew = last === undefined || last.strategy !== "overlap" || raisesGeneration(rotation, last);
  if (rotation.strategy === "overlap" && keycloakOverlaps === false) {
    const lacks = `${keycloak.url} runs without the feature client-secret-rotation; start Keycloak with --features=client-secret-rotation`;
    if (isNew) return refuse(`rotation.strategy is overlap, and ${lacks}, or set it to blue-green.`);
    warnings.push(`${lacks}, or the next rotation by overlap is refused.`);
  }
  if (rotation.strategy === "overlap" && keycloakOverlaps === undefined && isNew) {
    warnings.push(
      "Keycloak does not tell this client of its features: whether an old secret stays valid is known only after the rotation.",
    );
  }

  const isRaise = last !== undefined && changesSecret(rotation, last);
  let overlap = overlapOf(rotation, last, now);
  if (overlap !== undefined && overlap.until > now) {
    const before = { clientId: active.clientId, generation: active.generation - 1 };
    const name = `secret ${before.generation} of ${before.clientId}`;
    const answer = await facts.accepts(before);
    if (isRaise && answer === "unknown") {
      return refuse(
        `rotation.generation is raised by overlap, and whether Keycloak accepts ${name} now is not known; ` +
          "run this again, or set rotation.strategy to replace.",
      );
    }
    if (isRaise && answer === "refused" && settings.rotation.strategy !== undefined) {
      return refuse(
        `rotation.strategy is overlap, and Keycloak refuses ${name}, which would so come back; set it to replace.`,
      );
    }
    if (answer === "refused") {
      // What was decided without a setting goes on without an overlap, for there is nothing left to keep; what was
      // begun has ended.
      if (isRaise) rotation = { ...rotation, strategy: "replace" };
      overlap = undefined;
    }
  }
  if (isRaise && overlap === undefined) {
    warnings.push(
      "rotation by replace: sign-in is refused from the moment that Keycloak has the new secret until the " +
        "rollout is over; rotation.strategy overlap or blue-green avoids that.",
    );
  } else if (last !== undefined && last.graceEnds > now && overlap === undefined) {
    warnings.push(
      `the secret before ${last.generation} is refused from this run on, and not ` +
        `from ${new Date(last.graceEnds * 1000).toISOString()}: a pod that still has it fails sign-ins until it is rolled out.`,
    );
  }
  return { rotation, overlap, warnings };
}

async function featureIsActive(
  { keycloak }: Pick<Settings, "keycloak">,
  accessToken: string,
): Promise<boolean | undefined> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${keycloak.url}/admin/serverinfo`, { headers, signal: AbortSignal.timeout(30_000) });
  const { features } = (await response.json().catch(() => ({}))) as { features?: { name: string; enabled: boolean }[] };
  return features?.some(({ name, enabled }) => name === "CLIENT_SECRET_ROTATION" && enabled);
}

/**
 * Keycloak shows its clock to nobody, but it dates its tokens: when this one was issued, in seconds; undefined when it
 * does not say.
 */
export function issuedAt(accessToken: string): number | undefined {
  try {
    const { iat } = JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()) as {
      iat?: unknown;
    };
    return typeof iat === "number" ? iat : undefined;
  } catch {
    return undefined;
  }
}

/** The generated secrets of clients that the state holds, those of runs that did not end included. */
export function secretsIn({ passwords, generations }: Pick<State, "passwords" | "generations">): Pick<
  RotationFacts,
  "begunGeneration"
> & {
  readonly secretOf: (clientId: string, generation: number) => string | undefined;
} {
  const nameOf = (clientId: string, generation: number): string => secretName(clientId, slots(generation).current);
  return {
    begunGeneration: (clientId) =>
      Math.max(...[1, 2].map((generation) => generations.get(nameOf(clientId, generation)) ?? 0)),
    secretOf(clientId, generation) {
      const name = nameOf(clientId, generation);
      return generations.get(name) === generation ? passwords.get(name) : undefined;
    },
  };
}

/**
 * Why another client's secret would come back, a sentence each: the secrets of these are replaced, one after the other.
 */
export function loweredFaults(
  { rotation, catalogSync, clients }: Pick<Settings, "rotation" | "catalogSync" | "clients">,
  begun: RotationFacts["begunGeneration"],
): string[] {
  const secrets = [
    ...(catalogSync.enabled
      ? [{ key: "rotation.catalogSync", clientId: catalogSync.clientId, generation: rotation.catalogSync }]
      : []),
    ...clients.flatMap(({ clientId, secret }, index) =>
      secret === undefined
        ? []
        : [{ key: `clients.${index}.secret.generation`, clientId, generation: secret.generation }],
    ),
  ];
  return secrets.flatMap(({ key, clientId, generation }) => {
    const last = begun(clientId);
    return last > generation
      ? [
          `${key} is ${generation}, and ${last} was begun; an old secret does not come back, so set it to ${last} or more.`,
        ]
      : [];
  });
}

/**
 * The settings with the rotation as it will be done, and the overlap that comes of it. Throws one sentence when it cannot be done
 * without an outage that nobody chose, or would bring a secret back; says whom it costs a sign-in.
 * @param accessToken fresh: it tells Keycloak's clock
 */
export async function decideSettings(
  settings: Settings,
  last: LastRotation | undefined,
  accessToken: string,
  state: State,
): Promise<DecidedSettings> {
  const { begunGeneration: begun, secretOf } = secretsIn(state);
  const lowered = loweredFaults(settings, begun);
  if (lowered.length > 0) throw new pulumi.RunError(lowered.map((fault) => `config: ${fault}`).join("\n"));
  const { rotation, overlap, fault, warnings } = await decideRotation(settings, last, {
    featureIsActive: () => featureIsActive(settings, accessToken),
    async accepts({ clientId, generation }) {
      const clientSecret = secretOf(clientId, generation);
      if (clientSecret === undefined) return "unknown";
      return (
        await probe({ clientId, clientSecret }, keycloakUrls(settings.keycloak.url, settings.realm.name).token, 30_000)
      ).answer;
    },
    begunGeneration: begun,
    now: issuedAt(accessToken) ?? Date.now() / 1000,
  });
  if (fault !== undefined) throw new pulumi.RunError(`config: ${fault}`);
  for (const warning of warnings) await pulumi.log.warn(warning);
  if (rotation.step !== undefined) {
    const next =
      rotation.step === "prepare"
        ? "set rotation.step to switch, and people sign in by the new client"
        : "remove rotation.step, and the old client goes away";
    await pulumi.log.info(`rotation by blue-green: with this run every pod knows both clients; then ${next}.`);
  }
  if (overlap === undefined) return decidedSettings(settings, rotation);
  // A preview cannot know when the run will be; what it showed would not be what is done.
  const isOfTheRun =
    pulumi.runtime.isDryRun() && rotation.at === undefined && last !== undefined && changesSecret(rotation, last);
  return decidedSettings(
    settings,
    rotation,
    isOfTheRun ? pulumi.output(pulumi.unknown as unknown as Overlap) : overlap,
  );
}
