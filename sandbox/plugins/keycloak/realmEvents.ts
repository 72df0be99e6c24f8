import type { Field } from "./fields";
import type { Spec } from "./resource";

/** What a realm remembers of sign-ins and of administrators. It cannot be made or deleted, only set and set back. */
const flag = (at: string): Field => ({ type: "boolean", at: [at] });

export const realmEvents: Spec = {
  fields: {
    realmId: { type: "string", required: true, replace: true },
    adminEventsDetailsEnabled: flag("adminEventsDetailsEnabled"),
    adminEventsEnabled: flag("adminEventsEnabled"),
    // Left out, all types are meant: Keycloak then tells them all, and the official provider does not look at them.
    enabledEventTypes: { type: "strings", at: ["enabledEventTypes"], keep: true },
    eventsEnabled: flag("eventsEnabled"),
    eventsExpiration: { type: "number", at: ["eventsExpiration"] },
    eventsListeners: { type: "strings", at: ["eventsListeners"] },
  },
  parseImport: () => {
    throw new Error("This resource does not support import");
  },

  async create(keycloak, representation, values) {
    const realm = values.realmId as string;
    await keycloak.call((admin) => admin.realms.updateConfigEvents({ realm }, representation));
    return realm;
  },

  async get(keycloak, realm) {
    const found = await keycloak.find((admin) => admin.realms.getConfigEvents({ realm }));
    return found === undefined ? undefined : { found: { ...found } };
  },

  put: (keycloak, realm, representation) =>
    keycloak.call((admin) => admin.realms.updateConfigEvents({ realm }, representation)),

  remove: (keycloak, realm) => {
    const zero = {
      adminEventsDetailsEnabled: false,
      adminEventsEnabled: false,
      enabledEventTypes: [],
      eventsEnabled: false,
      eventsExpiration: 0,
    };
    return keycloak.call((admin) => admin.realms.updateConfigEvents({ realm }, zero));
  },
};
