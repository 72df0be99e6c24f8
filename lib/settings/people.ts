import { z } from "zod";
import { flag, text } from "./common";

/** The settings of who is in the realm: roles, groups and users, by names that refer to each other. */

/** A name that is also a name in Backstage's catalog. */
const label = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,63}$/, "must be 1 to 63 of A-Z, a-z, 0-9, '.', '_' and '-'")
  .meta({ title: "1 to 63 of `A-Za-z0-9._-`" });

const Role = z.strictObject({
  name: label.meta({ description: "The realm role's name.", example: "platform-admin" }),
  description: text.optional().describe("What it allows, for people."),
});

const Group = z.strictObject({
  name: label.meta({ description: "The group's name, as it stands in the claim `groups`.", example: "team-a" }),
  description: text.optional().describe("Who is in it, for people."),
  roles: z.array(label).default([]).describe("Realm roles that every member has; names of `roles`."),
});

const User = z.strictObject({
  username: z
    .string()
    .regex(/^[a-z0-9._-]{1,63}$/, "must be 1 to 63 of a-z, 0-9, '.', '_' and '-'")
    .meta({ title: "1 to 63 of `a-z0-9._-`", description: "The name to sign in with.", example: "ada" }),
  email: z.email("must be an e-mail address").meta({ title: "e-mail address", description: "Marked as verified.", example: "ada@example.com" }),
  firstName: text.meta({ description: "The given name.", example: "Ada" }),
  lastName: text.meta({ description: "The family name.", example: "Lovelace" }),
  groups: z.array(label).default([]).describe("The groups that the user is in, and no others; names of `groups`."),
  roles: z.array(label).default([]).describe("Realm roles beside those of the groups; names of `roles`."),
  initialPassword: flag.default(true).describe("Generate an initial password; `false` for a user who has one, as every adopted user does."),
});

export const peopleSettings = {
  roles: z.array(Role).default([]).describe("Realm roles."),
  groups: z.array(Group).default([]).describe("Groups of the realm."),
  users: z
    .array(User)
    .default([])
    .describe("Users of the realm. Initial passwords are generated; outside `dev` the first sign-in asks for another."),
};

type PeopleParsed = { [K in keyof typeof peopleSettings]: z.output<(typeof peopleSettings)[K]> };

/** A sentence for each value that is there a second time. */
export function twice(values: readonly string[], key: (index: number) => string): string[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [`${key(index)} is there twice; remove one of them.`] : []));
}

/** Rules of roles, groups and users that need more than one key. */
export function peopleFaults({ roles, groups, users }: PeopleParsed): string[] {
  const known = { roles: roles.map(({ name }) => name), groups: groups.map(({ name }) => name) };
  const missing = (list: keyof typeof known, names: readonly string[], key: string): string[] =>
    names.flatMap((name, index) =>
      known[list].includes(name) ? [] : [`${key}.${list}.${index} names ${name}, which ${list} does not have; add it there or remove it here.`],
    );
  return [
    ...twice(known.roles, (index) => `roles.${index}.name`),
    ...twice(known.groups, (index) => `groups.${index}.name`),
    ...twice(users.map(({ username }) => username), (index) => `users.${index}.username`),
    ...twice(users.map(({ email }) => email.toLowerCase()), (index) => `users.${index}.email`),
    ...groups.flatMap((group, index) => missing("roles", group.roles, `groups.${index}`)),
    ...users.flatMap((user, index) => [...missing("groups", user.groups, `users.${index}`), ...missing("roles", user.roles, `users.${index}`)]),
  ];
}
