import { isOidcClient, signsIn } from "../keycloak";
import { valueAt, differs } from "../values";
import { resourceRule } from "../rule";

export const clientFullScope = resourceRule({
  name: "client-full-scope",
  description: "A client that signs people in must not have the full scope.",
  severity: "medium",
  remediation: "Set fullScopeAllowed to false: with it each token holds every role of its user.",
  url: "https://www.keycloak.org/docs/latest/server_admin/index.html#_role_scope_mappings",
  concerns: isOidcClient,
  faults: ({ props }) =>
    signsIn(props) && differs(valueAt(props, "fullScopeAllowed"), false)
      ? ["fullScopeAllowed is not false; set it"]
      : [],
});
