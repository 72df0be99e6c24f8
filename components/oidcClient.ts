import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Realm } from "./realm";

export interface OidcClientArgs {
  /** The realm that the client belongs to. */
  readonly realm: Realm;
  /** The client id, as the application sends it. */
  readonly clientId: string;
  /** The application's public base URL. */
  readonly rootUrl: pulumi.Input<string>;
  /** The one redirect URI that Keycloak accepts, compared character by character. */
  readonly redirectUri: pulumi.Input<string>;
  /** The origins that may call Keycloak from a browser. @default none: only the backend talks to Keycloak */
  readonly webOrigins?: pulumi.Input<string>[];
  /** A higher number makes a new secret. @default 1 */
  readonly secretGeneration?: number;
}

/** Default scopes of a sign-in client; the binding is authoritative, so all of them are listed. */
const DEFAULT_SCOPES = ["basic", "acr", "web-origins", "profile", "email", "roles"];
const OPTIONAL_SCOPES = ["offline_access"];

/** A confidential OIDC client for the authorization code flow with PKCE, and the one owner of its secret. */
export class OidcClient extends pulumi.ComponentResource {
  readonly clientId: pulumi.Output<string>;
  /** Keycloak's own id of the client: another one whenever the client, or its realm, was made anew. */
  readonly uuid: pulumi.Output<string>;
  /** 48 characters of A-Z, a-z and 0-9; a secret. */
  readonly clientSecret: pulumi.Output<string>;
  /** What a consumer of the credential depends on: client and scope bindings, or sign-in ends in invalid_scope. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: OidcClientArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:OidcClient", name, { clientId: args.clientId, rootUrl: args.rootUrl }, opts);
    const secret = new random.RandomPassword(
      `${name}-secret`,
      {
        length: 48,
        // Special characters break clients that do not form-encode the secret in the Basic header.
        special: false,
        keepers: { generation: String(args.secretGeneration ?? 1) },
      },
      { parent: this },
    );
    // Every flag is set: most are optional and computed in the provider, and what is left out is never corrected.
    const client = new keycloak.openid.Client(
      name,
      {
        realmId: args.realm.realmId,
        clientId: args.clientId,
        name: args.clientId,
        enabled: true,
        accessType: "CONFIDENTIAL",
        clientAuthenticatorType: "client-secret",
        clientSecret: secret.result,
        standardFlowEnabled: true,
        implicitFlowEnabled: false,
        directAccessGrantsEnabled: false,
        serviceAccountsEnabled: false,
        oauth2DeviceAuthorizationGrantEnabled: false,
        standardTokenExchangeEnabled: false,
        pkceCodeChallengeMethod: "S256",
        rootUrl: args.rootUrl,
        baseUrl: args.rootUrl,
        adminUrl: "",
        validRedirectUris: [args.redirectUri],
        validPostLogoutRedirectUris: [args.rootUrl],
        webOrigins: args.webOrigins ?? [],
        fullScopeAllowed: false,
        consentRequired: false,
        frontchannelLogoutEnabled: false,
        backchannelLogoutUrl: "",
        backchannelLogoutSessionRequired: true,
        backchannelLogoutRevokeOfflineSessions: false,
        excludeSessionStateFromAuthResponse: false,
        excludeIssuerFromAuthResponse: false,
        useRefreshTokens: true,
        useRefreshTokensClientCredentials: false,
        extraConfig: { "oidc.ciba.grant.enabled": "false" },
      },
      { parent: this, dependsOn: args.realm.ready },
    );
    const scopes = { realmId: args.realm.realmId, clientId: client.id };
    const bindings = [
      new keycloak.openid.ClientDefaultScopes(name, { ...scopes, defaultScopes: DEFAULT_SCOPES }, { parent: this, dependsOn: [client] }),
      new keycloak.openid.ClientOptionalScopes(name, { ...scopes, optionalScopes: OPTIONAL_SCOPES }, { parent: this, dependsOn: [client] }),
    ];
    this.clientId = client.clientId;
    this.uuid = client.id;
    this.clientSecret = pulumi.secret(client.clientSecret);
    this.ready = [secret, client, ...bindings];
    this.registerOutputs({ clientId: this.clientId, uuid: this.uuid, clientSecret: this.clientSecret });
  }
}
