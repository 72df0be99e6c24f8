import type { LastRotation } from "../lib/rotation";
import { catalogKeys, contractKeys } from "../lib/contract";
import { credentialsFrom, type Credential } from "../lib/gate/keycloak.mjs";
import type { ClusterClient } from "./cluster";

/** What index.ts exports. */
export interface Outputs {
  /** `hybrid`: Argo CD and the External Secrets Operator bring what is in the cluster. */
  readonly mode: string;
  /** Argo CD's Application that Backstage is in, as namespace/name. */
  readonly application?: string;
  readonly backstageUrl: string;
  readonly authProvider: string;
  readonly authEnvironment: string;
  readonly keycloakUrl: string;
  readonly issuer: string;
  readonly rotation: LastRotation;
  readonly namespace: string;
  readonly deployment: string;
  readonly contractSecret: string;
  readonly credential: Readonly<Record<string, string>>;
  /** Where the other clients' contract Secrets are, as namespace/name. */
  readonly clientSecrets: Readonly<Record<string, string>>;
  readonly userPasswords: Readonly<Record<string, string>>;
  /** The first sign-in asks for another password, so none of these goes on working. */
  readonly userPasswordsTemporary: boolean;
}

/** What the checks look at. */
export interface Context {
  readonly outputs: Outputs;
  readonly cluster: ClusterClient;
  /** Who is to sign in. @default nobody */
  readonly logins?: readonly { readonly username: string; readonly password: string }[];
}

/** Backstage's credential, from the contract Secret's contents. */
export const credentialOf = (data: Readonly<Record<string, string>>): Credential => credentialsFrom((key) => data[key])[0];

export const isHybrid = ({ outputs }: Context): boolean => outputs.mode === "hybrid";

/** How an object of the cluster is put right, by whoever owns it. */
export const putRight = (context: Context): string =>
  isHybrid(context) ? "let Argo CD sync and the External Secrets Operator refresh it" : "run pulumi up --refresh";

/** Every value that no line may show, wherever it comes from. */
export function secretsOf({ outputs: { credential, userPasswords }, logins = [] }: Context): string[] {
  const keys = [contractKeys.clientSecret, contractKeys.sessionSecret, catalogKeys.clientSecret];
  const values = [...keys.map((key) => credential[key]), ...Object.values(userPasswords), ...logins.map(({ password }) => password)];
  return values.filter((value) => value !== undefined && value !== "") as string[];
}
