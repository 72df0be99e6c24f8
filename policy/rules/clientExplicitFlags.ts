import { securityFlags } from "../../lib/keycloak/clients";
import { isOidcClient } from "../keycloak";
import { valueAt } from "../values";
import { resourceRule } from "../rule";

export const clientExplicitFlags = resourceRule<{ flags: readonly string[] }>({
  name: "client-explicit-flags",
  description: "A client must set each flag that its safety depends on.",
  severity: "medium",
  remediation: "Set every flag, also to its default: the provider never corrects one that the program leaves out.",
  url: "https://www.pulumi.com/registry/packages/keycloak/api-docs/openid/client/",
  config: {
    flags: { type: "array", items: { type: "string" }, default: [...securityFlags], description: "The flags." },
  },
  concerns: isOidcClient,
  faults: ({ props }, { flags }) =>
    flags.filter((flag) => valueAt(props, flag) === undefined).map((flag) => `${flag} is missing; set it`),
});
