/** What Argo CD reads in an object's annotations. */

export const waveAnnotation = "argocd.argoproj.io/sync-wave";
export const hookAnnotation = "argocd.argoproj.io/hook";
export const hookDeleteAnnotation = "argocd.argoproj.io/hook-delete-policy";
export const syncOptionsAnnotation = "argocd.argoproj.io/sync-options";

/** When a hook of ours may run; Argo CD ignores any other value in silence. */
export const hooks = ["PreSync", "Sync", "PostSync", "SyncFail", "PostDelete"] as const;
export const hookDeletePolicies = ["HookSucceeded", "HookFailed", "BeforeHookCreation"] as const;

/** The values of an annotation that lists several. */
export const listed = (annotation: string): string[] => annotation.split(",").map((value) => value.trim());

const unlisted = (annotation: string, allowed: readonly string[]): string | undefined =>
  listed(annotation).every((value) => allowed.includes(value))
    ? undefined
    : `is not one of ${allowed.join(", ")}; correct it`;

/** Says what is wrong with a hook of anybody's, or returns undefined. */
export const hookFault = (annotation: string): string | undefined =>
  unlisted(annotation, [...hooks, "PreDelete", "Skip"]);
export const hookDeleteFault = (annotation: string): string | undefined => unlisted(annotation, hookDeletePolicies);

/** The groups of Kubernetes' own kinds, below k8s.io. */
const builtInGroups = (
  "rbac.authorization networking storage scheduling coordination discovery apiextensions admissionregistration node " +
  "certificates events apiregistration authentication authorization flowcontrol.apiserver resource"
).split(" ");

/** Is the object one of Kubernetes' own kinds, whose API is always there? */
export function isBuiltIn(apiGroup: string): boolean {
  if (!apiGroup.includes(".")) return ["", "core", "apps", "batch", "autoscaling", "policy"].includes(apiGroup);
  return builtInGroups.some((group) => apiGroup === `${group}.k8s.io`);
}
