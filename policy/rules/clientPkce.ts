import { valueAt, differs } from "../values";
import { isOidcClient, signsIn } from "../keycloak";
import { resourceRule } from "../rule";

export const clientPkce = resourceRule({
  name: "client-pkce",
  description: "A client that signs people in must enforce PKCE with S256.",
  severity: "high",
  remediation: 'Set pkceCodeChallengeMethod to "S256"; Backstage sends the challenge by itself.',
  url: "https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1",
  concerns: isOidcClient,
  faults: ({ props }) =>
    signsIn(props) && differs(valueAt(props, "pkceCodeChallengeMethod"), "S256")
      ? ["pkceCodeChallengeMethod is not S256; set it"]
      : [],
  remedy: (props) => {
    if (props.standardFlowEnabled !== false) props.pkceCodeChallengeMethod = "S256";
  },
});
