import type { Properties } from "../values";
import type { Field, Fields } from "./fields";
import { realmAndId, type Spec } from "./resource";

const attribute = (name: string, field: Omit<Field, "at" | "quoted">): Field => ({
  ...field,
  at: ["attributes", name],
  quoted: true,
});
const flag = (name: string, byDefault: boolean): Field => attribute(name, { type: "boolean", default: byDefault });
const text = (at: string, more: Partial<Field> = {}): Field => ({ type: "string", at: [at], ...more });
/** Without the lines that mark its beginning and end, as Keycloak keeps a certificate. */
const bare = (pem: unknown): string => String(pem).replace(/-----(BEGIN|END) [A-Z ]+-----|\s/g, "");

const methods: Readonly<Record<string, string>> = {
  EXCLUSIVE: "http://www.w3.org/2001/10/xml-exc-c14n#",
  EXCLUSIVE_WITH_COMMENTS: "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
  INCLUSIVE: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
  INCLUSIVE_WITH_COMMENTS: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
};
const METHOD = "saml_signature_canonicalization_method";
const CERTIFICATE = "saml.signing.certificate";

const fields: Fields = {
  realmId: { type: "string", required: true, replace: true },
  clientId: text("clientId", { required: true }),
  name: text("name", { keep: true }),
  description: text("description", { keep: true }),
  enabled: { type: "boolean", default: true, at: ["enabled"] },
  rootUrl: text("rootUrl"),
  baseUrl: text("baseUrl"),
  masterSamlProcessingUrl: text("adminUrl"),
  validRedirectUris: { type: "strings", at: ["redirectUris"] },
  consentRequired: { type: "boolean", keep: true, at: ["consentRequired"] },
  frontChannelLogout: { type: "boolean", default: true, at: ["frontchannelLogout"] },
  fullScopeAllowed: { type: "boolean", default: true, at: ["fullScopeAllowed"] },
  alwaysDisplayInConsole: { type: "boolean", default: false, at: ["alwaysDisplayInConsole"] },
  includeAuthnStatement: flag("saml.authnstatement", true),
  signDocuments: flag("saml.server.signature", true),
  signAssertions: flag("saml.assertion.signature", false),
  encryptAssertions: flag("saml.encrypt", false),
  clientSignatureRequired: flag("saml.client.signature", true),
  forcePostBinding: flag("saml.force.post.binding", true),
  forceNameIdFormat: flag("saml_force_name_id_format", false),
  signatureAlgorithm: attribute("saml.signature.algorithm", {
    type: "string",
    keep: true,
    oneOf: ["RSA_SHA1", "RSA_SHA256", "RSA_SHA256_MGF1", "RSA_SHA512", "RSA_SHA512_MGF1", "DSA_SHA1"],
  }),
  signatureKeyName: attribute("saml.server.signature.keyinfo.xmlSigKeyInfoKeyNameTransformer", {
    type: "string",
    default: "KEY_ID",
    oneOf: ["NONE", "KEY_ID", "CERT_SUBJECT"],
  }),
  canonicalizationMethod: { type: "string", default: "EXCLUSIVE", oneOf: Object.keys(methods) },
  nameIdFormat: attribute("saml_name_id_format", {
    type: "string",
    keep: true,
    oneOf: ["username", "email", "transient", "persistent"],
  }),
  signingCertificate: { type: "string", keep: true },
  assertionConsumerPostUrl: attribute("saml_assertion_consumer_url_post", { type: "string", keep: true }),
  logoutServicePostBindingUrl: attribute("saml_single_logout_service_url_post", { type: "string", keep: true }),
  loginTheme: attribute("login_theme", { type: "string", keep: true }),
};

/** Clients that speak SAML. */
export const samlClient: Spec = {
  fields,
  parseImport: realmAndId,

  prepare(representation, values) {
    const attributes = representation.attributes as Properties;
    attributes[METHOD] = methods[values.canonicalizationMethod as string];
    if (values.signingCertificate !== undefined) attributes[CERTIFICATE] = bare(values.signingCertificate);
    Object.assign(representation, { protocol: "saml", clientAuthenticatorType: "client-secret" });
  },

  async create(keycloak, representation, values) {
    const { id } = await keycloak.call((admin) =>
      admin.clients.create({ ...representation, realm: values.realmId as string }),
    );
    return id;
  },

  async get(keycloak, id, before) {
    const found = await keycloak.find((admin) => admin.clients.findOne({ id, realm: before.realmId as string }));
    if (found === undefined) return undefined;
    const attributes = (found.attributes ?? {}) as Record<string, string>;
    const certificate = attributes[CERTIFICATE];
    const known = before.signingCertificate;
    const canonicalizationMethod = Object.keys(methods).find((name) => methods[name] === attributes[METHOD]);
    return {
      found: found as Properties,
      extra: {
        canonicalizationMethod,
        signingCertificate: typeof known === "string" && bare(known) === certificate ? known : certificate,
      },
    };
  },

  put: (keycloak, id, representation, values) =>
    keycloak.call((admin) => admin.clients.update({ id, realm: values.realmId as string }, representation)),

  remove: (keycloak, id, values) =>
    keycloak.call((admin) => admin.clients.del({ id, realm: values.realmId as string })),
};
