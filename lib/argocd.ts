/** What Argo CD reads in an object's annotations. */

export const waveAnnotation = "argocd.argoproj.io/sync-wave";
export const hookAnnotation = "argocd.argoproj.io/hook";
export const hookDeleteAnnotation = "argocd.argoproj.io/hook-delete-policy";
export const syncOptionsAnnotation = "argocd.argoproj.io/sync-options";

const hooks = ["PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete"];
const deletePolicies = ["HookSucceeded", "HookFailed", "BeforeHookCreation"];

/** The values of an annotation that lists several. */
export const listed = (annotation: string): string[] => annotation.split(",").map((value) => value.trim());

const unlisted = (annotation: string, allowed: readonly string[]): string | undefined =>
  listed(annotation).every((value) => allowed.includes(value)) ? undefined : `is not one of ${allowed.join(", ")}; correct it`;

/** Says what is wrong with a hook, or returns undefined: Argo CD ignores one that it does not know. */
export const hookFault = (annotation: string): string | undefined => unlisted(annotation, hooks);
export const hookDeleteFault = (annotation: string): string | undefined => unlisted(annotation, deletePolicies);

/** Is the object one of Kubernetes' own kinds, whose API is always there? */
export function isBuiltIn(apiGroup: string): boolean {
  if (!apiGroup.includes(".")) return ["", "core", "apps", "batch", "autoscaling", "policy"].includes(apiGroup);
  return /^(rbac\.authorization|networking|storage|scheduling|coordination|discovery|apiextensions|admissionregistration|node|certificates|events|apiregistration|authentication|authorization|flowcontrol\.apiserver|resource)\.k8s\.io$/.test(apiGroup);
}
