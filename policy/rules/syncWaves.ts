import {
  hookAnnotation,
  hookDeleteAnnotation,
  hookDeleteFault,
  hookFault,
  isBuiltIn,
  listed,
  syncOptionsAnnotation,
  waveAnnotation,
} from "../../lib/gitops/annotations";
import { annotated, reach } from "../graph";
import { annotation, groupOf, isKubernetes, kindOf } from "../kubernetes";
import { unknown } from "../values";
import { stackRule, type Finding, type Node } from "../rule";

const path = (name: string): string => `metadata.annotations["${name}"]`;
/** The wave; Argo CD takes an absent one for 0, and nobody knows an unknown one. */
const waveOf = (node: Node): number =>
  annotation(node.props, waveAnnotation) === unknown ? NaN : Number(annotated(node, waveAnnotation) ?? 0);
const isHook = (node: Node): boolean =>
  listed(annotated(node, hookAnnotation) ?? "Skip").some((hook) => hook !== "Skip");

/** What is wrong with an object's own annotations. */
function own(node: Node): string[] {
  const checks: [string, (value: string) => string | undefined][] = [
    [waveAnnotation, (value) => (/^-?\d+$/.test(value) ? undefined : "is not a whole number; correct it")],
    [hookAnnotation, hookFault],
    [hookDeleteAnnotation, hookDeleteFault],
    [
      syncOptionsAnnotation,
      (value) =>
        isBuiltIn(groupOf(node.type)) && listed(value).includes("SkipDryRunOnMissingResource=true")
          ? "skips the dry run of a kind that every cluster has; keep it to custom resources"
          : undefined,
    ],
  ];
  return checks.flatMap(([name, faultOf]) => {
    const value = annotated(node, name);
    const fault = value === undefined ? undefined : faultOf(value);
    return fault === undefined ? [] : [`${path(name)} ${fault}`];
  });
}

/** What is wrong between an object and those it depends on. */
function between(node: Node): string[] {
  const needed = [...reach(node)].filter(({ type }) => isKubernetes(type));
  const wave = waveOf(node);
  const late = needed.filter((one) => waveOf(one) > wave);
  const hooks = isHook(node) ? [] : needed.filter(isHook);
  return [
    ...late.map(
      (one) =>
        `${path(waveAnnotation)} is before that of ${kindOf(one.type)} ${one.name}, which it depends on; raise it`,
    ),
    // Argo CD leaves hooks out of a partial sync and of self-healing.
    ...hooks.map(
      (one) =>
        `depends on ${kindOf(one.type)} ${one.name}, which only a hook makes; make it without ${path(hookAnnotation)}`,
    ),
  ];
}

export const syncWaves = stackRule({
  name: "sync-waves",
  description: "Argo CD's sync waves must rise along the graph, with hooks that it knows and that nothing else needs.",
  severity: "high",
  remediation: "Derive waves from the graph as lib/gitops/waves.ts does, and create what others need outside of hooks.",
  url: "https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/",
  findings: (nodes) =>
    nodes
      .filter(({ type }) => isKubernetes(type))
      .flatMap((node): Finding[] => [...own(node), ...between(node)].map((fault) => ({ node, fault }))),
});
