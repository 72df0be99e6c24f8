import { stringify } from "yaml";
import { catalogKeys, contractKeys, standbyKeys } from "../pod/contract";
import { databaseConfig, type DatabaseConnection } from "./databaseConnection";
import { overlaid } from "./overlay";
import { backstageUrls } from "../keycloak/urls";

/** A realm whose users and groups fill the catalog. */
export interface CatalogSource {
  /** Keycloak's public URL. */
  readonly keycloakUrl: string;
  readonly realm: string;
  /** How often, in seconds. */
  readonly frequency: number;
  /** How long that may take, in seconds. */
  readonly timeout: number;
}

/** How people sign in. */
export interface SignInArgs {
  /** The auth provider's id, as the image registers it; a part of the redirect URI. @default oidc */
  readonly authProvider?: string;
  /** Backstage's `auth.environment`; the OIDC provider's key equals it. */
  readonly authEnvironment: string;
  /** The environment whose sign-ins go by the client beside the one in use. @default there is none */
  readonly standbyEnvironment?: string | undefined;
  /** How a Keycloak user becomes a Backstage identity, in the order they are tried. @default by the e-mail address */
  readonly resolvers?: readonly Readonly<Record<string, unknown>>[];
  /** What a sign-in asks Keycloak for beside `openid`, `profile` and `email`. @default nothing */
  readonly additionalScopes?: readonly string[];
  /** How long a sign-in is refreshed without a new one, at most, in seconds. @default 86400 */
  readonly sessionDuration?: number;
}

type Environments = "standbyEnvironment";

export interface AppConfigSettings extends Required<Omit<SignInArgs, Environments>>, Pick<SignInArgs, Environments> {
  /** Backstage's public URL. */
  readonly url: string;
  /** The TCP port that the backend listens on. */
  readonly port: number;
  /** How the database is reached. @default it is in memory */
  readonly database?: DatabaseConnection | undefined;
  /** @default the catalog is not filled from Keycloak */
  readonly catalogSync?: CatalogSource | undefined;
  /** What else Backstage is told; `overlayFaults` has found nothing in it. @default nothing */
  readonly appConfig?: Readonly<Record<string, unknown>> | undefined;
}

const inEnvironment = (name: string): string => `\${${name}}`;
const fromEnvironment = (key: keyof typeof contractKeys): string => inEnvironment(contractKeys[key]);

function catalog({ keycloakUrl, realm, frequency, timeout }: CatalogSource): object {
  return {
    providers: {
      keycloakOrg: {
        default: {
          baseUrl: keycloakUrl,
          // Unset it means `master`, where this client is unknown.
          loginRealm: realm,
          realm,
          clientId: inEnvironment(catalogKeys.clientId),
          clientSecret: inEnvironment(catalogKeys.clientSecret),
          schedule: { frequency: { seconds: frequency }, timeout: { seconds: timeout }, initialDelay: { seconds: 1 } },
        },
      },
    },
  };
}

/**
 * Backstage's app-config. It names secrets, as `${NAME}`, and never holds one: Backstage puts in the environment's
 * values when it starts.
 */
export function appConfig(settings: AppConfigSettings): string {
  const urls = backstageUrls(settings.url, settings.authProvider, settings.authEnvironment);
  const provider = (clientId: string, clientSecret: string): object => ({
    metadataUrl: fromEnvironment("metadataUrl"),
    clientId: inEnvironment(clientId),
    clientSecret: inEnvironment(clientSecret),
    // Unset it means `none`, and a first sign-in fails with login_required.
    prompt: "auto",
    timeout: { seconds: 30 },
    // Unset, the refresh cookie lives 1000 days.
    sessionDuration: { seconds: settings.sessionDuration },
    // `scope` is what the OIDC module no longer takes.
    ...(settings.additionalScopes.length === 0 ? {} : { additionalScopes: settings.additionalScopes }),
    signIn: { resolvers: settings.resolvers },
  });
  const own = {
    app: { baseUrl: urls.base },
    backend: {
      baseUrl: urls.base,
      listen: { port: settings.port },
      cors: { origin: urls.origin, credentials: true },
      database: databaseConfig(settings.database),
      // Cookies are marked secure only when Backstage believes the proxy that ended TLS.
      ...(urls.base.startsWith("https:") ? { trustProxy: true } : {}),
    },
    auth: {
      environment: settings.authEnvironment,
      session: { secret: fromEnvironment("sessionSecret") },
      providers: {
        [settings.authProvider]: {
          [settings.authEnvironment]: provider(contractKeys.clientId, contractKeys.clientSecret),
          ...(settings.standbyEnvironment === undefined
            ? {}
            : { [settings.standbyEnvironment]: provider(standbyKeys.clientId, standbyKeys.clientSecret) }),
        },
      },
    },
    ...(settings.catalogSync === undefined ? {} : { catalog: catalog(settings.catalogSync) }),
  };
  return stringify(overlaid(settings.appConfig ?? {}, own));
}
