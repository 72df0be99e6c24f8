import type { CheckFailure } from "../provider";
import { isObject, type Properties } from "../values";
import type { Field, Fields } from "./fields";
import { unlessGone, type Keycloak } from "./client";
import { importField, realmAndId, refuseImport, type Spec } from "./resource";

/** Users, groups and roles. */

const realmId: Field = { type: "string", required: true, replace: true };
const text = (name: string, more: Partial<Field> = {}): Field => ({ type: "string", at: [name], ...more });

/** Keycloak's attributes have many values each, Pulumi's have one with ## between them. */
const toLists = (attributes: unknown): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries((attributes ?? {}) as Record<string, string>).map(([key, text]) => [key, text.split("##")]),
  );

/** The other way round; the order of many values is the program's where they are the same values. */
function fromLists(attributes: unknown, before: unknown): Properties | undefined {
  const known = toLists(before);
  const sorted = (list: string[] | undefined): string => JSON.stringify([...(list ?? [])].sort());
  const entries = Object.entries((attributes ?? {}) as Record<string, string[]>).map(([key, list]) => [
    key,
    (sorted(known[key]) === sorted(list) ? (known[key] ?? list) : list).join("##"),
  ]);
  return entries.length === 0 && !isObject(before) ? undefined : (Object.fromEntries(entries) as Properties);
}

const prepareAttributes = (representation: Properties, values: Properties): void => {
  representation.attributes = toLists(values.attributes);
};

const userFields: Fields = {
  realmId,
  username: text("username", { required: true, replace: true }),
  email: text("email"),
  emailVerified: { type: "boolean", default: false, at: ["emailVerified"] },
  firstName: text("firstName"),
  lastName: text("lastName"),
  enabled: { type: "boolean", default: true, at: ["enabled"] },
  attributes: { type: "map" },
  requiredActions: { type: "strings", at: ["requiredActions"] },
  initialPassword: {
    type: "object",
    createOnly: true,
    fields: { value: { type: "string", required: true }, temporary: { type: "boolean", default: false } },
  },
  import: importField,
};

function checkUser(news: Properties): CheckFailure[] {
  const username = news.username as string;
  const reason = `expected username ${username} to be all lowercase`;
  return [...refuseImport(news), ...(username === username.toLowerCase() ? [] : [{ property: "username", reason }])];
}

export const user: Spec = {
  fields: userFields,
  secretOutputs: ["initialPassword"],
  check: checkUser,
  prepare: prepareAttributes,
  parseImport: realmAndId,

  async create(keycloak, representation, values) {
    const realm = values.realmId as string;
    const { id } = await keycloak.call((admin) => admin.users.create({ ...representation, realm }));
    const password = values.initialPassword as { value: string; temporary?: boolean } | undefined;
    if (password !== undefined) {
      const credential = { type: "password", value: password.value, temporary: password.temporary ?? false };
      await keycloak.call((admin) => admin.users.resetPassword({ id, realm, credential }));
    }
    return id;
  },

  async get(keycloak, id, before) {
    const found = await keycloak.find((admin) => admin.users.findOne({ id, realm: before.realmId as string }));
    if (found == null) return undefined;
    return { found: found as Properties, extra: { attributes: fromLists(found.attributes, before.attributes) } };
  },

  put: (keycloak, id, representation, values) =>
    keycloak.call((admin) => admin.users.update({ id, realm: values.realmId as string }, representation)),

  remove: (keycloak, id, values) => keycloak.call((admin) => admin.users.del({ id, realm: values.realmId as string })),
};

export const group: Spec = {
  fields: {
    realmId,
    parentId: { type: "string", replace: true },
    name: text("name", { required: true }),
    description: text("description", { keep: true }),
    attributes: { type: "map" },
  },
  computed: ["path"],
  prepare: prepareAttributes,
  parseImport: realmAndId,

  async create(keycloak, representation, values) {
    const realm = values.realmId as string;
    const id = values.parentId as string;
    const created = await keycloak.call((admin) =>
      id === ""
        ? admin.groups.create({ ...representation, realm })
        : admin.groups.createChildGroup({ id, realm }, representation as { name: string }),
    );
    return created.id;
  },

  async get(keycloak, id, before) {
    const found = await keycloak.find((admin) => admin.groups.findOne({ id, realm: before.realmId as string }));
    if (found == null) return undefined;
    const parentId = (found as Properties).parentId ?? before.parentId;
    return {
      found: found as Properties,
      extra: { parentId, path: found.path, attributes: fromLists(found.attributes, before.attributes) },
    };
  },

  put: (keycloak, id, representation, values) =>
    keycloak.call((admin) =>
      admin.groups.update({ id, realm: values.realmId as string }, representation as { name: string }),
    ),

  remove: (keycloak, id, values) => keycloak.call((admin) => admin.groups.del({ id, realm: values.realmId as string })),
};

interface RoleId {
  id: string;
}

/** Makes the roles inside a role the wanted ones, named by their ids. */
async function setComposites(keycloak: Keycloak, id: string, realm: string, wanted: string[]): Promise<void> {
  const has = await keycloak.call((admin) => admin.roles.getCompositeRoles({ id, realm }));
  const extra = has.filter((role) => !wanted.includes(role.id ?? ""));
  const missing = wanted.filter((role) => !has.some((held) => held.id === role));
  if (extra.length > 0) await keycloak.call((admin) => admin.roles.delCompositeRoles({ id, realm }, extra as RoleId[]));
  if (missing.length === 0) return;
  const roles = missing.map((role) => ({ id: role }));
  await keycloak.call((admin) => admin.roles.createComposite({ roleId: id, realm }, roles));
}

export const role: Spec = {
  fields: {
    realmId,
    clientId: { type: "string", replace: true },
    name: text("name", { required: true }),
    description: text("description", { keep: true }),
    compositeRoles: { type: "strings", keep: true },
    attributes: { type: "map", keep: true },
    import: importField,
  },
  check: refuseImport,
  prepare: prepareAttributes,
  parseImport: realmAndId,

  async create(keycloak, representation, values) {
    const realm = values.realmId as string;
    const id = values.clientId as string;
    const roleName = values.name as string;
    if (id === "") await keycloak.call((admin) => admin.roles.create({ ...representation, realm }));
    else await keycloak.call((admin) => admin.clients.createRole({ ...representation, id, realm }));
    const made = await keycloak.call((admin) =>
      id === ""
        ? admin.roles.findOneByName({ name: roleName, realm })
        : admin.clients.findRole({ id, roleName, realm }),
    );
    const roleId = made?.id ?? "";
    // Creation ignores attributes, and composites are no part of the representation.
    await keycloak.call((admin) => admin.roles.updateById({ id: roleId, realm }, { ...made, ...representation }));
    await setComposites(keycloak, roleId, realm, values.compositeRoles as string[]);
    return roleId;
  },

  async get(keycloak, id, before) {
    const realm = before.realmId as string;
    const found = await keycloak.find((admin) => admin.roles.findOneById({ id, realm }));
    if (found == null) return undefined;
    const composites = found.composite
      ? await keycloak.call((admin) => admin.roles.getCompositeRoles({ id, realm }))
      : [];
    return {
      found: found as Properties,
      extra: {
        clientId: found.clientRole === true ? found.containerId : before.clientId,
        compositeRoles: composites.map((inner) => inner.id),
        attributes: fromLists(found.attributes, before.attributes) ?? {},
      },
    };
  },

  async put(keycloak, id, representation, values) {
    const realm = values.realmId as string;
    await keycloak.call((admin) => admin.roles.updateById({ id, realm }, representation));
    await setComposites(keycloak, id, realm, values.compositeRoles as string[]);
  },

  remove: (keycloak, id, values) =>
    unlessGone(keycloak.call((admin) => admin.roles.delById({ id, realm: values.realmId as string }))),
};
