import { z } from "zod";
import { builtInRoles } from "../keycloak/clients";
import { groupName, groupPath, parentOf, withParents } from "../keycloak/groups";
import { unmetPolicy } from "../keycloak/passwordPolicy";
import { description, flag, judged, lineFault } from "./common";

/** The settings of who is in the realm: roles, groups and users, by names that refer to each other. */

/**
 * What no name of a role or a group may have, for the provider and the mark of what is made put it into a path and a
 * list.
 */
function labelFault(value: string): string | undefined {
  const [mark] = /[/?#%;,\\]/.exec(value) ?? [];
  if (mark !== undefined) return `has a ${mark}, which the Admin API does not take in a name; write another name`;
  return /^\.+$/.test(value) ? "is a part of a path and no name; write another name" : lineFault(value);
}

const label = judged(z.string(), labelFault).meta({ title: "role name" });

/** A group's name, or its path; Keycloak writes a slash in a name as `~/`, so that none may end in one. */
function pathFault(value: string): string | undefined {
  const parts = groupPath(value).split("/");
  if (parts.includes("")) return "must be a name, or a path such as /platform/team-a";
  return parts
    .map(
      (part) =>
        labelFault(part) ??
        (part.endsWith("~")
          ? "has a name that ends in ~, which Keycloak writes for a slash; write another name"
          : undefined),
    )
    .find((fault) => fault !== undefined);
}

const group = judged(z.string(), pathFault).transform(groupPath).meta({ title: "group name or path" });

/** What the user profile of every realm refuses in a user name, and the provider besides. */
function usernameFault(value: string): string | undefined {
  if (value.length < 3 || value.length > 255) return "must be 3 to 255 characters";
  if (value !== value.toLowerCase()) return "must be in small letters, as Keycloak keeps it";
  if (/[<>&"'\s$%!#?§;,:*~/\\|^=[\]{}()`\p{Cc}]/u.test(value))
    return "must be letters, digits and '.', '_', '-', '@' and '+', as in a name or an e-mail address";
  if (!/^[\p{Script=Latin}\p{Script=Common}]+$/u.test(value))
    return "has letters that are not Latin, which Keycloak refuses as they may look like others; write it in Latin ones";
  return value.startsWith("service-account-")
    ? "is a name that Keycloak gives to a client's own user; choose another"
    : lineFault(value);
}

/** What the user profile of every realm refuses in the name of a person. */
const personName = judged(
  z.string(),
  (value) =>
    lineFault(value) ??
    (/[<>&"$%!#?§;*~/\\|^=[\]{}()]/.test(value)
      ? "has a character that Keycloak does not take in the name of a person; remove it"
      : undefined),
).meta({ title: "text" });

const Role = z.strictObject({
  name: label.meta({ description: "The realm role's name.", example: "platform-admin" }),
  description: description.optional().describe("What it allows, for people."),
});

const Group = z.strictObject({
  name: group.meta({
    description:
      "The group's name; a path such as `/platform/team-a` for a group within another, which is made too. " +
      "The claim `groups` holds the last part.",
    example: "team-a",
  }),
  description: description.optional().describe("Who is in it, for people."),
  roles: z
    .array(label)
    .default([])
    .describe("Realm roles that every member has, those of groups within it too; names of `roles`."),
});

const User = z.strictObject({
  username: judged(z.string(), usernameFault).meta({
    title: "user name",
    description:
      "The name to sign in with, in small letters; an e-mail address too. For Backstage's catalog, which " +
      "takes letters, digits and `-_.` only, the image then needs a transformer.",
    example: "ada",
  }),
  email: z
    .email("must be an e-mail address")
    .max(254, "is longer than 254 characters; shorten it")
    .toLowerCase()
    .refine((value) => value.indexOf("@") <= 64, "has more than 64 characters before the @; shorten it")
    .meta({ title: "e-mail address", description: "Marked as verified.", example: "ada@example.com" }),
  firstName: personName.meta({ description: "The given name.", example: "Ada" }),
  lastName: personName.meta({ description: "The family name.", example: "Lovelace" }),
  groups: z
    .array(group)
    .prefault([])
    .describe("The groups that the user is in, and no others; names or paths of `groups`."),
  roles: z.array(label).default([]).describe("Realm roles beside those of the groups; names of `roles`."),
  initialPassword: flag
    .default(true)
    .describe("Generate an initial password; `false` for a user who has one, as every adopted user does."),
});

export const peopleSettings = {
  roles: z.array(Role).default([]).describe("Realm roles."),
  groups: z.array(Group).prefault([]).describe("Groups of the realm."),
  users: z
    .array(User)
    .prefault([])
    .describe("Users of the realm. Initial passwords are generated; outside `dev` the first sign-in asks for another."),
};

type PeopleParsed = { [K in keyof typeof peopleSettings]: z.output<(typeof peopleSettings)[K]> };

/** The groups, with those around them that nobody names. */
export const allGroups = (groups: PeopleParsed["groups"]): PeopleParsed["groups"] =>
  withParents(groups, (name) => ({ name, roles: [] }));

/** A sentence for each value that is there a second time. */
export function twice(values: readonly string[], key: (index: number) => string): string[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) < index ? [`${key(index)} is there twice; remove one of them.`] : [],
  );
}

/** A claim that holds last parts only must not make two groups one. */
function claimFaults(groups: PeopleParsed["groups"]): string[] {
  const all = allGroups(groups);
  return groups.flatMap(({ name }, index) => {
    const other = all.find((one) => one.name !== name && groupName(one.name) === groupName(name));
    if (other === undefined || all.indexOf(other) < index) return [];
    return [
      `groups.${index}.name ${name} ends as ${other.name} does, so that the claim groups could not tell them apart; rename one of them.`,
    ];
  });
}

/** What is around a group of an adopted realm may be somebody's: it is taken over only where the settings name it. */
function parentFaults(groups: PeopleParsed["groups"]): string[] {
  const named = groups.map(({ name }) => name);
  return groups.flatMap(({ name }, index) => {
    const parent = parentOf(name);
    if (parent === undefined || named.includes(parent)) return [];
    return [
      `groups.${index}.name ${name} is within ${parent}, which the adopted realm may have already; name that in groups too.`,
    ];
  });
}

/** Rules of users by themselves. */
function userFaults(users: PeopleParsed["users"], passwordPolicy: string): string[] {
  const emails = users.map(({ email }) => email);
  const unmet = unmetPolicy(passwordPolicy);
  return users.flatMap(({ username, initialPassword, groups, roles }, index) => {
    const at = `users.${index}`;
    const other = emails.indexOf(username);
    return [
      ...(other >= 0 && other !== index
        ? [
            `${at}.username is the e-mail address of users.${other}, so that a sign-in by it would be either's; rename one of them.`,
          ]
        : []),
      ...(initialPassword && unmet !== undefined
        ? [
            `realm.login.passwordPolicy asks for ${unmet}, which generated initial passwords do not have; ` +
              `relax it, or set ${at}.initialPassword to false.`,
          ]
        : []),
      ...twice(groups, (position) => `${at}.groups.${position}`),
      ...twice(roles, (position) => `${at}.roles.${position}`),
    ];
  });
}

/** Rules of roles, groups and users that need more than one key. */
export function peopleFaults(
  { roles, groups, users }: PeopleParsed,
  realm: { readonly name: string; readonly adopt: boolean; readonly login: { readonly passwordPolicy: string } },
): string[] {
  const known = { roles: roles.map(({ name }) => name), groups: allGroups(groups).map(({ name }) => name) };
  const missing = (list: keyof typeof known, names: readonly string[], key: string): string[] =>
    names.flatMap((name, index) =>
      known[list].includes(name)
        ? []
        : [`${key}.${list}.${index} names ${name}, which ${list} does not have; add it there or remove it here.`],
    );
  return [
    ...roles.flatMap(({ name }, index) =>
      builtInRoles(realm.name).includes(name)
        ? [`roles.${index}.name is ${name}, a role of Keycloak's own; choose another.`]
        : [],
    ),
    ...twice(known.roles, (index) => `roles.${index}.name`),
    ...twice(
      groups.map(({ name }) => name),
      (index) => `groups.${index}.name`,
    ),
    ...claimFaults(groups),
    ...(realm.adopt ? parentFaults(groups) : []),
    ...twice(
      users.map(({ username }) => username),
      (index) => `users.${index}.username`,
    ),
    ...twice(
      users.map(({ email }) => email),
      (index) => `users.${index}.email`,
    ),
    ...userFaults(users, realm.login.passwordPolicy),
    ...groups.flatMap((one, index) => [
      ...missing("roles", one.roles, `groups.${index}`),
      ...twice(one.roles, (position) => `groups.${index}.roles.${position}`),
    ]),
    ...users.flatMap((user, index) => [
      ...missing("groups", user.groups, `users.${index}`),
      ...missing("roles", user.roles, `users.${index}`),
    ]),
  ];
}
