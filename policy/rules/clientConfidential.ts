import { isOidcClient } from "../keycloak";
import { valueAt, differs, isAbsent } from "../values";
import { resourceRule } from "../rule";

export const clientConfidential = resourceRule({
  name: "client-confidential",
  description: "A client that has a secret must be confidential.",
  severity: "critical",
  remediation:
    "Set accessType to CONFIDENTIAL, or remove clientSecret: Keycloak never asks a public client for its secret.",
  url: "https://www.keycloak.org/docs/latest/server_admin/index.html#_oidc_clients",
  concerns: isOidcClient,
  faults: ({ props }) =>
    !isAbsent(valueAt(props, "clientSecret")) && differs(valueAt(props, "accessType"), "CONFIDENTIAL")
      ? ["accessType is not CONFIDENTIAL although there is a clientSecret; set it"]
      : [],
});
