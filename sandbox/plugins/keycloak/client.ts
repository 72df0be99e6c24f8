import * as tls from "node:tls";
import KeycloakAdminClient, { NetworkError } from "@keycloak/keycloak-admin-client";
import { loginForm } from "../../../lib/keycloak/adminLogin";
import type { Properties } from "../values";

/** The provider's arguments that this stand-in knows; any other is refused by name. */
export const options = {
  url: "string",
  basePath: "string",
  realm: "string",
  clientId: "string",
  clientSecret: "string",
  jwtSigningKey: "string",
  jwtSigningAlg: "string",
  username: "string",
  password: "string",
  clientTimeout: "number",
  initialLogin: "boolean",
  rootCaCertificate: "string",
  keycloakVersion: "string",
} as const;

interface Options {
  url?: string;
  basePath?: string;
  realm?: string;
  clientId?: string;
  clientSecret?: string;
  jwtSigningKey?: string;
  jwtSigningAlg?: string;
  username?: string;
  password?: string;
  clientTimeout?: number;
  initialLogin?: boolean;
  rootCaCertificate?: string;
}

/** A path that answers with a page instead of JSON is usually a wrong base path. */
const isPage = (body: unknown): boolean => typeof body === "string" && body.trimStart().startsWith("<");

/** What went wrong with a request, without its body: that may hold a secret. */
export function describe(error: unknown): string {
  if (error instanceof NetworkError) {
    const { status, statusText, url } = error.response;
    const said = error.responseData;
    const body = said === "" || said === undefined || isPage(said) ? "" : ` Response body: ${JSON.stringify(said)}`;
    return `error sending request to ${new URL(url).pathname}: ${status} ${statusText}.${body}`;
  }
  if (!(error instanceof Error)) return String(error);
  if (error instanceof SyntaxError) return `${error.message} (is basePath right?)`;
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message}${cause}`;
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof NetworkError ? error.response.status : undefined;

/** A connection to Keycloak's Admin API that logs in again when its token has expired or lacks a new realm's roles. */
export class Keycloak {
  readonly #admin: KeycloakAdminClient;
  /** Gets a token and hands it to the client. */
  readonly #authenticate: () => Promise<void>;
  readonly #tokenUrl: string;
  #login: Promise<void> | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(given: Options) {
    const { url, clientId, username, password, clientSecret } = given;
    if (url === undefined) throw new Error("url of the provider is missing.");
    if (clientId === undefined) throw new Error("client_id is required for password grant authentication");
    if (given.rootCaCertificate !== undefined) tls.setDefaultCACertificates([given.rootCaCertificate]);
    const baseUrl = url.replace(/\/$/, "") + (given.basePath ?? "");
    const realmName = given.realm ?? "master";
    this.#tokenUrl = `${baseUrl}/realms/${realmName}/protocol/openid-connect/token`;
    this.#admin = new KeycloakAdminClient({ baseUrl, realmName, timeout: (given.clientTimeout ?? 15) * 1000 });
    const secret = clientSecret === undefined ? {} : { clientSecret };
    if (username !== undefined && password !== undefined) {
      this.#authenticate = () => this.#admin.auth({ grantType: "password", clientId, username, password, ...secret });
    } else if (given.jwtSigningKey !== undefined) {
      const algorithm = given.jwtSigningAlg ?? "RS256";
      const login = { method: "signed-jwt", clientId, secret: given.jwtSigningKey, algorithm } as const;
      this.#authenticate = async () => {
        const body = new URLSearchParams(loginForm(login, `${baseUrl}/realms/${realmName}`));
        const response = await fetch(this.#tokenUrl, { method: "POST", body, signal: AbortSignal.timeout(30_000) });
        if (response.status !== 200) throw new Error(`${response.status} ${response.statusText}`);
        const { access_token: token } = (await response.json()) as { access_token: string };
        this.#admin.setAccessToken(token);
      };
    } else if (clientSecret !== undefined) {
      this.#authenticate = () => this.#admin.auth({ grantType: "client_credentials", clientId, ...secret });
    } else {
      throw new Error(
        "must specify client id, username and password for password grant, either client id and client secret or " +
          "JWT Signing Key for client credentials grant",
      );
    }
  }

  static async connect(given: Properties): Promise<Keycloak> {
    try {
      const keycloak = new Keycloak(given);
      if (given.initialLogin !== false) await keycloak.#loggedIn();
      return keycloak;
    } catch (error) {
      throw new Error(
        `error initializing keycloak provider: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Logs in once for all that wait for it. */
  #loggedIn(again = false): Promise<void> {
    if (again) this.#login = undefined;
    const login =
      this.#login ??
      this.#authenticate().catch((error: unknown) => {
        this.#login = undefined;
        const reason =
          error instanceof NetworkError
            ? `error sending POST request to ${this.#tokenUrl}: ${error.response.status} ${error.response.statusText}`
            : `Post "${this.#tokenUrl}": ${describe(error)}`;
        throw new Error(`failed to perform initial login to Keycloak: ${reason}`);
      });
    this.#login = login;
    return login;
  }

  /** After a realm was made, for the token at hand has no roles in it. */
  async loginAgain(): Promise<void> {
    await this.#loggedIn(true);
  }

  /** Runs a request, once more with a fresh login when the token was refused. */
  async call<T>(request: (admin: KeycloakAdminClient) => Promise<T>): Promise<T> {
    await this.#loggedIn(this.#admin.isTokenExpired());
    try {
      return await request(this.#admin);
    } catch (error) {
      const status = statusOf(error);
      if (status !== 401 && status !== 403) throw failure(error);
    }
    await this.#loggedIn(true);
    try {
      return await request(this.#admin);
    } catch (error) {
      throw failure(error);
    }
  }

  /** The same; undefined when Keycloak does not have it. */
  find<T>(request: (admin: KeycloakAdminClient) => Promise<T | null | undefined>): Promise<T | undefined> {
    return unlessGone(this.call(request));
  }

  /** One at a time, for documents that are read, changed and written as a whole. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

export class RequestFailed extends Error {
  constructor(
    message: string,
    readonly status: number | undefined,
  ) {
    super(message);
  }
}

/** Undefined instead of an error that says "not found". */
export async function unlessGone<T>(answer: Promise<T | null | undefined>): Promise<T | undefined> {
  try {
    return (await answer) ?? undefined;
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return undefined;
    throw error;
  }
}

const failure = (error: unknown): RequestFailed => new RequestFailed(describe(error), statusOf(error));
