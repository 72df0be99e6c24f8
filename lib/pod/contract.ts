/**
 * The contract Secret: what Backstage and its gates read, and nothing else does. Each key is also the name of the
 * environment variable and of the file under `secretsPath`.
 */
export const contractKeys = {
  clientSecret: "KEYCLOAK_CLIENT_SECRET",
  clientId: "KEYCLOAK_CLIENT_ID",
  issuer: "KEYCLOAK_ISSUER",
  metadataUrl: "KEYCLOAK_METADATA_URL",
  sessionSecret: "AUTH_SESSION_SECRET",
  generations: "CREDENTIAL_GENERATIONS",
} as const;

/**
 * How often each credential was made anew, by what it is for. A Secret says of which generations its values are, and a
 * pod's template which it was made for: nothing of it is secret, and the gates wait until the Secret is as new.
 */
export type Generations = Readonly<Record<string, number>>;

/** What a pod's template says of the Secret that it was made for. */
export interface Expected {
  readonly issuer: string;
  readonly clientId: string;
  readonly generations: Generations;
}

/** Its keys that come from Backstage's client. */
export const backstageContractKeys = {
  clientSecret: contractKeys.clientSecret,
  clientId: contractKeys.clientId,
  issuer: contractKeys.issuer,
  metadataUrl: contractKeys.metadataUrl,
} as const;

/** What it also holds when the catalog is filled from Keycloak. */
export const catalogKeys = {
  clientId: "KEYCLOAK_CATALOG_CLIENT_ID",
  clientSecret: "KEYCLOAK_CATALOG_CLIENT_SECRET",
} as const;

/** What it also holds while two clients of Backstage's change over: the one beside `KEYCLOAK_CLIENT_ID`. */
export const standbyKeys = {
  clientId: "KEYCLOAK_STANDBY_CLIENT_ID",
  clientSecret: "KEYCLOAK_STANDBY_CLIENT_SECRET",
} as const;

/** What a contract Secret can tell an application of its client. */
export const contractValues = ["issuer", "metadataUrl", "jwksUrl", "tokenUrl", "clientId", "clientSecret"] as const;
export type ContractValue = (typeof contractValues)[number];

/** The keys of any other client's contract Secret, where its settings name no others. */
export const clientContractKeys: Readonly<Record<ContractValue, string>> = {
  issuer: "OIDC_ISSUER",
  metadataUrl: "OIDC_METADATA_URL",
  jwksUrl: "OIDC_JWKS_URL",
  tokenUrl: "OIDC_TOKEN_URL",
  clientId: "OIDC_CLIENT_ID",
  clientSecret: "OIDC_CLIENT_SECRET",
};

/** Where the contract Secret is mounted in the gates and in Backstage. */
export const secretsPath = "/var/secrets";

export const contractSecretName = "backstage-env-vars";

/** The ExternalSecret that makes it, in the hybrid mode. */
export const externalSecretName = "backstage-oidc";
