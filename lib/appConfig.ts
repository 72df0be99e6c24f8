import { stringify } from "yaml";
import { contractKeys } from "./contract";
import { databaseConfig, ownDatabaseHost } from "./database";
import type { DatabaseSettings } from "./settings/database";
import { backstageUrls } from "./urls";

export interface AppConfigSettings {
  /** Backstage's public URL. */
  readonly url: string;
  /** The TCP port that the backend listens on. */
  readonly port: number;
  /** `auth.environment`; the OIDC provider's key must equal it. */
  readonly authEnvironment: string;
  readonly database: DatabaseSettings;
  /** The Service of a PostgreSQL of our own, and the namespace that it is in. */
  readonly databaseService: string;
  readonly namespace: string;
  /** How a Keycloak user becomes a Backstage identity, in the order they are tried. */
  readonly resolvers: readonly Readonly<Record<string, unknown>>[];
}

const fromEnvironment = (key: keyof typeof contractKeys): string => `\${${contractKeys[key]}}`;

/**
 * Backstage's app-config. It names secrets, as `${NAME}`, and never holds one: Backstage puts in the environment's
 * values when it starts.
 */
export function appConfig(settings: AppConfigSettings): string {
  const urls = backstageUrls(settings.url, "oidc", settings.authEnvironment);
  return stringify({
    app: { baseUrl: urls.base },
    backend: {
      baseUrl: urls.base,
      listen: { port: settings.port },
      cors: { origin: urls.origin, credentials: true },
      database: databaseConfig(settings.database, (own) => ownDatabaseHost(own, settings.databaseService, settings.namespace)),
      // Cookies are marked secure only when Backstage believes the proxy that ended TLS.
      ...(urls.base.startsWith("https:") ? { trustProxy: true } : {}),
    },
    auth: {
      environment: settings.authEnvironment,
      session: { secret: fromEnvironment("sessionSecret") },
      providers: {
        oidc: {
          [settings.authEnvironment]: {
            metadataUrl: fromEnvironment("metadataUrl"),
            clientId: fromEnvironment("clientId"),
            clientSecret: fromEnvironment("clientSecret"),
            // Unset it means `none`, and a first sign-in fails with login_required.
            prompt: "auto",
            timeout: { seconds: 30 },
            // Unset, the refresh cookie lives 1000 days.
            sessionDuration: { hours: 24 },
            signIn: { resolvers: settings.resolvers },
          },
        },
      },
    },
  });
}
