import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";
import { type Adoption, keyOf, managedBy, mapperKey } from "../lib/keycloak/adoption";
import { defaultScopes, groupsScope, optionalScopes, type securityFlags } from "../lib/keycloak/clients";
import { rotatedAttributes, secretName, slots, type Overlap, type Slot } from "../lib/keycloak/rotation";
import { mapperName } from "../lib/resourceNames";
import { generatedPassword } from "./support/generatedPassword";
import { adoption } from "./support/importOptions";
import type { GroupsScope } from "./groupsScope";
import type { Realm } from "./realm";

/** How long what a client gets is valid. */
export interface ClientLifetimes {
  /** An access token of this client, in seconds. @default the realm's */
  readonly accessToken?: number | undefined;
  /** A session of this client without a request ends after this many seconds. @default the realm's */
  readonly sessionIdle?: number | undefined;
  /** Every session of this client ends after this many seconds. @default the realm's */
  readonly sessionMax?: number | undefined;
}

/** What is added to the claim `aud` of access tokens. */
export interface Audience {
  /** The mapper's name, once per client. */
  readonly name: string;
  /** What is added. */
  readonly audience: string;
}

export interface OidcClientArgs {
  /** The realm that the client belongs to. */
  readonly realm: Realm;
  /** The scope behind the name `groups`. */
  readonly groupsScope: GroupsScope;
  /** The client id, as the application sends it. */
  readonly clientId: string;
  /** With a secret and the code flow, without a secret, or with a secret and no users at all. @default confidential */
  readonly kind?: "confidential" | "public" | "service-account";
  /** What the application is, for people. @default none */
  readonly description?: string | undefined;
  /** The application's public base URL. @default none, as for a service account */
  readonly rootUrl?: string;
  /** The redirect URIs that Keycloak accepts, compared character by character. @default none */
  readonly redirectUris?: string[];
  /** Where a sign-out may lead; `+`: to every redirect URI, `-`: nowhere. @default only rootUrl */
  readonly postLogoutRedirectUris?: string[] | undefined;
  /** The origins that may call Keycloak from a browser. @default none: only the backend talks to Keycloak */
  readonly webOrigins?: string[] | undefined;
  /** The scopes of every token; the binding is authoritative, so all of them. @default those of a sign-in */
  readonly defaultScopes?: readonly string[] | undefined;
  /** The scopes that may be asked for. @default offline_access */
  readonly optionalScopes?: readonly string[] | undefined;
  /** What is added to the claim `aud` of access tokens. @default nothing */
  readonly audiences?: readonly Audience[] | undefined;
  /** How long its tokens and sessions live. @default as the realm's */
  readonly lifetimes?: ClientLifetimes | undefined;
  /** A higher number makes a new secret. @default 1 */
  readonly secretGeneration?: number;
  /**
   * When Keycloak accepts the secret of the generation before too: only for one that was never refused. @default never
   */
  readonly overlap?: pulumi.Input<Overlap> | undefined;
  /** What Keycloak must have before the client. @default nothing but the realm */
  readonly requires?: pulumi.Resource[] | undefined;
  /** What is taken over. @default nothing: the client is made, or is the program's already */
  readonly adopted?: Adoption | undefined;
}

/** Empty means the realm's lifetime, to Keycloak. */
const lifetime = (seconds: number | undefined): string => (seconds === undefined ? "" : String(seconds));

/**
 * The attributes by which Keycloak accepts a second secret; each an output of its own, or a preview shows none of the
 * others.
 */
const bothAccepted = (
  secret: pulumi.Output<string>,
  overlap: pulumi.Output<Overlap>,
): Record<string, pulumi.Output<string>> => ({
  [rotatedAttributes.secret]: secret,
  [rotatedAttributes.from]: overlap.apply(({ from }) => String(from)),
  [rotatedAttributes.until]: overlap.apply(({ until }) => String(until)),
});

/** An OIDC client for the authorization code flow with PKCE, or for a service account; the one owner of its secret. */
export class OidcClient extends pulumi.ComponentResource {
  /** The client id, known only once the client exists. */
  readonly clientId: pulumi.Output<string>;
  /** The same before that, as a plain text. */
  readonly requestedId: string;
  /** The generation of its secret. */
  readonly generation: number;
  /** Keycloak's own id of the client: another one whenever the client, or its realm, was made anew. */
  readonly uuid: pulumi.Output<string>;
  /** 48 characters of A-Z, a-z and 0-9; a secret. Undefined for a public client. */
  readonly clientSecret: pulumi.Output<string> | undefined;
  /** The user behind a service account. */
  readonly serviceAccountUserId: pulumi.Output<string>;
  /** What a consumer of the credential depends on: client, scopes and mappers, or sign-in ends in invalid_scope. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: OidcClientArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:OidcClient", name, { clientId: args.clientId, rootUrl: args.rootUrl }, opts);
    const { kind = "confidential", rootUrl = "", lifetimes = {} } = args;
    const { realmId } = args.realm;
    const isPublic = kind === "public";
    const signsIn = kind !== "service-account";
    this.requestedId = args.clientId;
    this.generation = args.secretGeneration ?? 1;
    const { current, previous } = slots(this.generation);
    const secret = isPublic ? undefined : this.password(name, current);
    // Kept for an overlap only: what the state no longer holds cannot come back.
    const rotated =
      isPublic || previous === undefined || args.overlap === undefined
        ? {}
        : bothAccepted(this.password(name, previous).result, pulumi.output(args.overlap));
    // Every flag is set: most are optional and computed in the provider, and what is left out is never corrected.
    const inputs = {
      realmId,
      clientId: args.clientId,
      name: args.clientId,
      description: args.description ?? "",
      enabled: true,
      accessType: isPublic ? "PUBLIC" : "CONFIDENTIAL",
      clientAuthenticatorType: "client-secret",
      ...(secret === undefined ? {} : { clientSecret: secret.result }),
      standardFlowEnabled: signsIn,
      implicitFlowEnabled: false,
      directAccessGrantsEnabled: false,
      serviceAccountsEnabled: !signsIn,
      oauth2DeviceAuthorizationGrantEnabled: false,
      standardTokenExchangeEnabled: false,
      pkceCodeChallengeMethod: signsIn ? "S256" : "",
      // Even an empty root URL makes Keycloak add `/*` as a redirect URI and origin where there is none.
      ...(rootUrl === "" ? {} : { rootUrl, baseUrl: rootUrl }),
      adminUrl: "",
      validRedirectUris: args.redirectUris ?? [],
      validPostLogoutRedirectUris: args.postLogoutRedirectUris ?? (rootUrl === "" ? [] : [rootUrl]),
      webOrigins: args.webOrigins ?? [],
      // A service account needs its own roles in its token, and has few; a person's roles are nobody's business.
      fullScopeAllowed: !signsIn,
      consentRequired: false,
      frontchannelLogoutEnabled: false,
      backchannelLogoutUrl: "",
      backchannelLogoutSessionRequired: true,
      backchannelLogoutRevokeOfflineSessions: false,
      excludeSessionStateFromAuthResponse: false,
      excludeIssuerFromAuthResponse: false,
      useRefreshTokens: true,
      useRefreshTokensClientCredentials: false,
      accessTokenLifespan: lifetime(lifetimes.accessToken),
      clientSessionIdleTimeout: lifetime(lifetimes.sessionIdle),
      clientSessionMaxLifespan: lifetime(lifetimes.sessionMax),
      extraConfig: { "oidc.ciba.grant.enabled": "false", ...managedBy, ...rotated },
    } satisfies keycloak.openid.ClientArgs & Record<(typeof securityFlags)[number], unknown>;
    const key = keyOf("client", args.clientId);
    const client = new keycloak.openid.Client(name, inputs, {
      parent: this,
      dependsOn: [...args.realm.ready, ...(args.requires ?? [])],
      ...adoption(this, args.adopted, key, { ...inputs, publicClient: isPublic }),
    });
    // The name of our own scope comes from the scope, so that the binding cannot be made before it.
    const names = (scopes: readonly string[]): pulumi.Input<string>[] =>
      scopes.map((scope) => (scope === groupsScope ? args.groupsScope.scopeName : scope));
    const own = { realmId, clientId: client.id };
    const options = { parent: this, dependsOn: [client, ...args.groupsScope.ready] };
    const bindings = [
      new keycloak.openid.ClientDefaultScopes(
        name,
        { ...own, defaultScopes: names(args.defaultScopes ?? defaultScopes) },
        options,
      ),
      new keycloak.openid.ClientOptionalScopes(
        name,
        { ...own, optionalScopes: names(args.optionalScopes ?? optionalScopes) },
        options,
      ),
    ];
    const mappers = (args.audiences ?? []).map((mapper) => {
      const claim = {
        ...own,
        name: mapper.name,
        includedCustomAudience: mapper.audience,
        addToIdToken: false,
        addToAccessToken: true,
      };
      return new keycloak.openid.AudienceProtocolMapper(mapperName("client", name, mapper.name), claim, {
        parent: this,
        dependsOn: [client],
        ...adoption(this, args.adopted, mapperKey(key, mapper.name), claim),
      });
    });
    this.clientId = client.clientId;
    this.uuid = client.id;
    this.clientSecret = secret === undefined ? undefined : pulumi.secret(client.clientSecret);
    this.serviceAccountUserId = client.serviceAccountUserId;
    this.ready = [
      ...(secret === undefined ? [] : [secret]),
      client,
      ...args.groupsScope.ready,
      ...bindings,
      ...mappers,
    ];
    this.registerOutputs({
      clientId: this.clientId,
      uuid: this.uuid,
      clientSecret: this.clientSecret,
      serviceAccountUserId: this.serviceAccountUserId,
    });
  }

  private password(name: string, slot: Slot): random.RandomPassword {
    return generatedPassword(secretName(name, slot), { generation: slot.generation }, { parent: this });
  }
}
