import type { Outputs } from "../lib/outputs";
import { catalogKeys, contractKeys, standbyKeys } from "../lib/pod/contract";
import { credentialsFrom, type Credential } from "../lib/pod/scripts/keycloak.mjs";
import type { ClusterClient } from "./cluster";

/** What the checks look at. */
export interface Context {
  readonly outputs: Outputs;
  readonly cluster: ClusterClient;
  /** Who is to sign in. @default nobody */
  readonly logins?: readonly { readonly username: string; readonly password: string }[];
}

/** Backstage's credential, from the contract Secret's contents. */
export const credentialOf = (data: Readonly<Record<string, string>>): Credential =>
  credentialsFrom((key) => data[key])[0];

export const isHybrid = ({ outputs }: Context): boolean => outputs.mode === "hybrid";

/** How an object of the cluster is put right, by whoever owns it. */
export const putRight = (context: Context): string =>
  isHybrid(context) ? "let Argo CD sync and the External Secrets Operator refresh it" : "run pulumi up --refresh";

/** The keys of the contract Secret whose values anybody may see; any other holds a secret. */
const publicKeys: readonly string[] = [
  contractKeys.clientId,
  contractKeys.issuer,
  contractKeys.metadataUrl,
  catalogKeys.clientId,
  standbyKeys.clientId,
];

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/**
 * Every value that no line may show, wherever it comes from, as it is and as URLs, JSON, a Secret and a Basic header
 * write it; the longest first.
 */
export function secretsOf({ outputs: { credential, userPasswords }, logins = [] }: Context): string[] {
  const held = Object.entries(credential).flatMap(([key, value]) => (publicKeys.includes(key) ? [] : [value]));
  const values = [...held, ...Object.values(userPasswords), ...logins.map(({ password }) => password)].filter(
    (value) => value !== "",
  );
  const ids = [contractKeys.clientId, catalogKeys.clientId, standbyKeys.clientId].flatMap(
    (key) => credential[key] ?? [],
  );
  const written = values.flatMap((value) => [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    base64(value),
    ...ids.map((id) => base64(`${id}:${value}`)),
  ]);
  return [...new Set(written)].sort((a, b) => b.length - a.length);
}
