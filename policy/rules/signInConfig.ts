import { signInFaults } from "../../lib/backstage/appConfigFaults";
import { documents } from "../yamlDocuments";
import { configMapType } from "../kubernetes";
import { resourceRule } from "../rule";

export const signInConfig = resourceRule<{ environment?: string }>({
  name: "sign-in-config",
  description: "An app-config must not let anybody in past Keycloak, and must name one environment throughout.",
  severity: "critical",
  remediation: "Remove the guest provider, and give auth.environment and the provider's key the environment's name.",
  url: "https://backstage.io/docs/auth/",
  config: {
    environment: {
      type: "string",
      description: "What auth.environment must be; any when unset, as long as each provider has its key.",
    },
  },
  concerns: (type) => type === configMapType,
  faults: ({ props }, { environment }) =>
    documents(props).flatMap(({ path, document }) =>
      signInFaults(document, environment).map(([key, fault]) => `${path}.${key} ${fault}`),
    ),
});
