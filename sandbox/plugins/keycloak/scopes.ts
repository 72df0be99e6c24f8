import type { CheckFailure } from "../provider";
import type { Properties } from "../values";
import type { Keycloak } from "./client";
import type { Field, Fields } from "./fields";
import { realmAndId, type Spec } from "./resource";

/** Client scopes, and the mappers that put claims into tokens. */

const realmId: Field = { type: "string", required: true, replace: true };

export const clientScope: Spec = {
  fields: {
    realmId,
    name: { type: "string", required: true, at: ["name"] },
    description: { type: "string", at: ["description"], keep: true },
    consentScreenText: { type: "string", at: ["attributes", "consent.screen.text"] },
    includeInTokenScope: { type: "boolean", default: true, at: ["attributes", "include.in.token.scope"], quoted: true },
    includeInOpenidProviderMetadata: {
      type: "boolean",
      default: true,
      at: ["attributes", "include.in.openid.provider.metadata"],
      quoted: true,
    },
    guiOrder: { type: "number" },
  },
  prepare(representation, values) {
    const consent = values.consentScreenText !== "";
    Object.assign(representation, { protocol: "openid-connect" });
    Object.assign(representation.attributes as Properties, {
      "display.on.consent.screen": String(consent),
      "gui.order": values.guiOrder === 0 ? "" : String(values.guiOrder),
    });
  },
  parseImport: realmAndId,

  async create(keycloak, representation, values) {
    const realm = values.realmId as string;
    const { id } = await keycloak.call((admin) => admin.clientScopes.create({ ...representation, realm }));
    return id;
  },

  async get(keycloak, id, before) {
    const found = await keycloak.find((admin) => admin.clientScopes.findOne({ id, realm: before.realmId as string }));
    if (found == null) return undefined;
    const order = (found.attributes as Record<string, string> | undefined)?.["gui.order"];
    return {
      found: found as Properties,
      extra: { guiOrder: order === undefined || order === "" ? undefined : Number(order) },
    };
  },

  put: (keycloak, id, representation, values) =>
    keycloak.call((admin) =>
      admin.clientScopes.update({ id, realm: values.realmId as string }, { id, ...representation }),
    ),

  remove: (keycloak, id, values) =>
    keycloak.call((admin) => admin.clientScopes.del({ id, realm: values.realmId as string })),
};

const config = (name: string, field: Omit<Field, "at" | "quoted">): Field => ({
  ...field,
  at: ["config", name],
  quoted: true,
});

const mapperFields: Fields = {
  realmId,
  clientId: { type: "string", replace: true },
  clientScopeId: { type: "string", replace: true },
  addToIdToken: config("id.token.claim", { type: "boolean", default: true }),
  addToAccessToken: config("access.token.claim", { type: "boolean", default: true }),
};

/** A mapper belongs to a client or to a client scope. */
interface Owner {
  id: string;
  realm: string;
  scope: boolean;
}

function ownerOf(values: Properties): Owner {
  const scope = (values.clientId ?? "") === "";
  return { id: (scope ? values.clientScopeId : values.clientId) as string, realm: values.realmId as string, scope };
}

function checkOwner(news: Properties): CheckFailure[] {
  if ((news.clientId === undefined) !== (news.clientScopeId === undefined)) return [];
  return [{ property: "clientId", reason: "exactly one of clientId and clientScopeId must be set" }];
}

async function findByName(keycloak: Keycloak, { id, realm, scope }: Owner, name: string): Promise<string | undefined> {
  const found = await keycloak.call((admin) =>
    scope
      ? admin.clientScopes.findProtocolMapperByName({ id, realm, name })
      : admin.clients.findProtocolMapperByName({ id, realm, name }),
  );
  return found?.id;
}

/** `{{realmId}}/client/{{clientId}}/{{mapperId}}` or `{{realmId}}/client-scope/{{clientScopeId}}/{{mapperId}}`. */
function parseMapperImport(importId: string): { id: string; values: Properties } {
  const [realm, kind, owner, id] = importId.split("/");
  if (id === undefined || (kind !== "client" && kind !== "client-scope")) {
    throw new Error(
      "Invalid import. Supported import formats: {{realmId}}/client/{{clientId}}/{{protocolMapperId}}, " +
        "{{realmId}}/client-scope/{{clientScopeId}}/{{protocolMapperId}}",
    );
  }
  return { id, values: { realmId: realm, [kind === "client" ? "clientId" : "clientScopeId"]: owner } };
}

function mapper(protocolMapper: string, fields: Fields, check: Spec["check"] = () => []): Spec {
  return {
    fields: { ...mapperFields, ...fields },
    check: (news) => [...checkOwner(news), ...check(news)],
    prepare: (representation) => {
      Object.assign(representation, { protocol: "openid-connect", protocolMapper });
    },
    parseImport: parseMapperImport,

    async create(keycloak, representation, values) {
      const { id, realm, scope } = ownerOf(values);
      await keycloak.call((admin) =>
        scope
          ? admin.clientScopes.addProtocolMapper({ id, realm }, representation)
          : admin.clients.addProtocolMapper({ id, realm }, representation),
      );
      const made = await findByName(keycloak, { id, realm, scope }, values.name as string);
      if (made === undefined) throw new Error(`The mapper ${String(values.name)} was made and is gone already.`);
      return made;
    },

    async get(keycloak, mapperId, before) {
      const { id, realm, scope } = ownerOf(before);
      const found = await keycloak.find((admin) =>
        scope
          ? admin.clientScopes.findProtocolMapper({ id, realm, mapperId })
          : admin.clients.findProtocolMapperById({ id, realm, mapperId }),
      );
      return found === undefined ? undefined : { found: found as Properties };
    },

    put: (keycloak, mapperId, representation, values) => {
      const { id, realm, scope } = ownerOf(values);
      const whole = { ...representation, id: mapperId };
      return keycloak.call((admin) =>
        scope
          ? admin.clientScopes.updateProtocolMapper({ id, realm, mapperId }, whole)
          : admin.clients.updateProtocolMapper({ id, realm, mapperId }, whole),
      );
    },

    remove: (keycloak, mapperId, values) => {
      const { id, realm, scope } = ownerOf(values);
      return keycloak.call((admin) =>
        scope
          ? admin.clientScopes.delProtocolMapper({ id, realm, mapperId })
          : admin.clients.delProtocolMapper({ id, realm, mapperId }),
      );
    },
  };
}

export const groupMembershipMapper = mapper("oidc-group-membership-mapper", {
  name: { type: "string", required: true, replace: true, at: ["name"] },
  claimName: config("claim.name", { type: "string", required: true }),
  fullPath: config("full.path", { type: "boolean", default: true }),
  addToUserinfo: config("userinfo.token.claim", { type: "boolean", default: true }),
  addToTokenIntrospection: config("introspection.token.claim", { type: "boolean", default: false }),
});

export const audienceMapper = mapper(
  "oidc-audience-mapper",
  {
    name: { type: "string", required: true, at: ["name"] },
    includedClientAudience: config("included.client.audience", { type: "string" }),
    includedCustomAudience: config("included.custom.audience", { type: "string" }),
    addToTokenIntrospection: config("introspection.token.claim", { type: "boolean", default: true }),
  },
  (news) =>
    news.includedClientAudience === undefined || news.includedCustomAudience === undefined
      ? []
      : [{ property: "includedClientAudience", reason: "conflicts with includedCustomAudience" }],
);
