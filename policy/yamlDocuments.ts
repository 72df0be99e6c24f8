import { parse } from "yaml";
import { valueAt, entries } from "./values";
import type { Value } from "./values";

/** The YAML documents that a ConfigMap holds, each with its path; what is no YAML is left out. */
export function documents(props: Value): { path: string; document: unknown }[] {
  return entries(valueAt(props, "data")).flatMap(([key, value]) => {
    if (typeof value !== "string" || !/\.ya?ml$/.test(key)) return [];
    try {
      return [{ path: `data["${key}"]`, document: parse(value) as unknown }];
    } catch {
      return [];
    }
  });
}
