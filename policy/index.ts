import "../lib/runtime/lazyInstaller";
import { PolicyPack } from "@pulumi/policy";
import { refuseUnknownNames } from "./configuration";
import { policyOf } from "./rule";
import { rules } from "./rules";

refuseUnknownNames(rules);
new PolicyPack("backstage-keycloak", { enforcementLevel: "mandatory", policies: rules.map(policyOf) });
