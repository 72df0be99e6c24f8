import type { CheckFailure } from "../provider";
import type { Properties } from "../values";
import { type Field, type Fields, fromRepresentation, toRepresentation } from "./fields";
import type { Spec } from "./resource";

const flag = (at: string): Field => ({ type: "boolean", at: [at], keep: true });
const off = (at: string): Field => ({ type: "boolean", at: [at], default: false });
const theme = (at: string): Field => ({ type: "string", at: [at], keep: true, omitEmpty: true });
const duration = (at: string): Field => ({ type: "duration", at: [at], keep: true });
/** What Keycloak binds in a new realm; the official provider sends these when the program names none. */
const flow = (at: string): Field => ({ type: "string", at: [at], keep: true });
const count = (at: string, byDefault: number): Field => ({ type: "number", at: [at], default: byDefault });

const headers: Fields = {
  contentSecurityPolicy: {
    type: "string",
    at: ["contentSecurityPolicy"],
    default: "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
  },
  contentSecurityPolicyReportOnly: { type: "string", at: ["contentSecurityPolicyReportOnly"], default: "" },
  referrerPolicy: { type: "string", at: ["referrerPolicy"], default: "no-referrer" },
  strictTransportSecurity: {
    type: "string",
    at: ["strictTransportSecurity"],
    default: "max-age=31536000; includeSubDomains",
  },
  xContentTypeOptions: { type: "string", at: ["xContentTypeOptions"], default: "nosniff" },
  xFrameOptions: { type: "string", at: ["xFrameOptions"], default: "SAMEORIGIN" },
  xRobotsTag: { type: "string", at: ["xRobotsTag"], default: "none" },
  xXssProtection: { type: "string", at: ["xXSSProtection"], default: "1; mode=block" },
};

const bruteForce: Fields = {
  permanentLockout: off("permanentLockout"),
  bruteForceStrategy: { type: "string", at: ["bruteForceStrategy"], default: "MULTIPLE" },
  maxTemporaryLockouts: count("maxTemporaryLockouts", 0),
  maxLoginFailures: count("failureFactor", 30),
  waitIncrementSeconds: count("waitIncrementSeconds", 60),
  quickLoginCheckMilliSeconds: count("quickLoginCheckMilliSeconds", 1000),
  minimumQuickLoginWaitSeconds: count("minimumQuickLoginWaitSeconds", 60),
  maxFailureWaitSeconds: count("maxFailureWaitSeconds", 900),
  failureResetTimeSeconds: count("maxDeltaTimeSeconds", 43200),
};

const fields: Fields = {
  realm: { type: "string", required: true, replace: true, at: ["realm"] },
  internalId: { type: "string", replace: true, keep: true, at: ["id"] },
  enabled: { type: "boolean", default: true, at: ["enabled"] },
  displayName: { type: "string", keep: true, at: ["displayName"] },
  displayNameHtml: { type: "string", keep: true, at: ["displayNameHtml"] },
  userManagedAccess: off("userManagedAccessAllowed"),
  organizationsEnabled: off("organizationsEnabled"),
  terraformDeletionProtection: { type: "boolean", default: false },
  registrationAllowed: flag("registrationAllowed"),
  registrationEmailAsUsername: flag("registrationEmailAsUsername"),
  editUsernameAllowed: flag("editUsernameAllowed"),
  resetPasswordAllowed: flag("resetPasswordAllowed"),
  rememberMe: flag("rememberMe"),
  verifyEmail: flag("verifyEmail"),
  loginWithEmailAllowed: flag("loginWithEmailAllowed"),
  duplicateEmailsAllowed: flag("duplicateEmailsAllowed"),
  sslRequired: { type: "string", default: "external", oneOf: ["none", "external", "all"], at: ["sslRequired"] },
  loginTheme: theme("loginTheme"),
  accountTheme: theme("accountTheme"),
  adminTheme: theme("adminTheme"),
  emailTheme: theme("emailTheme"),
  defaultSignatureAlgorithm: { type: "string", keep: true, at: ["defaultSignatureAlgorithm"] },
  revokeRefreshToken: off("revokeRefreshToken"),
  refreshTokenMaxReuse: count("refreshTokenMaxReuse", 0),
  ssoSessionIdleTimeout: duration("ssoSessionIdleTimeout"),
  ssoSessionIdleTimeoutRememberMe: duration("ssoSessionIdleTimeoutRememberMe"),
  ssoSessionMaxLifespan: duration("ssoSessionMaxLifespan"),
  ssoSessionMaxLifespanRememberMe: duration("ssoSessionMaxLifespanRememberMe"),
  offlineSessionIdleTimeout: duration("offlineSessionIdleTimeout"),
  offlineSessionMaxLifespan: duration("offlineSessionMaxLifespan"),
  offlineSessionMaxLifespanEnabled: off("offlineSessionMaxLifespanEnabled"),
  clientSessionIdleTimeout: duration("clientSessionIdleTimeout"),
  clientSessionMaxLifespan: duration("clientSessionMaxLifespan"),
  accessTokenLifespan: duration("accessTokenLifespan"),
  accessTokenLifespanForImplicitFlow: duration("accessTokenLifespanForImplicitFlow"),
  accessCodeLifespan: duration("accessCodeLifespan"),
  accessCodeLifespanLogin: duration("accessCodeLifespanLogin"),
  accessCodeLifespanUserAction: duration("accessCodeLifespanUserAction"),
  actionTokenGeneratedByUserLifespan: duration("actionTokenGeneratedByUserLifespan"),
  actionTokenGeneratedByAdminLifespan: duration("actionTokenGeneratedByAdminLifespan"),
  oauth2DeviceCodeLifespan: duration("oauth2DeviceCodeLifespan"),
  oauth2DevicePollingInterval: { type: "number", keep: true, omitEmpty: true, at: ["oauth2DevicePollingInterval"] },
  passwordPolicy: { type: "string", at: ["passwordPolicy"] },
  browserFlow: flow("browserFlow"),
  registrationFlow: flow("registrationFlow"),
  directGrantFlow: flow("directGrantFlow"),
  resetCredentialsFlow: flow("resetCredentialsFlow"),
  clientAuthenticationFlow: flow("clientAuthenticationFlow"),
  dockerAuthenticationFlow: flow("dockerAuthenticationFlow"),
  firstBrokerLoginFlow: flow("firstBrokerLoginFlow"),
  adminPermissionsEnabled: { type: "boolean", at: ["adminPermissionsEnabled"], unread: true },
  attributes: { type: "map" },
  defaultDefaultClientScopes: { type: "strings", at: ["defaultDefaultClientScopes"], unread: true },
  defaultOptionalClientScopes: { type: "strings", at: ["defaultOptionalClientScopes"], unread: true },
  internationalization: {
    type: "object",
    fields: {
      supportedLocales: { type: "strings", required: true },
      defaultLocale: { type: "string", required: true },
    },
  },
  securityDefenses: {
    type: "object",
    fields: {
      headers: { type: "object", fields: headers },
      bruteForceDetection: { type: "object", fields: bruteForce },
    },
  },
};

const object = (value: unknown): Properties => (value ?? {}) as Properties;

function check(news: Properties): CheckFailure[] {
  const result: CheckFailure[] = [];
  const fail = (property: string, reason: string): void => void result.push({ property, reason });
  if (news.duplicateEmailsAllowed === true) {
    for (const other of ["registrationEmailAsUsername", "loginWithEmailAllowed"]) {
      if (news[other] === true)
        fail(other, `validation error: duplicateEmailsAllowed cannot be true if ${other} is true`);
    }
  }
  const { supportedLocales = [], defaultLocale } = object(news.internationalization);
  if (defaultLocale !== undefined && !(supportedLocales as unknown[]).includes(defaultLocale)) {
    fail("internationalization", "validation error: DefaultLocale should be in the SupportLocales");
  }
  return result;
}

/** Defaults apply to what the program does not mention, so that drift of it is corrected like the official one's. */
function prepare(representation: Properties, values: Properties): void {
  const locales = object(values.internationalization);
  const defenses = object(values.securityDefenses);
  const complete = (of: Fields, given: unknown): Properties => {
    const defaults = Object.entries(of).map(([name, field]): [string, unknown] => [name, field.default]);
    return toRepresentation(of, { ...Object.fromEntries(defaults), ...object(given) });
  };
  Object.assign(representation, complete(bruteForce, defenses.bruteForceDetection), {
    internationalizationEnabled: values.internationalization !== undefined,
    supportedLocales: locales.supportedLocales ?? [],
    defaultLocale: locales.defaultLocale ?? "",
    bruteForceProtected: defenses.bruteForceDetection !== undefined,
    browserSecurityHeaders: complete(headers, defenses.headers),
    attributes: object(values.attributes),
  });
  // Keycloak takes the name for the id when none is given; an empty scope list would detach all scopes.
  representation.id ??= values.realm;
  for (const name of ["defaultDefaultClientScopes", "defaultOptionalClientScopes"]) {
    if ((values[name] as unknown[]).length === 0) representation[name] = undefined;
  }
}

/** What Keycloak has of the parts that the program speaks about. */
function nested(found: Properties, before: Properties): Properties {
  const was = object(before.securityDefenses);
  const defenses: Properties = {
    ...(was.headers === undefined
      ? {}
      : { headers: fromRepresentation(headers, object(found.browserSecurityHeaders), object(was.headers)) }),
    ...(found.bruteForceProtected === true
      ? { bruteForceDetection: fromRepresentation(bruteForce, found, object(was.bruteForceDetection)) }
      : {}),
  };
  const attributes = Object.keys(object(before.attributes)).map((key) => [key, object(found.attributes)[key]]);
  return {
    securityDefenses: Object.keys(defenses).length === 0 ? undefined : defenses,
    internationalization:
      found.internationalizationEnabled === true
        ? { supportedLocales: found.supportedLocales, defaultLocale: found.defaultLocale }
        : undefined,
    attributes: before.attributes === undefined ? undefined : Object.fromEntries(attributes),
  };
}

export const realm: Spec = {
  fields,
  check,
  prepare,
  parseImport: (id) => ({ id, values: {} }),

  async create(keycloak, representation) {
    await keycloak.call((admin) => admin.realms.create(representation));
    await keycloak.loginAgain();
    return representation.realm as string;
  },

  async get(keycloak, id, before) {
    const found = await keycloak.find((admin) => admin.realms.findOne({ realm: id }));
    return found === undefined ? undefined : { found: found as Properties, extra: nested(found as Properties, before) };
  },

  put: (keycloak, id, representation) => keycloak.call((admin) => admin.realms.update({ realm: id }, representation)),

  remove: (keycloak, id, { terraformDeletionProtection }) => {
    if (terraformDeletionProtection === true) {
      throw new Error(
        `Deletion protection is enabled for realm ${id}; first set terraformDeletionProtection to false.`,
      );
    }
    return keycloak.call((admin) => admin.realms.del({ realm: id }));
  },
};
