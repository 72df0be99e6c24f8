import type { Resource } from "../provider";
import { type Properties } from "../values";
import { type Keycloak, unlessGone } from "./client";
import { differences, faults, type Field, type Fields, withDefaults } from "./fields";

/** Resources that say which members something has: scopes of a client, users of a group, roles of a user. */

const owner: Field = { type: "string", required: true, replace: true };
const members: Field = { type: "strings", required: true };

interface Owner {
  realm: string;
  id: string;
}

interface Binding {
  /** The inputs that name the owner and the members. */
  owner: string;
  members: string;
  fields?: Fields;
  /** The resource's id. */
  id: (owner: Owner) => string;
  /** Undefined: it has no import. */
  parseImport?: (importId: string) => Owner;
  /** The members by the names that the input uses; undefined when the owner is gone. */
  list: (keycloak: Keycloak, owner: Owner) => Promise<string[] | undefined>;
  add: (keycloak: Keycloak, owner: Owner, members: string[]) => Promise<void>;
  remove: (keycloak: Keycloak, owner: Owner, members: string[]) => Promise<void>;
  /** Are other members removed: when the resource is made, and later? */
  exclusive: (values: Properties, creating: boolean) => boolean;
}

function binding(spec: Binding): Resource<Keycloak> {
  const fields: Fields = { realmId: owner, [spec.owner]: owner, [spec.members]: members, ...spec.fields };
  const ownerIn = (values: Properties): Owner => ({
    realm: values.realmId as string,
    id: values[spec.owner] as string,
  });
  const membersIn = (values: Properties): string[] => (values[spec.members] ?? []) as string[];

  async function reconcile(keycloak: Keycloak, news: Properties, olds: Properties | undefined): Promise<Properties> {
    const at = ownerIn(news);
    const [wanted, has] = [membersIn(news), await spec.list(keycloak, at)];
    if (has === undefined)
      throw new Error(`validation error: ${spec.owner} ${at.id} does not exist in realm ${at.realm}`);
    const own = spec.exclusive(news, olds === undefined)
      ? has
      : membersIn(olds ?? {}).filter((name) => has.includes(name));
    const [extra, missing] = [
      own.filter((name) => !wanted.includes(name)),
      wanted.filter((name) => !has.includes(name)),
    ];
    if (extra.length > 0) await spec.remove(keycloak, at, extra);
    if (missing.length > 0) await spec.add(keycloak, at, missing);
    return news;
  }

  return {
    inputs: Object.keys(fields),

    check(_, news) {
      const inputs = withDefaults(fields, news);
      return { inputs, failures: faults(fields, inputs) };
    },

    diff: ({ outputs, news }) => ({ changes: differences(fields, outputs, news) }),

    async create(news, { config, preview }) {
      if (preview) return { id: "", outputs: news };
      return { id: spec.id(ownerIn(news)), outputs: await reconcile(config, news, undefined) };
    },

    async read({ id, inputs, outputs }, { config }) {
      const importing = Object.keys(outputs).length === 0;
      if (importing && spec.parseImport === undefined) throw new Error("This resource does not support import");
      const at = importing ? (spec.parseImport?.(id) ?? { realm: "", id: "" }) : ownerIn(outputs);
      const listed = await spec.list(config, at);
      if (listed === undefined) return undefined;
      const before = membersIn(outputs);
      const exclusive = importing || spec.exclusive(outputs, false);
      const found = exclusive ? listed : listed.filter((name) => before.includes(name));
      // The program's order first: only a changed set is a change.
      const ordered = [
        ...before.filter((name) => found.includes(name)),
        ...found.filter((name) => !before.includes(name)),
      ];
      const values = { realmId: at.realm, [spec.owner]: at.id, [spec.members]: ordered };
      return {
        id: spec.id(at),
        inputs: { ...inputs, ...values },
        outputs: { ...withDefaults(fields, outputs), ...values },
      };
    },

    update: async ({ outputs, news }, { config, preview }) => (preview ? news : await reconcile(config, news, outputs)),

    async delete({ outputs }, { config }) {
      const at = ownerIn(outputs);
      const has = await spec.list(config, at);
      const held = membersIn(outputs).filter((name) => has?.includes(name));
      if (held.length > 0) await spec.remove(config, at, held);
    },
  };
}

function parseOwner(importId: string): Owner {
  const [realm = "", id = ""] = importId.split("/");
  return { realm, id };
}

const slash = ({ realm, id }: Owner): string => `${realm}/${id}`;

function clientScopes(kind: "Default" | "Optional"): Resource<Keycloak> {
  const [add, remove, list] = [`add${kind}ClientScope`, `del${kind}ClientScope`, `list${kind}ClientScopes`] as const;

  async function each(
    keycloak: Keycloak,
    at: Owner,
    names: string[],
    method: typeof add | typeof remove,
  ): Promise<void> {
    const all = await keycloak.call((admin) => admin.clientScopes.find({ realm: at.realm }));
    for (const name of names) {
      const clientScopeId = all.find((scope) => scope.name === name)?.id;
      if (clientScopeId === undefined) throw new Error(`validation error: scope ${name} does not exist`);
      await keycloak.call((admin) => admin.clients[method]({ ...at, clientScopeId }));
    }
  }

  return binding({
    owner: "clientId",
    members: `${kind.toLowerCase()}Scopes`,
    id: slash,
    list: async (keycloak, at) => {
      const scopes = await keycloak.find((admin) => admin.clients[list](at));
      return scopes?.map((scope) => scope.name ?? "");
    },
    add: async (keycloak, at, names) => {
      const other = kind === "Default" ? "listOptionalClientScopes" : "listDefaultClientScopes";
      const taken = await keycloak.call((admin) => admin.clients[other](at));
      const twice = names.find((name) => taken.some((scope) => scope.name === name));
      if (twice !== undefined) {
        const as = kind === "Default" ? "an optional" : "a default";
        throw new Error(`validation error: scope ${twice} is already attached to client as ${as} scope`);
      }
      await each(keycloak, at, names, add);
    },
    remove: (keycloak, at, names) => each(keycloak, at, names, remove),
    exclusive: () => true,
  });
}

export const clientDefaultScopes = clientScopes("Default");
export const clientOptionalScopes = clientScopes("Optional");

async function eachUser(
  keycloak: Keycloak,
  { realm, id: groupId }: Owner,
  names: string[],
  method: "addToGroup" | "delFromGroup",
): Promise<void> {
  for (const username of names) {
    const [user] = await keycloak.call((admin) => admin.users.find({ realm, username, exact: true }));
    const id = user?.id;
    if (id === undefined) throw new Error(`user with username ${username} does not exist`);
    await keycloak.call((admin) => admin.users[method]({ realm, id, groupId }));
  }
}

export const groupMemberships = binding({
  owner: "groupId",
  members: "members",
  id: ({ realm, id }) => `${realm}/group-memberships/${id}`,
  list: async (keycloak, at) => {
    const users = await keycloak.find((admin) => admin.groups.listMembers({ ...at, max: 10000 }));
    return users?.map((user) => user.username ?? "");
  },
  add: (keycloak, at, names) => eachUser(keycloak, at, names, "addToGroup"),
  remove: (keycloak, at, names) => eachUser(keycloak, at, names, "delFromGroup"),
  exclusive: (_, creating) => !creating,
});

interface FoundRole {
  id: string;
  name: string;
  client: string | undefined;
}

async function roleById(keycloak: Keycloak, realm: string, id: string): Promise<FoundRole> {
  const role = await keycloak.call((admin) => admin.roles.findOneById({ realm, id }));
  return { id, name: role?.name ?? "", client: role?.clientRole === true ? role.containerId : undefined };
}

async function eachRole(keycloak: Keycloak, at: Owner, ids: string[], adding: boolean): Promise<void> {
  for (const roleId of ids) {
    const { name, client } = await roleById(keycloak, at.realm, roleId);
    const roles = [{ id: roleId, name }];
    const inRealm = { ...at, roles };
    const inClient = { realm: at.realm, id: at.id, clientUniqueId: client ?? "", roles };
    await keycloak.call((admin) => {
      const { users } = admin;
      if (client === undefined)
        return adding ? users.addRealmRoleMappings(inRealm) : users.delRealmRoleMappings(inRealm);
      return adding ? users.addClientRoleMappings(inClient) : users.delClientRoleMappings(inClient);
    });
  }
}

/** The ids of the roles that a user was given directly, without those that they imply. */
async function userRoleIds(keycloak: Keycloak, at: Owner): Promise<string[] | undefined> {
  const mappings = await keycloak.find((admin) => admin.users.listRoleMappings(at));
  if (mappings === undefined) return undefined;
  const ofClients = Object.values(mappings.clientMappings ?? {}) as { mappings?: { id?: string }[] }[];
  return [...(mappings.realmMappings ?? []), ...ofClients.flatMap((client) => client.mappings ?? [])].map(
    (role) => role.id ?? "",
  );
}

export const userRoles = binding({
  owner: "userId",
  members: "roleIds",
  fields: { exhaustive: { type: "boolean", default: true } },
  id: slash,
  parseImport: parseOwner,
  list: userRoleIds,
  add: (keycloak, at, ids) => eachRole(keycloak, at, ids, true),
  remove: (keycloak, at, ids) => eachRole(keycloak, at, ids, false),
  exclusive: ({ exhaustive }) => exhaustive !== false,
});

/** The same for a group. */
async function eachGroupRole(keycloak: Keycloak, { realm, id }: Owner, ids: string[], adding: boolean): Promise<void> {
  for (const roleId of ids) {
    const { name, client } = await roleById(keycloak, realm, roleId);
    if (client !== undefined) throw new Error(`The stand-in gives groups realm roles only, not ${name} of a client.`);
    const at = { realm, id, roles: [{ id: roleId, name }] };
    await keycloak.call((admin) =>
      adding ? admin.groups.addRealmRoleMappings(at) : admin.groups.delRealmRoleMappings(at),
    );
  }
}

const exhaustive = { exhaustive: { type: "boolean", default: true } } as const;

export const groupRoles = binding({
  owner: "groupId",
  members: "roleIds",
  fields: exhaustive,
  id: slash,
  parseImport: parseOwner,
  list: async (keycloak, at) => {
    const mappings = await keycloak.find((admin) => admin.groups.listRoleMappings(at));
    return mappings?.realmMappings?.map((role) => role.id ?? "") ?? (mappings === undefined ? undefined : []);
  },
  add: (keycloak, at, ids) => eachGroupRole(keycloak, at, ids, true),
  remove: (keycloak, at, ids) => eachGroupRole(keycloak, at, ids, false),
  exclusive: (values) => values.exhaustive !== false,
});

export const userGroups = binding({
  owner: "userId",
  members: "groupIds",
  fields: exhaustive,
  id: slash,
  parseImport: parseOwner,
  list: async (keycloak, at) => {
    const groups = await keycloak.find((admin) => admin.users.listGroups(at));
    return groups?.map((group) => group.id ?? "");
  },
  add: async (keycloak, at, ids) => {
    for (const groupId of ids) await keycloak.call((admin) => admin.users.addToGroup({ ...at, groupId }));
  },
  remove: async (keycloak, at, ids) => {
    for (const groupId of ids) await keycloak.call((admin) => admin.users.delFromGroup({ ...at, groupId }));
  },
  exclusive: (values) => values.exhaustive !== false,
});

/** One role for a client's service account: of another client (`clientId`), or of the realm. */
function serviceAccountRole(ofClient: boolean): Resource<Keycloak> {
  const fields: Fields = {
    realmId: owner,
    serviceAccountUserId: owner,
    role: owner,
    ...(ofClient ? { clientId: owner } : {}),
  };
  const userIn = (values: Properties): Owner => ({
    realm: values.realmId as string,
    id: values.serviceAccountUserId as string,
  });

  function find(keycloak: Keycloak, values: Properties): Promise<{ id?: string } | undefined> {
    const realm = values.realmId as string;
    const roleName = values.role as string;
    return keycloak.find<{ id?: string }>((admin) =>
      ofClient
        ? admin.clients.findRole({ realm, id: values.clientId as string, roleName })
        : admin.roles.findOneByName({ realm, name: roleName }),
    );
  }

  return {
    inputs: Object.keys(fields),
    check: (_, news) => ({ inputs: news, failures: faults(fields, news) }),
    diff: ({ outputs, news }) => ({ changes: differences(fields, outputs, news) }),

    async create(news, { config, preview }) {
      if (preview) return { id: "", outputs: news };
      const role = await find(config, news);
      if (role?.id === undefined) throw new Error(`role ${String(news.role)} does not exist`);
      await eachRole(config, userIn(news), [role.id], true);
      return { id: `${String(news.serviceAccountUserId)}/${role.id}`, outputs: news };
    },

    async read({ id, inputs, outputs }, { config }) {
      if (Object.keys(outputs).length === 0) throw new Error("The stand-in cannot import a service account's role.");
      const role = await find(config, outputs);
      const held = await userRoleIds(config, userIn(outputs));
      return role?.id !== undefined && held?.includes(role.id) === true ? { id, inputs, outputs } : undefined;
    },

    async delete({ outputs }, { config }) {
      const role = await find(config, outputs);
      if (role?.id !== undefined) await unlessGone(eachRole(config, userIn(outputs), [role.id], false));
    },
  };
}

export const clientServiceAccountRole = serviceAccountRole(true);
export const clientServiceAccountRealmRole = serviceAccountRole(false);
