import { postLogoutUriFault, redirectUriFault } from "../../lib/keycloak/clients";
import { clientType, samlType, signsIn } from "../keycloak";
import { valueAt, items } from "../values";
import { resourceRule } from "../rule";

export const clientRedirectUris = resourceRule<{ allowHttp: boolean }>({
  name: "client-redirect-uris",
  description: "Redirect URIs must be exact, and https outside loopback.",
  severity: "critical",
  remediation:
    "Write each redirect URI out, as https://host/path: whoever answers at one of them gets the authorization code.",
  url: "https://www.rfc-editor.org/rfc/rfc9700#section-2.1",
  config: {
    allowHttp: {
      type: "boolean",
      default: false,
      description: "Plain http to any host, for a development environment.",
    },
  },
  concerns: (type) => type === clientType || type === samlType,
  faults: ({ type, props }, { allowHttp }) => {
    const uris = valueAt(props, "validRedirectUris");
    const empty = uris === undefined || (Array.isArray(uris) && uris.length === 0);
    if (empty && type === clientType && signsIn(props))
      return ["validRedirectUris is empty although the client signs people in; write the one that it uses"];
    return Object.entries({
      validRedirectUris: redirectUriFault,
      validPostLogoutRedirectUris: postLogoutUriFault,
    }).flatMap(([key, faultOf]) =>
      items(valueAt(props, key), key).flatMap(({ path, item }) => {
        const fault = typeof item === "string" ? faultOf(item, allowHttp) : undefined;
        return fault === undefined ? [] : [`${path} ${fault}`];
      }),
    );
  },
});
