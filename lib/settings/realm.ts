import { z } from "zod";
import { sslModes } from "../keycloak/clients";
import { policyFault } from "../keycloak/passwordPolicy";
import { durationFrom, flag, judged, realmName, text, whole } from "./common";

/** The settings of the realm. Each has a value of its own: what a program leaves out, no run ever corrects. */

const Lifetimes = z.strictObject({
  accessToken: durationFrom("10s").prefault("5m").describe("How long an access token is valid."),
  ssoSessionIdle: durationFrom("1m").prefault("30m").describe("A session without a request ends after this."),
  ssoSessionMax: durationFrom("1m").prefault("10h").describe("Every session ends after this."),
  ssoSessionIdleRememberMe: durationFrom("1m", true)
    .prefault("0s")
    .describe("The same as `ssoSessionIdle`, with remember-me; `0s`: no different."),
  ssoSessionMaxRememberMe: durationFrom("1m", true)
    .prefault("0s")
    .describe("The same as `ssoSessionMax`, with remember-me; `0s`: no different."),
  clientSessionIdle: durationFrom("1m", true)
    .prefault("0s")
    .describe("A client's refresh token unused for this ends; `0s`: with the session."),
  clientSessionMax: durationFrom("1m", true)
    .prefault("0s")
    .describe("A client's refresh token ends after this; `0s`: with the session."),
  offlineSessionIdle: durationFrom("1m")
    .prefault("720h")
    .describe("An offline session without a request ends after this."),
  offlineSessionMax: durationFrom("1m").prefault("1440h").describe("Every offline session ends after this."),
  accessCode: durationFrom("10s")
    .prefault("1m")
    .describe("How long a client may take to redeem an authorization code."),
  accessCodeLogin: durationFrom("1m").prefault("30m").describe("How long a person may take to sign in."),
  accessCodeUserAction: durationFrom("1m")
    .prefault("5m")
    .describe("How long a person may take for an action, such as a new password."),
  actionTokenByUser: durationFrom("1m").prefault("5m").describe("How long a link is valid that a person asked for."),
  actionTokenByAdmin: durationFrom("1m")
    .prefault("12h")
    .describe("How long a link is valid that an administrator sent."),
});

const Login = z.strictObject({
  rememberMe: flag.default(false).describe("Offer to stay signed in after the browser closes."),
  resetPassword: flag.default(false).describe("Offer a new password by e-mail; it needs a mail server in the realm."),
  verifyEmail: flag
    .default(false)
    .describe("Ask each person to confirm the e-mail address; it needs a mail server in the realm."),
  withEmail: flag.default(true).describe("Accept the e-mail address in place of the user name."),
  passwordPolicy: judged(z.string().trim(), policyFault)
    .meta({ title: "text" })
    .default("length(12) and notUsername and notEmail")
    .describe("What a password must be, as Keycloak's policies joined by `and`."),
});

const Themes = z.strictObject({
  login: text
    .optional()
    .meta({ description: "Theme of the sign-in form; Keycloak's own when unset.", example: "keycloak.v2" }),
  account: text.optional().describe("Theme of the account console; Keycloak's own when unset."),
  email: text.optional().describe("Theme of e-mails; Keycloak's own when unset."),
});

const BruteForce = z.strictObject({
  maxLoginFailures: whole(1, 1000).default(30).describe("Failures before a user has to wait."),
  permanentLockout: flag.default(false).describe("Lock the user for good instead; an administrator unlocks."),
  waitIncrement: durationFrom("1s")
    .prefault("1m")
    .describe("The wait, longer by this with every further round of failures."),
  maxWait: durationFrom("1s").prefault("15m").describe("The longest wait."),
  failureReset: durationFrom("1m").prefault("12h").describe("Failures are forgotten after this."),
  quickLogin: whole(1, 60_000, "ms")
    .default(1000)
    .describe("Failures closer together than this count as an attack at once."),
  quickLoginWait: durationFrom("1s").prefault("1m").describe("The wait after such failures."),
});

const eventType = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,254}$/, "must be a type of event, such as LOGIN")
  .meta({ title: "event type" });

const Events = z.strictObject({
  enabled: flag.default(true).describe("Keep sign-in events, for the admin console and for an investigation."),
  expiration: durationFrom("1m", true).prefault("720h").describe("How long they are kept; `0s`: for good."),
  types: z
    .array(eventType)
    .default([])
    .meta({ description: "Which are kept; empty means all.", example: ["LOGIN", "LOGIN_ERROR"] }),
  admin: flag.default(true).describe("Keep what administrators change, this program included."),
  adminDetails: flag.default(false).describe("Keep the changed representation too; it may hold personal data."),
  listeners: z
    .array(text)
    .min(1, "must name at least one listener")
    .default(["jboss-logging"])
    .describe("Where events go beside the database."),
});

export const Realm = z.strictObject({
  name: realmName.meta({ description: "The realm that people sign in to; part of the issuer.", example: "platform" }),
  displayName: text.optional().describe("What the sign-in form says; the realm's name when unset."),
  protect: flag.optional().describe("Refuse to delete the realm and the users in it; when unset true, in `dev` false."),
  adopt: flag
    .default(false)
    .describe(
      "Take over the realm of this name that exists, and in it the roles, groups, users and scopes that " +
        "the settings name, instead of making them.",
    ),
  sslRequired: z
    .enum(sslModes)
    .default("external")
    .describe("Which requests need TLS: from outside private networks, or all."),
  lifetimes: Lifetimes.prefault({}).describe("How long tokens and sessions live."),
  login: Login.prefault({}).describe("What the sign-in form offers."),
  themes: Themes.prefault({}).describe("How pages and e-mails look."),
  bruteForce: BruteForce.prefault({}).describe("The answer to guessed passwords."),
  events: Events.prefault({}).describe("What Keycloak remembers."),
});

type RealmParsed = z.output<typeof Realm>;

/** What the component takes where nothing is said. */
export const realmDefaults = Realm.omit({ name: true, adopt: true }).parse({});

/**
 * How long a session of the realm may last, unused and at all, in seconds: longer with remember-me, if people may ask
 * for it.
 */
export function longestSessions({ lifetimes, login }: Pick<RealmParsed, "lifetimes" | "login">): {
  readonly idle: number;
  readonly max: number;
} {
  const { ssoSessionIdle, ssoSessionMax, ssoSessionIdleRememberMe, ssoSessionMaxRememberMe } = lifetimes;
  if (!login.rememberMe) return { idle: ssoSessionIdle, max: ssoSessionMax };
  return {
    idle: Math.max(ssoSessionIdle, ssoSessionIdleRememberMe),
    max: Math.max(ssoSessionMax, ssoSessionMaxRememberMe),
  };
}

/** Rules of the realm that need more than one key. */
export function realmFaults(realm: RealmParsed): string[] {
  const { lifetimes, bruteForce } = realm;
  const faults: string[] = [];
  const atMost = (less: number, lessKey: string, more: number, moreKey: string): void => {
    if (less > more) faults.push(`realm.${lessKey} must be at most realm.${moreKey}, or it has no effect; lower it.`);
  };
  atMost(lifetimes.accessToken, "lifetimes.accessToken", lifetimes.ssoSessionMax, "lifetimes.ssoSessionMax");
  atMost(lifetimes.ssoSessionIdle, "lifetimes.ssoSessionIdle", lifetimes.ssoSessionMax, "lifetimes.ssoSessionMax");
  atMost(
    lifetimes.offlineSessionIdle,
    "lifetimes.offlineSessionIdle",
    lifetimes.offlineSessionMax,
    "lifetimes.offlineSessionMax",
  );
  const rememberMe =
    lifetimes.ssoSessionMaxRememberMe === 0 ? ("ssoSessionMax" as const) : ("ssoSessionMaxRememberMe" as const);
  atMost(
    lifetimes.ssoSessionIdleRememberMe,
    "lifetimes.ssoSessionIdleRememberMe",
    lifetimes[rememberMe],
    `lifetimes.${rememberMe}`,
  );
  // Keycloak refuses these.
  const longest = longestSessions(realm);
  atMost(lifetimes.clientSessionIdle, "lifetimes.clientSessionIdle", longest.idle, "lifetimes.ssoSessionIdle");
  atMost(lifetimes.clientSessionMax, "lifetimes.clientSessionMax", longest.max, "lifetimes.ssoSessionMax");
  atMost(bruteForce.quickLoginWait, "bruteForce.quickLoginWait", bruteForce.maxWait, "bruteForce.maxWait");
  atMost(bruteForce.waitIncrement, "bruteForce.waitIncrement", bruteForce.maxWait, "bruteForce.maxWait");
  return faults;
}
