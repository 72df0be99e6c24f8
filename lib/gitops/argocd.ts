import type { GitopsSettings } from "../settings/gitops";
import type { Manifest } from "./objects";

/** Argo CD's own objects: a project, an Application for each folder, and the parent that orders them. */

export interface ApplicationSettings {
  /** The folder's name; with the stack's it makes the Application's. */
  readonly folder: string;
  readonly namespace: string;
  readonly wave: Readonly<Record<string, string>>;
  /**
   * What else writes to a Deployment in it: an autoscaler the number of pods, Reloader what it reloaded.
   * @default nothing
   */
  readonly alsoWrite?: { readonly autoscaler: boolean; readonly reloader: boolean };
}

type ArgoCd = NonNullable<GitopsSettings["argocd"]>;

const apiVersion = "argoproj.io/v1alpha1";

export const applicationName = (folder: string, stack: string): string => `${folder}-${stack}`;

export const projectName = (stack: string): string => `backstage-keycloak-${stack}`;

const syncPolicy = ({ prune, selfHeal, retries }: ArgoCd) => ({
  automated: { prune, selfHeal },
  syncOptions: ["ServerSideApply=true", "RespectIgnoreDifferences=true"],
  retry: { limit: retries, backoff: { duration: "5s", factor: 2, maxDuration: "3m0s" } },
});

/** What others write into a Deployment that Argo CD applies. */
function ignored({ autoscaler, reloader }: NonNullable<ApplicationSettings["alsoWrite"]>): object {
  if (!autoscaler && !reloader) return {};
  const jsonPointers = ["/spec/replicas"];
  const jqPathExpressions = [
    '.spec.template.metadata.annotations."reloader.stakater.com/last-reloaded-from"',
    '.spec.template.spec.containers[].env[] | select(.name | startswith("STAKATER_"))',
  ];
  const deployment = {
    group: "apps",
    kind: "Deployment",
    ...(autoscaler ? { jsonPointers } : {}),
    ...(reloader ? { jqPathExpressions } : {}),
  };
  return { ignoreDifferences: [deployment] };
}

/** @param namespaces where the project's Applications may write */
export function project(
  argocd: ArgoCd,
  stack: string,
  namespaces: readonly string[],
  wave: Readonly<Record<string, string>>,
): Manifest {
  return {
    apiVersion,
    kind: "AppProject",
    metadata: { name: projectName(stack), namespace: argocd.namespace, annotations: wave },
    spec: {
      description: `Backstage with Keycloak sign-in, ${stack}`,
      sourceRepos: [argocd.repoUrl],
      destinations: namespaces.map((namespace) => ({ namespace, server: argocd.server })),
      // Of what belongs to no namespace, namespaces themselves and nothing else.
      clusterResourceWhitelist: [{ group: "", kind: "Namespace" }],
    },
  };
}

export function application(
  gitops: GitopsSettings,
  argocd: ArgoCd,
  stack: string,
  settings: ApplicationSettings,
): Manifest {
  const { folder, namespace, wave, alsoWrite } = settings;
  return {
    apiVersion,
    kind: "Application",
    metadata: { name: applicationName(folder, stack), namespace: argocd.namespace, annotations: wave },
    spec: {
      project: projectName(stack),
      source: { repoURL: argocd.repoUrl, targetRevision: argocd.revision, path: `${gitops.folder}/${stack}/${folder}` },
      destination: { server: argocd.server, namespace },
      syncPolicy: syncPolicy(argocd),
      ...(alsoWrite === undefined ? {} : ignored(alsoWrite)),
    },
  };
}

/** What an operator applies by hand, once: everything else follows from it. */
export function parent(gitops: GitopsSettings, argocd: ArgoCd, stack: string): Manifest {
  const { repoUrl, revision, namespace, server, applicationSet } = argocd;
  const spec = (path: string) => ({
    project: "default",
    source: { repoURL: repoUrl, targetRevision: revision, path },
    destination: { server, namespace },
    syncPolicy: syncPolicy(argocd),
  });
  if (!applicationSet) {
    return {
      apiVersion,
      kind: "Application",
      metadata: { name: `sign-in-${stack}`, namespace },
      spec: spec(`${gitops.folder}/${stack}/applications`),
    };
  }
  return {
    apiVersion,
    kind: "ApplicationSet",
    metadata: { name: "sign-in", namespace },
    spec: {
      goTemplate: true,
      goTemplateOptions: ["missingkey=error"],
      generators: [{ git: { repoURL: repoUrl, revision, directories: [{ path: `${gitops.folder}/*` }] } }],
      // A stack that is gone from Git leaves its Backstage running until somebody deletes it.
      syncPolicy: { preserveResourcesOnDeletion: true },
      template: { metadata: { name: "sign-in-{{ .path.basename }}" }, spec: spec("{{ .path.path }}/applications") },
    },
  };
}
