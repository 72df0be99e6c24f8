import * as keycloak from "@pulumi/keycloak";
import * as pulumi from "@pulumi/pulumi";
import type { Realm } from "./realm";

/** What only a SAML client has. */
export interface SamlArgs {
  /** Where Keycloak posts the assertion. */
  readonly assertionConsumerUrl: string;
  /** Where Keycloak posts a logout. @default nowhere */
  readonly logoutUrl?: string | undefined;
  /** The application's certificate, as PEM; with it Keycloak accepts signed requests only. @default none */
  readonly signingCertificate?: string | undefined;
  /** How the assertion names the user. @default username */
  readonly nameIdFormat?: "username" | "email" | "transient" | "persistent";
}

export interface SamlClientArgs {
  /** The realm that the client belongs to. */
  readonly realm: Realm;
  /** The client id: the application's entity id. */
  readonly clientId: string;
  /** What the application is, for people. @default none */
  readonly description?: string | undefined;
  /** The application's public base URL. */
  readonly rootUrl: string;
  /** Where Keycloak may send the browser, compared character by character. */
  readonly redirectUris: string[];
  /** Where assertions are posted, and how they are signed. */
  readonly saml: SamlArgs;
}

/** A client that signs people in by SAML, with signed documents and assertions. */
export class SamlClient extends pulumi.ComponentResource {
  /** The client id, known only once the client exists. */
  readonly clientId: pulumi.Output<string>;

  constructor(name: string, args: SamlClientArgs, opts?: pulumi.ComponentResourceOptions) {
    super("backstage-keycloak:identity:SamlClient", name, { clientId: args.clientId, rootUrl: args.rootUrl }, opts);
    const { assertionConsumerUrl, logoutUrl, signingCertificate, nameIdFormat = "username" } = args.saml;
    const client = new keycloak.saml.Client(
      name,
      {
        realmId: args.realm.realmId,
        clientId: args.clientId,
        name: args.clientId,
        description: args.description ?? "",
        enabled: true,
        rootUrl: args.rootUrl,
        baseUrl: args.rootUrl,
        masterSamlProcessingUrl: "",
        validRedirectUris: args.redirectUris,
        assertionConsumerPostUrl: assertionConsumerUrl,
        logoutServicePostBindingUrl: logoutUrl ?? "",
        includeAuthnStatement: true,
        signDocuments: true,
        signAssertions: true,
        encryptAssertions: false,
        clientSignatureRequired: signingCertificate !== undefined,
        ...(signingCertificate === undefined ? {} : { signingCertificate }),
        signatureAlgorithm: "RSA_SHA256",
        signatureKeyName: "KEY_ID",
        canonicalizationMethod: "EXCLUSIVE",
        nameIdFormat,
        forceNameIdFormat: true,
        forcePostBinding: true,
        frontChannelLogout: true,
        fullScopeAllowed: false,
        consentRequired: false,
        alwaysDisplayInConsole: false,
      },
      { parent: this, dependsOn: args.realm.ready },
    );
    this.clientId = client.clientId;
    this.registerOutputs({ clientId: this.clientId });
  }
}
