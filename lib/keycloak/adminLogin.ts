import { createPrivateKey, type KeyObject, randomUUID, sign } from "node:crypto";

/** How a program signs in to Keycloak's token endpoint: the same for the preflight as for the provider. */
export type Login =
  | { readonly method: "password"; readonly clientId: string; readonly username: string; readonly secret: string }
  | { readonly method: "client-secret"; readonly clientId: string; readonly secret: string }
  | { readonly method: "signed-jwt"; readonly clientId: string; readonly secret: string; readonly algorithm: string };

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A signed JWT. Throws when the key is none of the algorithm's. */
export function signedJwt(
  head: Readonly<{ alg: string; [key: string]: unknown }>,
  claims: object,
  key: KeyObject,
): string {
  const text = `${part(head)}.${part(claims)}`;
  const signature = sign(`sha${head.alg.slice(2)}`, Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

/** A client assertion for the issuer, valid for a minute. Throws when the key is none of the algorithm's. */
export function clientAssertion(clientId: string, issuer: string, key: string, algorithm: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { jti: randomUUID(), iss: clientId, sub: clientId, aud: issuer, iat: now, exp: now + 60 };
  return signedJwt({ alg: algorithm, typ: "JWT" }, claims, createPrivateKey(key));
}

/** The form that the token endpoint of this issuer takes. */
export function loginForm(login: Login, issuer: string): Record<string, string> {
  const { clientId: client_id, secret } = login;
  if (login.method === "password")
    return { grant_type: "password", client_id, username: login.username, password: secret };
  const base = { grant_type: "client_credentials", client_id };
  if (login.method === "client-secret") return { ...base, client_secret: secret };
  return {
    ...base,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: clientAssertion(login.clientId, issuer, secret, login.algorithm),
  };
}
