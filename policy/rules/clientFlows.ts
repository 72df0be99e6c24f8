import { isOidcClient } from "../keycloak";
import { valueAt } from "../values";
import { resourceRule } from "../rule";

const refused = {
  implicitFlowEnabled: "gives tokens away in URLs",
  directAccessGrantsEnabled: "takes people's passwords",
} as const;

export const clientFlows = resourceRule({
  name: "client-flows",
  description: "A client must have neither the implicit flow nor direct access grants.",
  severity: "high",
  remediation: "Set implicitFlowEnabled and directAccessGrantsEnabled to false, and sign in by the code flow.",
  url: "https://www.rfc-editor.org/rfc/rfc9700#section-2.1.2",
  concerns: isOidcClient,
  faults: ({ props }) =>
    Object.entries(refused).flatMap(([flag, why]) =>
      valueAt(props, flag) === true ? [`${flag} is on, which ${why}; set it to false`] : [],
    ),
  remedy: (props) => {
    props.directAccessGrantsEnabled = false;
  },
});
