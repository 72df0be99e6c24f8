import { z } from "zod";
import { hookDeletePolicies, hooks } from "../gitops/annotations";
import { sourceKey } from "../gitops/sourceKey";
import { durationFrom, flag, judged, lineFault, name, text, whole } from "./common";
import { objectName } from "./kubernetes";

/** The settings of what is rendered for Argo CD and the External Secrets Operator. */

export const mode = z
  .enum(["direct", "handover", "hybrid"])
  .default("direct")
  .describe(
    "Who applies the Kubernetes objects: Pulumi (`direct`), or Argo CD from the rendered files (`hybrid`). " +
      "`handover` is the step between: as `direct`, but what the next run drops stays in the cluster.",
  );

const Source = z.strictObject({
  namespace: name.default("keycloak").describe("Its namespace, and that of the gate Job."),
  name: objectName.default("keycloak-clients").describe("Its name."),
  createNamespace: flag
    .default(false)
    .describe(
      "Make the namespace too, unless it is there already; a destroyed stack takes one that it made along " +
        "with all that is in it (`namespaces.protect`).",
    ),
});

const SecretStore = z.strictObject({
  name: objectName.default("keycloak-clients").describe("The name of the SecretStore in each namespace that reads."),
  server: text.default("kubernetes.default").describe("The API server, as the External Secrets Operator reaches it."),
});

const ClusterSecretStore = z.strictObject({
  name: objectName.meta({ description: "The ClusterSecretStore that exists.", example: "aws-secrets" }),
  key: text.default("keycloak-clients").describe("What holds the values there."),
});

const PushSecret = z.strictObject({
  store: objectName.meta({ description: "The store that the source Secret is copied to.", example: "aws-secrets" }),
  storeKind: z.enum(["ClusterSecretStore", "SecretStore"]).default("ClusterSecretStore").describe("Its kind."),
  key: text.default("keycloak-clients").describe("What holds the values there."),
});

/** As Git and Argo CD take it; what is rendered is read by everybody, so that it is no place for a password. */
const repoUrl = judged(z.string(), (value) => {
  if (/^[a-z+]+:\/\/[^/@]*:[^/]*@/i.test(value))
    return "holds a password; remove it, and give Argo CD a repository credential";
  return (
    lineFault(value) ??
    (/^((https?|ssh|git|oci|file):\/\/\S+|[^\s/:@]+@[^\s/:@]+:\S+)$/i.test(value)
      ? undefined
      : "must be the URL of a Git repository, such as https://git.example.com/platform.git")
  );
}).meta({ title: "URL of a repository" });

const ArgoCd = z.strictObject({
  repoUrl: repoUrl.meta({
    description: "The Git repository that holds the rendered files.",
    example: "https://git.example.com/platform.git",
  }),
  revision: text.default("main").describe("Its branch, tag or commit."),
  namespace: name.default("argocd").describe("Where Argo CD's own objects live."),
  server: text.default("https://kubernetes.default.svc").describe("The cluster, as Argo CD knows it."),
  prune: flag.default(true).describe("Delete what is no longer rendered; never a namespace or a volume."),
  selfHeal: flag.default(true).describe("Undo changes made by hand."),
  retries: whole(0, 100).default(10).describe("How often a failed sync is tried again."),
  applicationSet: flag
    .default(false)
    .describe("One ApplicationSet for the folder of every stack instead of a parent Application for this one."),
});

export const Gitops = z.strictObject({
  folder: z
    .string()
    .regex(/^(?!\/)[A-Za-z0-9._/-]+$/, "must be a relative path of A-Z, a-z, 0-9, '.', '_', '-' and '/'")
    .default("gitops")
    .meta({ title: "path", description: "The folder in the repository; each stack has a folder of its name there." }),
  source: Source.prefault({}).describe("The Secret that Pulumi writes the credentials of all clients to."),
  secretStore: SecretStore.optional().describe(
    "Read the source Secret by a SecretStore that is rendered too; every key has a default.",
  ),
  clusterSecretStore: ClusterSecretStore.optional().describe("Or read from a ClusterSecretStore that exists."),
  refreshInterval: durationFrom("1s").prefault("30s").describe("How often the External Secrets Operator reads again."),
  pushSecret: PushSecret.optional().describe("Copy the source Secret to a remote store; it is never deleted there."),
  reloader: flag.default(false).describe("Ask Stakater Reloader for a rollout when a Secret changes."),
  hook: z.enum(hooks).default("PostSync").describe("When Argo CD runs the gate Job."),
  hookDeletePolicy: z
    .enum(hookDeletePolicies)
    .default("BeforeHookCreation")
    .describe("When Argo CD deletes the gate Job."),
  argocd: ArgoCd.optional().describe("The Application, its AppProject and its parent; none is rendered when unset."),
});

export const Waves = z.strictObject({
  base: z
    .int("must be a whole number")
    .min(-1000, "must be at least -1000")
    .max(1000, "must be at most 1000")
    .default(5)
    .meta({
      title: "-1000 to 1000",
      description: "The wave of the namespace, which everything else follows.",
    }),
  step: whole(1, 1000).default(5).describe("How far apart links of the chain are."),
});

export const gitopsSettings = {
  mode,
  gitops: Gitops.prefault({}).describe("What `make render` writes for Argo CD and the External Secrets Operator."),
  waves: Waves.prefault({}).describe("Argo CD's sync waves, which every object carries."),
};

export type GitopsSettings = z.output<typeof Gitops>;
export type Mode = z.output<typeof mode>;

/** Rules of the hybrid mode that need more than one key. @param entries each application with the keys of its Secret */
export function gitopsFaults(
  chosen: Mode,
  gitops: GitopsSettings,
  entries: readonly { owner: string; keys: readonly string[] }[],
): string[] {
  if (chosen === "direct") return [];
  const faults: string[] = [];
  const { secretStore, clusterSecretStore, folder } = gitops;
  if (secretStore === undefined && clusterSecretStore === undefined) {
    faults.push("gitops needs secretStore or clusterSecretStore; set gitops.secretStore.name for a store of its own.");
  }
  if (secretStore !== undefined && clusterSecretStore !== undefined) {
    faults.push("gitops.secretStore and gitops.clusterSecretStore are both set; keep one.");
  }
  if (folder.split("/").some((part) => part === ".git" || part === "..")) {
    faults.push("gitops.folder leads into .git or out of the repository; choose a folder of its own.");
  }
  const all = entries.flatMap(({ owner, keys }) => keys.map((key) => sourceKey(owner, key)));
  const double = all.find((key, index) => all.indexOf(key) < index);
  if (double !== undefined)
    faults.push(`gitops.source would hold ${double} twice; give one of the two clients another id.`);
  const long = all.find((key) => key.length > 253);
  if (long !== undefined)
    faults.push(
      `gitops.source cannot hold the key ${long.slice(0, 40)}..., longer than 253; give that client a shorter id.`,
    );
  return faults;
}
