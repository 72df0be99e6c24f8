import { PolicyPack } from "@pulumi/policy";
import { policyOf } from "./rule";
import { rules } from "./rules";

new PolicyPack("backstage-keycloak", { enforcementLevel: "mandatory", policies: rules.map(policyOf) });
