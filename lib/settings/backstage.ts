import { z } from "zod";
import { clientId, flag, name, port, seconds, text, url, whole } from "./common";
import { Database, databaseFaults, type DatabaseSettings } from "./database";
import { exposureFaults, exposureSettings } from "./exposure";
import { image } from "./kubernetes";
import { podFaults, podSettings } from "./pod";

/** The settings of Backstage: its image, its place in the cluster, its sign-in and its bounds. */

export const Backstage = z.strictObject({
  url: url.meta({
    description: "Backstage's public URL. The one redirect URI and the app-config derive from it.",
    example: "https://backstage.example.com",
  }),
  image: image.meta({
    description: "The Backstage image, by tag or digest; it must contain `node` and the OIDC module.",
    example: "registry.example.com/backstage:1.2.3",
  }),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent").describe("When the kubelet pulls the image."),
  command: z
    .array(text)
    .min(1, "must name a program")
    .default(["node", "packages/backend"])
    .describe("What starts Backstage in that image."),
  configFiles: z
    .array(text)
    .default(["app-config.yaml"])
    .describe("Config files of the image; the program's own is read after them and so wins."),
  namespace: name.default("backstage").describe("Where everything of Backstage lives."),
  clientId: clientId.default("backstage").describe("The OIDC client."),
  adoptClient: flag.default(false).describe("Take over the client of this id that exists in the realm; it gets a new secret."),
  replicas: whole(1, 100).default(1).describe("How many pods, unless there is `autoscaling`; more than one need a database that they share."),
  port: port(1024).default(7007).describe("The TCP port that the backend listens on."),
  database: Database.optional().describe("Where Backstage keeps its data; when unset `postgres`, in `dev` `memory`."),
  nodePort: port(1).optional().describe("Makes the Service a NodePort."),
  authEnvironment: name.optional().describe("Backstage's `auth.environment`; `environment` when unset."),
  resolvers: z
    .array(z.looseObject({ resolver: text.describe("The resolver's name; its own options stand beside it.") }))
    .min(1, "must name at least one resolver")
    .default([{ resolver: "emailMatchingUserEntityProfileEmail" }])
    .describe("How a Keycloak user becomes a Backstage identity, in the order they are tried."),
  gateSeconds: seconds(240).describe("How long one gate tries before Kubernetes starts it again; less than `rolloutSeconds`."),
  rolloutSeconds: seconds(300).describe("How long a rollout may take before `pulumi up` fails."),
  ...podSettings,
  ...exposureSettings,
});

/** The database, its default filled in. */
export function databaseOf({ database }: z.output<typeof Backstage>, isDev: boolean): DatabaseSettings {
  const chosen = database ?? Database.parse({ kind: isDev ? "memory" : "postgres" });
  return chosen.kind === "postgres" ? { ...chosen, protect: chosen.protect ?? !isDev } : chosen;
}

/** Rules of Backstage that need more than one key. */
export function backstageFaults(backstage: z.output<typeof Backstage>, isDev: boolean): string[] {
  const most = backstage.autoscaling?.maxReplicas ?? backstage.replicas;
  const faults = [
    ...databaseFaults(databaseOf(backstage, isDev), most, isDev),
    ...podFaults(backstage),
    ...exposureFaults(backstage, backstage.url, backstage.nodePort),
  ];
  if (backstage.gateSeconds >= backstage.rolloutSeconds) {
    faults.push("backstage.gateSeconds must be less than backstage.rolloutSeconds, or a rollout ends before its gates do; lower it.");
  }
  return faults;
}
