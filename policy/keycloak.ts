import { valueAt, type Value } from "./values";

/** What a resource of the Keycloak provider is. */

export const clientType = "keycloak:openid/client:Client";
export const samlType = "keycloak:saml/client:Client";
export const realmType = "keycloak:index/realm:Realm";
export const providerType = "pulumi:providers:keycloak";

export const isOidcClient = (type: string): boolean => type === clientType;

/** Does the client sign people in? One that does not say so counts as one that does. */
export const signsIn = (props: Value): boolean => valueAt(props, "standardFlowEnabled") !== false;
