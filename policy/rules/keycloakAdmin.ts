import { providerType } from "../keycloak";
import { valueAt, isAbsent } from "../values";
import { resourceRule } from "../rule";

export const keycloakAdmin = resourceRule<{ allowPassword: boolean }>({
  name: "keycloak-admin",
  description: "The Keycloak provider must not sign in with an administrator's password of the master realm.",
  severity: "high",
  remediation:
    "Give it a client that may only manage its realm, with a secret or a signed JWT: docs/least-privilege.md.",
  url: "https://www.pulumi.com/registry/packages/keycloak/installation-configuration/",
  config: {
    allowPassword: { type: "boolean", default: false, description: "Allow it, for a development environment." },
  },
  concerns: (type) => type === providerType,
  faults: ({ props }, { allowPassword }) => {
    const realm = valueAt(props, "realm") ?? "master";
    return !allowPassword && !isAbsent(valueAt(props, "password")) && realm === "master"
      ? ["password is that of an administrator of the master realm; remove it"]
      : [];
  },
});
