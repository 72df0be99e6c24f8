import { parse } from "yaml";
import { at, entries } from "./values";
import type { Known } from "./values";

/** The YAML documents that a ConfigMap holds, each with its path; what is no YAML is left out. */
export function documents(props: Known): { path: string; document: unknown }[] {
  return entries(at(props, "data")).flatMap(([key, value]) => {
    if (typeof value !== "string" || !/\.ya?ml$/.test(key)) return [];
    try {
      return [{ path: `data["${key}"]`, document: parse(value) as unknown }];
    } catch {
      return [];
    }
  });
}
