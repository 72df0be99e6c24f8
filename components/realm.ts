import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { type Adoption, keyOf, realmAttributes } from "../lib/keycloak/adoption";
import { durationText } from "../lib/durations";
import { realmDefaults } from "../lib/settings/realm";
import { withDefaults } from "./support/defaults";
import { keycloakUrls, type KeycloakUrls } from "../lib/keycloak/urls";
import { adoption } from "./support/importOptions";

/** How long tokens and sessions live, in seconds. */
export interface RealmLifetimes {
  /** How long an access token is valid, in seconds. @default 300 */
  readonly accessToken?: number;
  /** A session without a request ends after this many seconds. @default 1800 */
  readonly ssoSessionIdle?: number;
  /** Every session ends after this many seconds. @default 36000 */
  readonly ssoSessionMax?: number;
  /** As `ssoSessionIdle`, with remember-me; 0: no different. @default 0 */
  readonly ssoSessionIdleRememberMe?: number;
  /** As `ssoSessionMax`, with remember-me; 0: no different. @default 0 */
  readonly ssoSessionMaxRememberMe?: number;
  /** A client's refresh token unused for this many seconds ends; 0: with the session. @default 0 */
  readonly clientSessionIdle?: number;
  /** A client's refresh token ends after this many seconds; 0: with the session. @default 0 */
  readonly clientSessionMax?: number;
  /** An offline session without a request ends after this many seconds. @default 2592000 */
  readonly offlineSessionIdle?: number;
  /** Every offline session ends after this many seconds. @default 5184000 */
  readonly offlineSessionMax?: number;
  /** How long a client may take to redeem an authorization code, in seconds. @default 60 */
  readonly accessCode?: number;
  /** How long a person may take to sign in, in seconds. @default 1800 */
  readonly accessCodeLogin?: number;
  /** How long a person may take for an action, such as a new password, in seconds. @default 300 */
  readonly accessCodeUserAction?: number;
  /** How long a link is valid that a person asked for, in seconds. @default 300 */
  readonly actionTokenByUser?: number;
  /** How long a link is valid that an administrator sent, in seconds. @default 43200 */
  readonly actionTokenByAdmin?: number;
}

/** What the sign-in form offers. */
export interface RealmLogin {
  /** Offer to stay signed in after the browser closes. @default false */
  readonly rememberMe?: boolean;
  /** Offer a new password by e-mail; it needs a mail server in the realm. @default false */
  readonly resetPassword?: boolean;
  /** Ask each person to confirm the e-mail address; it needs a mail server in the realm. @default false */
  readonly verifyEmail?: boolean;
  /** Accept the e-mail address in place of the user name. @default true */
  readonly withEmail?: boolean;
  /** What a password must be, as Keycloak's policies joined by `and`. @default length(12) and notUsername and notEmail */
  readonly passwordPolicy?: string;
}

/** How pages and e-mails look. */
export interface RealmThemes {
  /** Theme of the sign-in form, such as `keycloak.v2`. @default Keycloak's own */
  readonly login?: string | undefined;
  /** Theme of the account console. @default Keycloak's own */
  readonly account?: string | undefined;
  /** Theme of e-mails. @default Keycloak's own */
  readonly email?: string | undefined;
}

/** The answer to guessed passwords. */
export interface RealmBruteForce {
  /** Failures before a user has to wait. @default 30 */
  readonly maxLoginFailures?: number;
  /** Lock the user for good instead; an administrator unlocks. @default false */
  readonly permanentLockout?: boolean;
  /** The wait, longer by this with every further round of failures, in seconds. @default 60 */
  readonly waitIncrement?: number;
  /** The longest wait, in seconds. @default 900 */
  readonly maxWait?: number;
  /** Failures are forgotten after this many seconds. @default 43200 */
  readonly failureReset?: number;
  /** Failures closer together than this count as an attack at once, in milliseconds. @default 1000 */
  readonly quickLogin?: number;
  /** The wait after such failures, in seconds. @default 60 */
  readonly quickLoginWait?: number;
}

/** What Keycloak remembers. */
export interface RealmEvents {
  /** Keep sign-in events, for the admin console and for an investigation. @default true */
  readonly enabled?: boolean;
  /** How long they are kept, in seconds; 0: for good. @default 2592000 */
  readonly expiration?: number;
  /** Which are kept, such as `LOGIN_ERROR`; empty means all. @default [] */
  readonly types?: string[];
  /** Keep what administrators change, this program included. @default true */
  readonly admin?: boolean;
  /** Keep the changed representation too; it may hold personal data. @default false */
  readonly adminDetails?: boolean;
  /** Where events go beside the database. @default ["jboss-logging"] */
  readonly listeners?: string[];
}

export interface RealmArgs {
  /** Keycloak's public URL, its path included. A plain string: the URLs of the whole chain derive from it. */
  readonly keycloakUrl: string;
  /** Its name, a part of the issuer. */
  readonly realmName: string;
  /** What the sign-in form says. @default its name */
  readonly displayName?: string;
  /** Refuse to delete the realm and the users in it. @default true */
  readonly protect?: boolean;
  /** Which requests need TLS: from outside private networks, or all. @default external */
  readonly sslRequired?: "external" | "all";
  /** How long tokens and sessions live. @default as each says */
  readonly lifetimes?: RealmLifetimes;
  /** What the sign-in form offers. @default as each says */
  readonly login?: RealmLogin;
  /** How pages and e-mails look. @default Keycloak's own */
  readonly themes?: RealmThemes;
  /** The answer to guessed passwords. @default as each says */
  readonly bruteForce?: RealmBruteForce;
  /** What Keycloak remembers. @default as each says */
  readonly events?: RealmEvents;
  /** What is taken over. @default nothing: the realm is made, or is the program's already */
  readonly adopted?: Adoption;
}

/** Every lifetime is set, so that a changed one is corrected. */
function lifetimes(given: Required<RealmLifetimes>): keycloak.RealmArgs {
  const text = (key: keyof RealmLifetimes): string => durationText(given[key]);
  return {
    accessTokenLifespan: text("accessToken"),
    // No client may use the implicit flow; its own longer default would only mislead.
    accessTokenLifespanForImplicitFlow: text("accessToken"),
    ssoSessionIdleTimeout: text("ssoSessionIdle"),
    ssoSessionMaxLifespan: text("ssoSessionMax"),
    ssoSessionIdleTimeoutRememberMe: text("ssoSessionIdleRememberMe"),
    ssoSessionMaxLifespanRememberMe: text("ssoSessionMaxRememberMe"),
    clientSessionIdleTimeout: text("clientSessionIdle"),
    clientSessionMaxLifespan: text("clientSessionMax"),
    offlineSessionIdleTimeout: text("offlineSessionIdle"),
    offlineSessionMaxLifespanEnabled: true,
    offlineSessionMaxLifespan: text("offlineSessionMax"),
    accessCodeLifespan: text("accessCode"),
    accessCodeLifespanLogin: text("accessCodeLogin"),
    accessCodeLifespanUserAction: text("accessCodeUserAction"),
    actionTokenGeneratedByUserLifespan: text("actionTokenByUser"),
    actionTokenGeneratedByAdminLifespan: text("actionTokenByAdmin"),
  };
}

/**
 * Keycloak's own id of a realm, which is its name unless that is too long for the column; never changed, as an adopted
 * realm has another.
 */
const internalId = (name: string): { internalId?: string } =>
  name.length <= 36 ? {} : { internalId: createHash("sha256").update(name).digest("hex").slice(0, 36) };

function bruteForceDetection(
  given: Required<RealmBruteForce>,
): keycloak.types.input.RealmSecurityDefensesBruteForceDetection {
  return {
    permanentLockout: given.permanentLockout,
    maxLoginFailures: given.maxLoginFailures,
    waitIncrementSeconds: given.waitIncrement,
    quickLoginCheckMilliSeconds: given.quickLogin,
    minimumQuickLoginWaitSeconds: given.quickLoginWait,
    maxFailureWaitSeconds: given.maxWait,
    failureResetTimeSeconds: given.failureReset,
  };
}

/** A Keycloak realm for sign-in: TLS from outside, brute force detection, events, no self-registration. */
export class Realm extends pulumi.ComponentResource {
  /** The realm's name, known only once it exists. */
  readonly realmId: pulumi.Output<string>;
  /** The same before that, as a plain text. */
  readonly realmName: string;
  /** Keycloak's public URL. */
  readonly keycloakUrl: string;
  /** The `iss` of every token of this realm. */
  readonly issuer: string;
  /** The discovery document's URL. */
  readonly metadataUrl: string;
  /** Every public URL of the realm. */
  readonly urls: KeycloakUrls;
  /** What a consumer of this realm depends on. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: RealmArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      "backstage-keycloak:identity:Realm",
      name,
      { keycloakUrl: args.keycloakUrl, realmName: args.realmName },
      opts,
    );
    const { realmName, login, themes, events, ...given } = withDefaults(args, realmDefaults);
    const { displayName = realmName, protect = true, sslRequired } = given;
    const key = keyOf("realm", realmName);
    const inputs = {
      realm: realmName,
      ...internalId(realmName),
      enabled: true,
      displayName,
      sslRequired,
      ...lifetimes(given.lifetimes),
      registrationAllowed: false,
      registrationEmailAsUsername: false,
      editUsernameAllowed: false,
      userManagedAccess: false,
      rememberMe: login.rememberMe,
      resetPasswordAllowed: login.resetPassword,
      verifyEmail: login.verifyEmail,
      loginWithEmailAllowed: login.withEmail,
      duplicateEmailsAllowed: false,
      passwordPolicy: login.passwordPolicy,
      loginTheme: themes.login,
      accountTheme: themes.account,
      emailTheme: themes.email,
      securityDefenses: { bruteForceDetection: bruteForceDetection(given.bruteForce) },
      attributes: realmAttributes(args.adopted?.[key]),
    } satisfies keycloak.RealmArgs;
    const realm = new keycloak.Realm(name, inputs, {
      parent: this,
      protect,
      ignoreChanges: Object.keys(internalId(realmName)),
      ...adoption(this, args.adopted, key, { ...inputs, bruteForceProtected: true }),
    });
    new keycloak.RealmEvents(
      name,
      {
        realmId: realm.realm,
        eventsEnabled: events.enabled,
        eventsExpiration: events.expiration,
        eventsListeners: events.listeners,
        ...(events.types.length === 0 ? {} : { enabledEventTypes: events.types }),
        adminEventsEnabled: events.admin,
        adminEventsDetailsEnabled: events.adminDetails,
      },
      { parent: this, dependsOn: [realm] },
    );
    this.urls = keycloakUrls(args.keycloakUrl, realmName);
    this.realmId = realm.realm;
    this.realmName = realmName;
    this.keycloakUrl = args.keycloakUrl;
    this.issuer = this.urls.issuer;
    this.metadataUrl = this.urls.metadata;
    this.ready = [realm];
    this.registerOutputs({
      realmId: this.realmId,
      realmName,
      keycloakUrl: this.keycloakUrl,
      issuer: this.issuer,
      metadataUrl: this.metadataUrl,
      urls: this.urls,
    });
  }
}
