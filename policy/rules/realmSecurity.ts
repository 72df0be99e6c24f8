import { sslModes } from "../../lib/keycloak/clients";
import { realmType } from "../keycloak";
import { valueAt, isAbsent, unknown } from "../values";
import { resourceRule } from "../rule";

export const realmSecurity = resourceRule<{ protect: boolean }>({
  name: "realm-security",
  description: "A realm must ask for TLS, detect guessed passwords and be protected from deletion.",
  severity: "high",
  remediation:
    "Set sslRequired, securityDefenses.bruteForceDetection and the option protect: a deleted realm takes its users along.",
  url: "https://www.keycloak.org/docs/latest/server_admin/index.html#password-guess-brute-force-attacks",
  config: {
    protect: { type: "boolean", default: true, description: "Whether the resource option protect is asked for." },
  },
  concerns: (type) => type === realmType,
  faults: ({ props, protect }, config) => {
    const ssl = valueAt(props, "sslRequired");
    const faults: string[] = [];
    if (ssl !== unknown && !sslModes.some((mode) => mode === ssl))
      faults.push(`sslRequired is not one of ${sslModes.join(", ")}; set it`);
    if (isAbsent(valueAt(props, "securityDefenses.bruteForceDetection")))
      faults.push("securityDefenses.bruteForceDetection is missing; set it");
    if (config.protect && !protect) faults.push("the resource option protect is off; turn it on");
    return faults;
  },
});
