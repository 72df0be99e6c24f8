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
} as const;

/** Where the contract Secret is mounted in the gates and in Backstage. */
export const secretsPath = "/var/secrets";

export const contractSecretName = "backstage-env-vars";
