import type { CheckFailure } from "../provider";
import { isObject, type Properties } from "../values";
import type { Keycloak } from "./client";
import { type Field, type Fields, fromRepresentation, zero } from "./fields";
import { importField, realmAndId, refuseImport, type Spec } from "./resource";

const attribute = (name: string, field: Omit<Field, "at" | "quoted">): Field => ({
  ...field,
  at: ["attributes", name],
  quoted: true,
});
const flag = (at: string, more: Partial<Field> = {}): Field => ({ type: "boolean", at: [at], keep: true, ...more });
const text = (at: string, more: Partial<Field> = {}): Field => ({ type: "string", at: [at], keep: true, ...more });
const kept = { keep: true } as const;

/** Flags that the program leaves out are kept, as in the official provider: their drift is not corrected. */
const fields: Fields = {
  realmId: { type: "string", required: true, replace: true },
  clientId: { type: "string", required: true, at: ["clientId"] },
  name: text("name"),
  description: text("description"),
  enabled: { type: "boolean", default: true, at: ["enabled"] },
  accessType: { type: "string", required: true, oneOf: ["CONFIDENTIAL", "PUBLIC", "BEARER-ONLY"] },
  clientSecret: text("secret", { omitEmpty: true }),
  clientSecretRegenerateWhenChanged: { type: "map" },
  clientAuthenticatorType: { type: "string", default: "client-secret", at: ["clientAuthenticatorType"] },
  standardFlowEnabled: flag("standardFlowEnabled"),
  implicitFlowEnabled: flag("implicitFlowEnabled"),
  directAccessGrantsEnabled: flag("directAccessGrantsEnabled"),
  serviceAccountsEnabled: flag("serviceAccountsEnabled"),
  frontchannelLogoutEnabled: flag("frontchannelLogout"),
  fullScopeAllowed: { type: "boolean", default: true, at: ["fullScopeAllowed"] },
  consentRequired: flag("consentRequired"),
  alwaysDisplayInConsole: { type: "boolean", default: false, at: ["alwaysDisplayInConsole"] },
  validRedirectUris: { type: "strings", at: ["redirectUris"], keep: true },
  webOrigins: { type: "strings", at: ["webOrigins"], keep: true },
  rootUrl: text("rootUrl"),
  adminUrl: text("adminUrl"),
  baseUrl: text("baseUrl"),
  authenticationFlowBindingOverrides: {
    type: "object",
    fields: { browserId: { type: "string" }, directGrantId: { type: "string" } },
  },
  validPostLogoutRedirectUris: attribute("post.logout.redirect.uris", { type: "strings", ...kept }),
  pkceCodeChallengeMethod: attribute("pkce.code.challenge.method", { type: "string", oneOf: ["", "plain", "S256"] }),
  requireDpopBoundTokens: attribute("dpop.bound.access.tokens", { type: "boolean", ...kept }),
  accessTokenLifespan: attribute("access.token.lifespan", { type: "string", ...kept }),
  clientOfflineSessionIdleTimeout: attribute("client.offline.session.idle.timeout", { type: "string", ...kept }),
  clientOfflineSessionMaxLifespan: attribute("client.offline.session.max.lifespan", { type: "string", ...kept }),
  clientSessionIdleTimeout: attribute("client.session.idle.timeout", { type: "string", ...kept }),
  clientSessionMaxLifespan: attribute("client.session.max.lifespan", { type: "string", ...kept }),
  excludeSessionStateFromAuthResponse: attribute("exclude.session.state.from.auth.response", {
    type: "boolean",
    ...kept,
  }),
  excludeIssuerFromAuthResponse: attribute("exclude.issuer.from.auth.response", { type: "boolean", ...kept }),
  displayOnConsentScreen: attribute("display.on.consent.screen", { type: "boolean", ...kept }),
  consentScreenText: attribute("consent.screen.text", { type: "string", ...kept }),
  loginTheme: attribute("login_theme", { type: "string", ...kept }),
  useRefreshTokens: attribute("use.refresh.tokens", { type: "boolean", default: true }),
  useRefreshTokensClientCredentials: attribute("client_credentials.use_refresh_token", {
    type: "boolean",
    default: false,
  }),
  standardTokenExchangeEnabled: attribute("standard.token.exchange.enabled", { type: "boolean", default: false }),
  allowRefreshTokenInStandardTokenExchange: attribute("standard.token.exchange.enableRefreshRequestedTokenType", {
    type: "string",
  }),
  frontchannelLogoutUrl: attribute("frontchannel.logout.url", { type: "string", ...kept }),
  backchannelLogoutUrl: attribute("backchannel.logout.url", { type: "string", ...kept }),
  backchannelLogoutSessionRequired: attribute("backchannel.logout.session.required", {
    type: "boolean",
    default: true,
  }),
  backchannelLogoutRevokeOfflineSessions: attribute("backchannel.logout.revoke.offline.tokens", { type: "boolean" }),
  oauth2DeviceAuthorizationGrantEnabled: attribute("oauth2.device.authorization.grant.enabled", {
    type: "boolean",
    default: false,
  }),
  oauth2DeviceCodeLifespan: attribute("oauth2.device.code.lifespan", { type: "string" }),
  oauth2DevicePollingInterval: attribute("oauth2.device.polling.interval", { type: "string" }),
  oauth2JwtAuthorizationGrantEnabled: attribute("oauth2.jwt.authorization.grant.enabled", {
    type: "boolean",
    default: false,
  }),
  oauth2JwtAuthorizationGrantIdp: attribute("oauth2.jwt.authorization.grant.idp", { type: "string" }),
  extraConfig: { type: "map" },
  import: importField,
};

const ownAttributes = Object.values(fields).flatMap(({ at }) => (at?.[0] === "attributes" ? [at[1] ?? ""] : []));
const isEmpty = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0);

/** Combinations that the official provider or Keycloak refuses. */
function check(news: Properties): CheckFailure[] {
  const result = refuseImport(news);
  const extra = Object.keys(news.extraConfig ?? {});
  for (const key of extra.filter((name) => ownAttributes.includes(name))) {
    const reason = `extra_config key "${key}" is not allowed, as it conflicts with a top-level schema attribute`;
    result.push({ property: "extraConfig", reason });
  }
  const flows = ["standardFlowEnabled", "implicitFlowEnabled"].some((name) => news[name] === true);
  const grants = ["directAccessGrantsEnabled", "serviceAccountsEnabled"].filter((name) => news[name] === true);
  if (news.accessType === "BEARER-ONLY" && (flows || grants.length > 0)) {
    const reason =
      "validation error: Keycloak cannot issue tokens for bearer-only clients; no oauth2 flows can be enabled";
    result.push({ property: "accessType", reason });
  }
  if (flows && isEmpty(news.validRedirectUris)) {
    const reason =
      "validation error: standard (authorization code) and implicit flows require at least one valid redirect uri";
    result.push({ property: "validRedirectUris", reason });
  }
  if (!flows && !isEmpty(news.validRedirectUris)) {
    const reason = "valid_redirect_uris cannot be set when standard or implicit flow is not enabled";
    result.push({ property: "validRedirectUris", reason });
  }
  if (!flows && news.directAccessGrantsEnabled !== true && !isEmpty(news.webOrigins)) {
    result.push({
      property: "webOrigins",
      reason: "web_origins cannot be set when standard or implicit flow is not enabled",
    });
  }
  if (news.accessType === "PUBLIC" && news.serviceAccountsEnabled === true) {
    const reason = "validation error: service accounts (client credentials flow) cannot be enabled on public clients";
    result.push({ property: "serviceAccountsEnabled", reason });
  }
  if (news.accessType === "PUBLIC" && news.standardTokenExchangeEnabled === true) {
    const reason = "validation error: standard token exchange cannot be enabled on public clients";
    result.push({ property: "standardTokenExchangeEnabled", reason });
  }
  if (news.clientSecret !== undefined && news.clientSecretRegenerateWhenChanged !== undefined) {
    result.push({ property: "clientSecret", reason: "conflicts with clientSecretRegenerateWhenChanged" });
  }
  return result;
}

/** Attributes that the program no longer sets have to be sent empty, or Keycloak keeps them. */
function extraConfig(values: Properties, outputs: Properties): Properties {
  const removed = Object.keys(outputs.extraConfig ?? {}).map((key): [string, unknown] => [key, ""]);
  return { ...Object.fromEntries(removed), ...((values.extraConfig ?? {}) as Properties) };
}

function prepare(representation: Properties, values: Properties, outputs: Properties): void {
  const overrides = (values.authenticationFlowBindingOverrides ?? {}) as Properties;
  const attributes = representation.attributes as Properties;
  Object.assign(representation, {
    protocol: "openid-connect",
    publicClient: values.accessType === "PUBLIC",
    bearerOnly: values.accessType === "BEARER-ONLY",
    authenticationFlowBindingOverrides: {
      browser: overrides.browserId ?? "",
      direct_grant: overrides.directGrantId ?? "",
    },
    attributes: { ...extraConfig(values, outputs), ...attributes },
  });
}

/** Which of the program's own attributes Keycloak has: those it adds itself are not the program's. */
function managedExtraConfig(found: Properties, before: Properties): Properties | undefined {
  if (!isObject(before.extraConfig)) return undefined;
  const attributes = (found.attributes ?? {}) as Properties;
  const names = Object.keys(before.extraConfig).filter(
    (name) => attributes[name] !== undefined && attributes[name] !== "",
  );
  return Object.fromEntries(names.map((name) => [name, attributes[name]]));
}

function accessType(found: Properties): string {
  if (found.publicClient === true) return "PUBLIC";
  return found.bearerOnly === true ? "BEARER-ONLY" : "CONFIDENTIAL";
}

export const client: Spec = {
  fields,
  computed: ["resourceServerId", "serviceAccountUserId"],
  secretOutputs: ["clientSecret"],
  check,
  prepare,
  parseImport: realmAndId,

  async create(keycloak, representation, { realmId }) {
    const { id } = await keycloak.call((admin) =>
      admin.clients.create({ ...representation, realm: realmId as string }),
    );
    return id;
  },

  async get(keycloak, id, before) {
    const at = { id, realm: before.realmId as string };
    const found = await keycloak.find((admin) => admin.clients.findOne(at));
    if (found === undefined) return undefined;
    const { value } = await keycloak.call((admin) => admin.clients.getClientSecret(at));
    const account = found.serviceAccountsEnabled
      ? await keycloak.call((admin) => admin.clients.getServiceAccountUser(at))
      : undefined;
    const properties = found as Properties;
    const overrides = found.authenticationFlowBindingOverrides ?? {};
    const { browser: browserId = "", direct_grant: directGrantId = "" } = overrides as Record<string, string>;
    return {
      found: { ...properties, secret: value ?? "" },
      extra: {
        accessType: accessType(properties),
        extraConfig: managedExtraConfig(properties, before),
        authenticationFlowBindingOverrides:
          browserId === "" && directGrantId === "" ? undefined : { browserId, directGrantId },
        serviceAccountUserId: account?.id ?? "",
        resourceServerId: found.authorizationServicesEnabled === true ? id : "",
      },
    };
  },

  async put(keycloak, id, representation, values, outputs) {
    const at = { id, realm: values.realmId as string };
    const trigger = "clientSecretRegenerateWhenChanged";
    const empty = zero({ type: "map" });
    if (JSON.stringify(values[trigger] ?? empty) !== JSON.stringify(outputs[trigger] ?? empty)) {
      const { value } = await keycloak.call((admin) => admin.clients.generateNewClientSecret(at));
      representation.secret = value;
    }
    await keycloak.call((admin) => admin.clients.update(at, representation));
  },

  remove: (keycloak, id, { realmId }) => keycloak.call((admin) => admin.clients.del({ id, realm: realmId as string })),
};

/** The client of this name, as the official provider's data source tells it. */
export async function findClient(args: Properties, keycloak: Keycloak): Promise<Properties> {
  const [realm, clientId] = [args.realmId as string, args.clientId as string];
  const [found] = await keycloak.call((admin) => admin.clients.find({ realm, clientId }));
  if (found?.id === undefined) throw new Error(`openid client with name ${clientId} does not exist`);
  const answer = await client.get(keycloak, found.id, { realmId: realm });
  if (answer === undefined) throw new Error(`openid client with name ${clientId} does not exist`);
  return { ...fromRepresentation(fields, answer.found, {}), ...answer.extra, realmId: realm, clientId, id: found.id };
}
