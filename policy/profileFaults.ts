import { closest } from "fastest-levenshtein";
import type { Rule } from "./rule";

/** What the engine reads in each policy's configuration itself. */
const ENFORCEMENT = "enforcementLevel";

const suggestion = (misspelt: string, names: readonly string[]): string =>
  names.length === 0 ? "remove it." : `did you mean ${closest(misspelt, names)}?`;

/** A sentence for each name that the engine would ignore. @param profile as `--policy-pack-config` takes it */
export function profileFaults(rules: readonly Rule[], profile: Readonly<Record<string, unknown>>): string[] {
  const policies = rules.map(({ name }) => name);
  return Object.entries(profile).flatMap(([policy, configuration]) => {
    if (policy === "all") return [];
    const rule = rules.find(({ name }) => name === policy);
    if (rule === undefined) return [`${policy} is not a policy; ${suggestion(policy, policies)}`];
    const properties = Object.keys(rule.config ?? {});
    return Object.keys(typeof configuration === "object" ? (configuration ?? {}) : {})
      .filter((property) => property !== ENFORCEMENT && !properties.includes(property))
      .map((property) => `${policy}.${property} is not a property; ${suggestion(property, properties)}`);
  });
}
