import * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";
import type { DecidedSettings } from "../config";
import { platform } from "../program/platform";
import { application, parent, project } from "../lib/gitops/argocd";
import { pushSecret, readerRole, secretStore } from "../lib/gitops/externalSecrets";
import { folderFiles, document, kustomization } from "../lib/gitops/files";
import { gateJob } from "../lib/gitops/gateJob";
import { withSyncOptions, type Manifest } from "../lib/gitops/objects";
import { waveAnnotations, type Link } from "../lib/gitops/waves";
import { collect } from "./collect";
import { gitTarget } from "./gitTarget";

/** Asks Stakater Reloader for a rollout of whatever reads one of the Secrets; it knows only those that are named. */
function withReloader(manifest: Manifest, secrets: readonly string[]): Manifest {
  if (!["Deployment", "StatefulSet"].includes(manifest.kind)) return manifest;
  const spec = JSON.stringify(manifest.spec);
  const read = secrets.filter((name) => spec.includes(JSON.stringify(name)));
  const { metadata } = manifest;
  return {
    ...manifest,
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, "secret.reloader.stakater.com/reload": read.join(",") },
    },
  };
}

/** The namespace that an object is in, or is. */
const namespaceOf = ({ kind, metadata }: Manifest): string =>
  kind === "Namespace" ? metadata.name : (metadata.namespace ?? "");
const namespacesOf = (manifests: readonly Manifest[]): string[] => [...new Set(manifests.map(namespaceOf))].sort();

/** Every file of a stack, by its path below the stack's folder. */
export async function renderedFiles(settings: DecidedSettings, stack: string): Promise<Map<string, string>> {
  const { gitops, backstage } = settings;
  const { argocd } = gitops;
  const wave = (link: Link): Record<string, string> => waveAnnotations(link, settings.waves);
  const { objects, built } = await collect(() => {
    const providers = {
      keycloak: new keycloak.Provider("keycloak", { clientId: "render" }),
      kubernetes: new k8s.Provider("kubernetes"),
    };
    return platform(settings, providers, gitTarget(settings));
  }, stack);
  const external = objects.filter(({ kind }) => kind === "ExternalSecret");
  const stores = namespacesOf(external).flatMap((namespace) => secretStore(gitops, namespace, wave("store")));
  const secrets = external
    .filter(({ metadata }) => metadata.namespace === backstage.namespace)
    .map(({ spec }) => (spec as { target: { name: string } }).target.name)
    .sort();
  const reloaded = gitops.reloader ? objects.map((one) => withReloader(one, secrets)) : objects;
  const all = [
    ...reloaded,
    ...stores,
    ...readerRole(gitops, wave("store")),
    ...pushSecret(gitops, wave("credential")),
    ...gateJob(settings, built.contract.expected, wave("identity"), wave("namespace")),
  ].map(withSyncOptions);

  const place = (manifest: Manifest): string => {
    const namespace = namespaceOf(manifest);
    if (namespace === backstage.namespace) return "backstage";
    return namespace === gitops.source.namespace ? "keycloak" : "clients";
  };
  const folders = ["keycloak", "clients", "backstage"]
    .map((folder) => ({ folder, manifests: all.filter((one) => place(one) === folder) }))
    .filter(({ manifests }) => manifests.length > 0);
  const files = new Map(folders.flatMap(({ folder, manifests }) => [...folderFiles(folder, manifests)]));
  files.set("kustomization.yaml", kustomization(folders.map(({ folder }) => folder)));
  if (argocd === undefined) return files;

  const links: Readonly<Record<string, Link>> = { keycloak: "identity", clients: "credential", backstage: "workload" };
  const applications = folders.map(({ folder, manifests }) =>
    application(gitops, argocd, stack, {
      folder,
      namespace: namespacesOf(manifests)[0] ?? "",
      wave: wave(links[folder] ?? "workload"),
      ...(folder === "backstage"
        ? { alsoWrite: { autoscaler: backstage.autoscaling !== undefined, reloader: gitops.reloader } }
        : {}),
    }),
  );
  for (const [file, text] of folderFiles("applications", [
    project(argocd, stack, namespacesOf(all), wave("namespace")),
    ...applications,
  ]))
    files.set(file, text);
  const root = parent(gitops, argocd, stack);
  files.set(`${root.kind.toLowerCase()}.yaml`, document(root));
  return files;
}
