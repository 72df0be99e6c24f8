import { z } from "zod";
import { clientId, realmName, text } from "./common";

/** How the program itself signs in to Keycloak's Admin API. */

export const signingAlgorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"] as const;

export const Admin = z.strictObject({
  realm: realmName.default("master").describe("The realm that Pulumi signs in to."),
  method: z
    .enum(["password", "client-secret", "signed-jwt"])
    .default("password")
    .describe("As an administrator with a password, or as a client of least privilege with a secret or a signed JWT."),
  username: text
    .default("admin")
    .describe("The administrator of the method `password`; the password is the setting `keycloakAdminPassword`."),
  clientId: clientId.optional().meta({
    description:
      "The client of the other methods; its secret is `keycloakAdminClientSecret`, its key `keycloakAdminSigningKey`.",
    example: "pulumi",
  }),
  signingAlgorithm: z
    .enum(signingAlgorithms)
    .default("RS256")
    .describe("How the JWT of the method `signed-jwt` is signed."),
});

export type Admin = z.output<typeof Admin>;

/** The secret that each method needs. */
export const adminSecretKeys = {
  password: "keycloakAdminPassword",
  "client-secret": "keycloakAdminClientSecret",
  "signed-jwt": "keycloakAdminSigningKey",
} as const satisfies Record<Admin["method"], string>;

export function adminFaults({ method, clientId: client }: Admin): string[] {
  if (method === "password" || client !== undefined) return [];
  return [`keycloak.admin.clientId is missing; name the client that signs in by ${method}.`];
}
