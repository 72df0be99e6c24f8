import { z } from "zod";
import { realmName, seconds, text, url, whole } from "./common";
import { Realm, realmFaults } from "./realm";

/** The settings of Keycloak: where it is, the realm, who is in it, and how secrets are rotated. */

export const Keycloak = z.strictObject({
  url: url.meta({
    description: "Keycloak's public URL, its path included. Issuer, discovery and the provider's address derive from it.",
    example: "https://id.example.com/auth",
  }),
  admin: z
    .strictObject({
      realm: realmName.default("master").describe("The realm of the administrator that Pulumi signs in as."),
      username: text.default("admin").describe("That administrator. Its password is the setting `keycloakAdminPassword`."),
    })
    .prefault({}),
  waitSeconds: seconds(120).describe("How long a run waits for Keycloak before it gives up."),
});

export const User = z.strictObject({
  username: z
    .string()
    .regex(/^[a-z0-9._-]{1,63}$/, "must be 1 to 63 of a-z, 0-9, '.', '_' and '-'")
    .meta({ title: "1 to 63 of `a-z0-9._-`", description: "The name to sign in with.", example: "ada" }),
  email: z.email("must be an e-mail address").meta({ title: "e-mail address", description: "Marked as verified.", example: "ada@example.com" }),
  firstName: text.meta({ description: "The given name.", example: "Ada" }),
  lastName: text.meta({ description: "The family name.", example: "Lovelace" }),
});

export const Rotation = z.strictObject({
  generation: whole(1, 2 ** 31).default(1).describe("A higher number makes a new client secret and rolls it out."),
});

export const identitySettings = {
  keycloak: Keycloak.describe("Keycloak and who may configure it."),
  realm: Realm.describe("The realm that people sign in to."),
  users: z.array(User).default([]).describe("Test users of the `dev` environment; passwords are generated."),
  rotation: Rotation.prefault({}).describe("When secrets are made anew."),
};

type IdentityParsed = { [K in keyof typeof identitySettings]: z.output<(typeof identitySettings)[K]> };

/** Rules of identity that need more than one key. */
export function identityFaults({ keycloak, realm, users }: IdentityParsed, isDev: boolean): string[] {
  const faults = realmFaults(realm);
  if (realm.name === keycloak.admin.realm) {
    faults.push(`realm.name must not be ${keycloak.admin.realm}, the realm of Keycloak's own administrators; choose another name.`);
  }
  if (users.length > 0 && !isDev) faults.push("users are test users for the dev environment; remove them here.");
  users.forEach(({ username }, index) => {
    if (users.findIndex((other) => other.username === username) < index) {
      faults.push(`users.${index}.username is there twice; remove one of them.`);
    }
  });
  return faults;
}
