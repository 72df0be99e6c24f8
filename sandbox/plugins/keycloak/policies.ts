import type { Properties } from "../values";
import type { Keycloak } from "./client";
import type { Field } from "./fields";
import type { Spec } from "./resource";

/**
 * A realm's client policies. Keycloak keeps all profiles of a realm in one document and all policies in another,
 * so each change reads, changes and writes a document as a whole, one change at a time.
 */
interface Item extends Properties {
  name?: string;
}

interface Document {
  read: (keycloak: Keycloak, realm: string) => Promise<Item[]>;
  write: (keycloak: Keycloak, realm: string, items: Item[]) => Promise<void>;
}

const profiles: Document = {
  read: async (keycloak, realm) => {
    const all = await keycloak.call((admin) => admin.clientPolicies.listProfiles({ realm }));
    return (all.profiles ?? []) as Item[];
  },
  write: (keycloak, realm, items) =>
    keycloak.call(async (admin) => {
      await admin.clientPolicies.createProfiles({ realm, profiles: items });
    }),
};

const policies: Document = {
  read: async (keycloak, realm) => {
    const all = await keycloak.call((admin) => admin.clientPolicies.listPolicies({ realm }));
    return (all.policies ?? []) as Item[];
  },
  write: (keycloak, realm, items) =>
    keycloak.call(async (admin) => {
      await admin.clientPolicies.updatePolicy({ realm, policies: items });
    }),
};

/** Pulumi's configuration maps hold text; Keycloak wants what is JSON as JSON. */
function parsed(configuration: unknown, asText: boolean): Properties {
  const entries = Object.entries((configuration ?? {}) as Record<string, string>);
  const isJson = (text: string): boolean => !asText && (text.startsWith("{") || text.startsWith("["));
  return Object.fromEntries(entries.map(([key, text]) => [key, isJson(text) ? (JSON.parse(text) as unknown) : text]));
}

function texts(configuration: unknown): Properties {
  const entries = Object.entries((configuration ?? {}) as Record<string, string | number | boolean | object>);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]),
  );
}

interface Part extends Properties {
  name: string;
  configuration?: unknown;
}

/** `list` holds parts that Keycloak calls by `key`: executors of a profile, conditions of a policy. */
function spec(
  document: Document,
  folder: string,
  list: { input: string; at: string; key: string },
  more: Spec["fields"],
): Spec {
  const parts: Field = { type: "parts" };
  const toItem = (representation: Properties, values: Properties): void => {
    representation[list.at] = ((values[list.input] ?? []) as Part[]).map((part) => ({
      [list.key]: part.name,
      configuration: parsed(part.configuration, part.name === "client-attributes"),
    }));
  };
  const fromItem = (found: Item): Properties => ({
    [list.input]: ((found[list.at] ?? []) as Properties[]).map((part) => ({
      name: part[list.key],
      configuration: texts(part.configuration),
    })),
  });
  const change = (keycloak: Keycloak, realm: string, to: (items: Item[]) => Item[]): Promise<void> =>
    keycloak.exclusively(async () => {
      await document.write(keycloak, realm, to(await document.read(keycloak, realm)));
    });

  return {
    fields: {
      realmId: { type: "string", required: true },
      name: { type: "string", required: true, replace: true, at: ["name"] },
      description: { type: "string", at: ["description"] },
      [list.input]: parts,
      ...more,
    },
    prepare: toItem,
    parseImport: () => {
      throw new Error("This resource does not support import");
    },

    async create(keycloak, representation, values) {
      const realm = values.realmId as string;
      await change(keycloak, realm, (items) => [...items, representation]);
      return `${realm}/${folder}/${String(values.name)}`;
    },

    async get(keycloak, _, before) {
      const items = await document.read(keycloak, before.realmId as string);
      const found = items.find((item) => item.name === before.name);
      return found === undefined ? undefined : { found, extra: fromItem(found) };
    },

    put: (keycloak, _, representation, values) =>
      change(keycloak, values.realmId as string, (items) =>
        items.map((item) => (item.name === values.name ? representation : item)),
      ),

    remove: (keycloak, _, values) =>
      change(keycloak, values.realmId as string, (items) => items.filter((item) => item.name !== values.name)),
  };
}

export const clientPolicyProfile = spec(
  profiles,
  "realm-client-policy-profiles",
  { input: "executors", at: "executors", key: "executor" },
  {},
);

export const clientPolicy = spec(
  policies,
  "realm-client-policy-profile-policies",
  { input: "conditions", at: "conditions", key: "condition" },
  {
    enabled: { type: "boolean", default: true, at: ["enabled"] },
    profiles: { type: "strings", required: true, replace: true, at: ["profiles"] },
  },
);
