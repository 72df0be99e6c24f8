import { z } from "zod";
import { backstageScopes } from "../keycloak/clients";
import { overlayFaults } from "../backstage/overlay";
import { resolverFault } from "../backstage/resolvers";
import { backstageUrls } from "../keycloak/urls";
import { bounded, clientId, durationFrom, flag, judged, name, port, seconds, text, url, whole } from "./common";
import { Database, databaseFaults, type DatabaseSettings } from "./database";
import { exposureFaults, exposureSettings } from "./exposure";
import { amount, image } from "./kubernetes";
import { twice } from "./people";
import { podFaults, podSettings, processTextFault } from "./pod";

/** The settings of Backstage: its image, its place in the cluster, its sign-in and its bounds. */

/** A key of the app-config; `guest` would be a sign-in without Keycloak. */
const authProvider = z
  .string()
  .regex(
    /^(?!guest$)[a-z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$/,
    "must be letters, digits and single hyphens, a small letter first, and not guest",
  )
  .meta({ title: "id of an auth provider" });

/** An argument of a program, which may have several lines. */
const argument = judged(z.string(), (value) => (value === "" ? "must not be empty" : processTextFault(value))).meta({
  title: "text",
});

/** Where the API server looks for a free one; a cluster that was told another range is a rare thing. */
const NODE_PORTS = [30_000, 32_767] as const;

export const Backstage = z.strictObject({
  url: url.meta({
    description: "Backstage's public URL. The one redirect URI and the app-config derive from it.",
    example: "https://backstage.example.com",
  }),
  image: image.meta({
    description: "The Backstage image, by tag or digest; it must contain `node` and the OIDC module.",
    example: "registry.example.com/backstage:1.2.3",
  }),
  imagePullPolicy: z
    .enum(["Always", "IfNotPresent", "Never"])
    .default("IfNotPresent")
    .describe("When the kubelet pulls the image."),
  command: z
    .array(argument)
    .min(1, "must name a program")
    .default(["node", "packages/backend"])
    .describe("What starts Backstage in that image, by `node`."),
  configFiles: z
    .array(text)
    .default(["app-config.yaml"])
    .describe("Config files of the image; the program's own is read after them and so wins."),
  namespace: name.default("backstage").describe("Where everything of Backstage lives."),
  clientId: clientId.default("backstage").describe("The OIDC client."),
  adoptClient: flag
    .default(false)
    .describe("Take over the client of this id that exists in the realm; it gets a new secret."),
  replicas: whole(1, 100)
    .default(1)
    .describe("How many pods, unless there is `autoscaling`; more than one need a database that they share."),
  port: port(1024).default(7007).describe("The TCP port that the backend listens on."),
  healthPort: port(1024)
    .default(7008)
    .describe("The TCP port that the kubelet asks for its health, and Prometheus for the last proof."),
  database: Database.optional().describe("Where Backstage keeps its data; when unset `postgres`, in `dev` `memory`."),
  nodePort: whole(...NODE_PORTS)
    .optional()
    .describe("Makes the Service a NodePort."),
  authProvider: authProvider
    .default("oidc")
    .describe(
      "The auth provider's id, as the image registers it; Backstage's own OIDC module has `oidc`. It is part of the redirect URI.",
    ),
  authEnvironment: name.optional().describe("Backstage's `auth.environment`; `environment` when unset."),
  resolvers: z
    .array(z.looseObject({ resolver: text.describe("The resolver's name; its own options stand beside it.") }))
    .min(1, "must name at least one resolver")
    .default([{ resolver: "emailMatchingUserEntityProfileEmail" }])
    .describe("How a Keycloak user becomes a Backstage identity, in the order they are tried."),
  customResolvers: z
    .array(text)
    .default([])
    .describe("The names of resolvers that the image brings beside the OIDC module's own."),
  additionalScopes: z
    .array(text)
    .default([])
    .meta({
      description: "What a sign-in asks for beside `openid`, `profile` and `email`; scopes of Backstage's client.",
      example: ["offline_access"],
    }),
  sessionDuration: durationFrom("1m")
    .prefault("24h")
    .describe("How long a sign-in is refreshed without a new one, at most."),
  appConfig: z
    .record(z.string(), z.unknown(), "must be an object")
    .default({})
    .meta({
      title: "object",
      description:
        "More app-config, over the image's own; a key that the sign-in stands on is refused, and so is a secret that is no `${VARIABLE}`.",
      example: { organization: { name: "Example" } },
    }),
  gateSeconds: seconds(240).describe(
    "How long one gate tries before Kubernetes starts it again; less than `rolloutSeconds`.",
  ),
  startSeconds: seconds(600).describe(
    "How long Backstage may start before it is restarted; waiting for another one that starts on the same database does not count.",
  ),
  rolloutSeconds: bounded
    .optional()
    .describe(
      "How long a rollout may go without a pod that becomes ready before `pulumi up` fails; a minute more " +
        "than `gateSeconds` and `startSeconds` together when unset.",
    ),
  ...podSettings,
  ...exposureSettings,
});

/** What the component takes where nothing is said. */
export const backstageDefaults = Backstage.omit({
  url: true,
  image: true,
  namespace: true,
  clientId: true,
  adoptClient: true,
  customResolvers: true,
  exposure: true,
  networkPolicy: true,
}).parse({});

/** The database, its default filled in. */
export function databaseOf({ database }: z.output<typeof Backstage>, isDev: boolean): DatabaseSettings {
  const chosen = database ?? Database.parse({ kind: isDev ? "memory" : "postgres" });
  return chosen.kind === "postgres" ? { ...chosen, protect: chosen.protect ?? !isDev } : chosen;
}

/** How long a rollout may take for each pod, its default filled in; in seconds. */
export const rolloutSecondsOf = ({
  gateSeconds,
  startSeconds,
  rolloutSeconds,
}: Pick<z.output<typeof Backstage>, "gateSeconds" | "startSeconds" | "rolloutSeconds">): number =>
  rolloutSeconds ?? gateSeconds + startSeconds + 60;

/** The settings with the defaults that other settings decide. */
export function completed(backstage: z.output<typeof Backstage>, environment: string) {
  return {
    ...backstage,
    authEnvironment: backstage.authEnvironment ?? environment,
    rolloutSeconds: rolloutSecondsOf(backstage),
    database: databaseOf(backstage, environment === "dev"),
  };
}

/** Rules of the sign-in: what neither Keycloak nor the OIDC module would take. */
function signInFaults({
  url: base,
  authProvider: provider,
  resolvers,
  customResolvers,
  additionalScopes,
}: z.output<typeof Backstage>): string[] {
  const faults = resolvers.flatMap(({ resolver }, index) => {
    const fault = resolverFault(resolver, customResolvers);
    return fault === undefined ? [] : [`backstage.resolvers.${index}.resolver ${fault}`];
  });
  additionalScopes.forEach((scope, index) => {
    if (backstageScopes.includes(scope)) return;
    faults.push(
      `backstage.additionalScopes.${index} is ${scope}, which Backstage's client does not have; write one ` +
        `of ${backstageScopes.join(", ")}.`,
    );
  });
  if (backstageUrls(base, provider, "").redirectUri.length > 255)
    faults.push(
      "backstage.url makes a redirect URI of more than 255 characters, which Keycloak cannot store; shorten it.",
    );
  return [...faults, ...twice(additionalScopes, (index) => `backstage.additionalScopes.${index}`)];
}

/** A ConfigMap holds a mebibyte, the program's own app-config included. */
const MOST_APP_CONFIG = 900_000;

/** Rules of Backstage that need more than one key. */
export function backstageFaults(backstage: z.output<typeof Backstage>, catalogSync: boolean, isDev: boolean): string[] {
  const most = backstage.autoscaling?.maxReplicas ?? backstage.replicas;
  const faults = [
    ...databaseFaults(databaseOf(backstage, isDev), most, isDev),
    ...podFaults(backstage),
    ...exposureFaults(backstage, backstage.url, backstage.nodePort),
    ...signInFaults(backstage),
    ...overlayFaults(backstage.appConfig, { authProvider: backstage.authProvider, catalogSync }),
  ];
  if (!/(^|\/)node$/.test(backstage.command[0] ?? "")) {
    faults.push("backstage.command must begin with node, into which the pod's health server is loaded; correct it.");
  }
  if (backstage.healthPort === backstage.port)
    faults.push(`backstage.healthPort must not be backstage.port, which is ${backstage.port}; choose another.`);
  if (backstage.autoscaling !== undefined && amount(backstage.resources.requests.cpu) === 0) {
    faults.push(
      "backstage.resources.requests.cpu must be more than 0 with backstage.autoscaling, which counts in percent of it; raise it.",
    );
  }
  if (Buffer.byteLength(JSON.stringify(backstage.appConfig)) > MOST_APP_CONFIG) {
    faults.push(
      `backstage.appConfig is larger than ${MOST_APP_CONFIG} bytes, which no ConfigMap holds; put a part ` +
        "of it into the image, and name that in backstage.configFiles.",
    );
  }
  if (backstage.gateSeconds >= rolloutSecondsOf(backstage)) {
    faults.push(
      "backstage.gateSeconds must be less than backstage.rolloutSeconds, or a rollout ends before its gates do; lower it.",
    );
  }
  return faults;
}
