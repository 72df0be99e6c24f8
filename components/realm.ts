import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { Settings } from "../config";
import { type Adoption, keyOf, realmAttributes } from "../lib/keycloak/adoption";
import { durationText } from "../lib/settings/durations";
import { keycloakUrls, type KeycloakUrls } from "../lib/keycloak/urls";
import { adoption } from "./support/importOptions";

export interface RealmArgs {
  /** Keycloak's public URL, its path included. A plain string: the URLs of the whole chain derive from it. */
  readonly keycloakUrl: string;
  /** Its name, its lifetimes and what people may do. */
  readonly settings: Settings["realm"];
  /** What is taken over. @default nothing: the realm is made, or is the program's already */
  readonly adopted?: Adoption;
}

type Lifetimes = Settings["realm"]["lifetimes"];

/** Every lifetime is set, so that a changed one is corrected. */
function lifetimes(given: Lifetimes): keycloak.RealmArgs {
  const text = (key: keyof Lifetimes): string => durationText(given[key]);
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
  given: Settings["realm"]["bruteForce"],
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
  /** The `iss` of every token of this realm. */
  readonly issuer: string;
  /** The discovery document's URL. */
  readonly metadataUrl: string;
  /** Every public URL of the realm. */
  readonly urls: KeycloakUrls;
  /** What a consumer of this realm depends on. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: RealmArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:Realm", name, { keycloakUrl: args.keycloakUrl, settings: args.settings }, opts);
    const { name: realmName, displayName, protect, sslRequired, login, themes, events, ...settings } = args.settings;
    const key = keyOf("realm", realmName);
    const inputs = {
      realm: realmName,
      ...internalId(realmName),
      enabled: true,
      displayName,
      sslRequired,
      ...lifetimes(settings.lifetimes),
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
      securityDefenses: { bruteForceDetection: bruteForceDetection(settings.bruteForce) },
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
    this.issuer = this.urls.issuer;
    this.metadataUrl = this.urls.metadata;
    this.ready = [realm];
    this.registerOutputs({
      realmId: this.realmId,
      issuer: this.issuer,
      metadataUrl: this.metadataUrl,
      urls: this.urls,
    });
  }
}
