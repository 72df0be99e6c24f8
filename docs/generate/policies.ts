import { withPart } from "./part";
import type { Rule } from "../../policy/rule";

/** The table of docs/policy.md, made from the rules. */

function choices({ config = {} }: Rule): string {
  const lines = Object.entries(config).map(([key, schema]) => {
    const byDefault = "default" in schema ? `\`${JSON.stringify(schema.default)}\`` : "none";
    return `\`${key}\`: ${schema.description} Default ${byDefault}.`;
  });
  return lines.join("<br>");
}

function row(rule: Rule): string {
  const { name, description, remediation, severity, url } = rule;
  const scope = "findings" in rule ? "the graph" : "each resource";
  const remedy = "remedy" in rule ? " Can be mended by `remediate`." : "";
  return `| [\`${name}\`](${url}) | ${description} | ${remediation}${remedy} | ${severity}, ${scope} | ${choices(rule)} |`;
}

/** The page with its table written anew; what is around the table stays. */
export function policyPage(page: string, rules: readonly Rule[]): string {
  const head = "| policy | refuses | what to do | severity, looks at | a profile may choose |\n|---|---|---|---|---|";
  return withPart(page, "policy.md", "policies", `${head}\n${rules.map(row).join("\n")}`);
}
