import { webOriginFault } from "../../lib/keycloak/clients";
import { isOidcClient } from "../keycloak";
import { valueAt, items } from "../values";
import { resourceRule } from "../rule";

export const clientWebOrigins = resourceRule<{ allowHttp: boolean }>({
  name: "client-web-origins",
  description: "Web origins must be exact: scheme, host and port.",
  severity: "high",
  remediation: "Write each origin out, or none where only a backend talks to Keycloak.",
  url: "https://www.keycloak.org/docs/latest/server_admin/index.html#_oidc_clients",
  config: {
    allowHttp: {
      type: "boolean",
      default: false,
      description: "Plain http to any host, for a development environment.",
    },
  },
  concerns: isOidcClient,
  faults: ({ props }, { allowHttp }) =>
    items(valueAt(props, "webOrigins"), "webOrigins").flatMap(({ path, item }) => {
      const fault = typeof item === "string" ? webOriginFault(item, allowHttp) : undefined;
      return fault === undefined ? [] : [`${path} ${fault}`];
    }),
});
