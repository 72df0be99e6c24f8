import { z } from "zod";
import { reservedEnv, reservedMount, reservedVolumes } from "../pod/podSpec";
import { hasWildcard } from "../pod/rbac";
import { isSecretInClear } from "../secretNames";
import { HOST } from "../keycloak/urls";
import { flag, judged, name, text, whole } from "./common";
import {
  address,
  amount,
  annotations,
  hostName,
  key,
  labelName,
  labels,
  labelValue,
  objectName,
  quantity,
  quantityFrom,
} from "./kubernetes";

/** The settings of Backstage's pods: what they may use, where they run and what else is in them. */

const cpuLimit = quantityFrom("10m", "no process gets on");
const memoryLimit = quantityFrom("64Mi", "Node does not start");

const resources = (cpu: string, memory: string, limit: string) =>
  z
    .strictObject({
      requests: z
        .strictObject({
          cpu: quantity.default(cpu).describe("The processor that is set aside."),
          memory: quantity.default(memory).describe("The memory that is set aside."),
        })
        .prefault({}),
      limits: z
        .strictObject({
          cpu: cpuLimit.optional().describe("The most processor; unlimited when unset."),
          memory: memoryLimit.default(limit).describe("The most memory."),
        })
        .prefault({}),
    })
    .prefault({});

/** In one form, so that two of them are the same place only when they are the same text. */
const absolutePath = judged(z.string(), (value) => {
  if (!/^\/[^:\p{Cc}]*$/u.test(value)) return "must be an absolute path, without a colon";
  if (
    value !== "/" &&
    value
      .slice(1)
      .split("/")
      .some((part) => part === "" || part === "." || part === "..")
  )
    return "must be a path without a slash at its end, two in a row, or a part . or ..";
  if (/^\/(proc|sys|dev)(\/|$)/.test(value))
    return "is a path of the kernel's, over which nothing can be mounted; choose another one";
  return Buffer.byteLength(value) > 4095 ? "is longer than a path can be; shorten it" : undefined;
}).meta({ title: "absolute path" });

/** What Linux takes for one argument or variable, in bytes, its name and an end included. */
const LONGEST_ARGUMENT = 128 * 1024 - 256;

/** Says what is wrong with a text that a process is started with, or returns undefined. */
export function processTextFault(value: string): string | undefined {
  if (/[\0\p{Cs}]/u.test(value))
    return "has a NUL character or half of one, which no process can be started with; remove it";
  return Buffer.byteLength(value) > LONGEST_ARGUMENT
    ? `is longer than ${LONGEST_ARGUMENT} bytes, with which no process can be started; mount it as a file`
    : undefined;
}

const Env = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a name of A-Z, a-z, 0-9 and _")
    .meta({ title: "variable name", description: "The variable." }),
  value: judged(z.string("must be a string; put it in quotes"), processTextFault)
    .optional()
    .describe("Its value, if it is no secret."),
  secret: objectName.optional().describe("Or the Secret that holds it, in Backstage's namespace."),
  configMap: objectName.optional().describe("Or the ConfigMap that holds it."),
  key: key.optional().describe("The key in that Secret or ConfigMap; the variable's name when unset."),
});

const Volume = z.strictObject({
  name: name.describe("The volume's name."),
  mountPath: absolutePath.describe("Where Backstage's container sees it."),
  secret: objectName.optional().describe("The Secret that it shows."),
  configMap: objectName.optional().describe("Or the ConfigMap."),
  claim: objectName.optional().describe("Or the PersistentVolumeClaim."),
  emptyDir: quantityFrom("1Ki", "nothing can be written")
    .optional()
    .describe("Or an empty folder of at most this size."),
  writable: flag
    .default(false)
    .describe("May Backstage write to it? Only a claim and an empty folder can be written to."),
});

const Toleration = z.strictObject({
  key: labelName.optional().describe("The taint; every one when unset, with the operator `Exists`."),
  operator: z.enum(["Exists", "Equal"]).default("Equal").describe("How it is compared."),
  value: labelValue.optional().describe("The taint's value."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .optional()
    .describe("The taint's effect; every one when unset."),
});

const Spread = z.strictObject({
  topologyKey: labelName.meta({
    description: "The node label whose values are spread over.",
    example: "topology.kubernetes.io/zone",
  }),
  maxSkew: whole(1, 100).default(1).describe("How uneven it may be."),
  whenUnsatisfiable: z
    .enum(["DoNotSchedule", "ScheduleAnyway"])
    .default("ScheduleAnyway")
    .describe("What happens when it cannot be."),
});

const apiGroup = z
  .string()
  .refine((value) => value === "" || HOST.test(value), 'must be an API group, such as apps, or "" for the core')
  .meta({ title: "API group" });

/** The API server takes any text for these, and lets nobody in by one that is spelt otherwise. */
const resource = z
  .string()
  .regex(
    /^(\*|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)(\/(\*|[a-z0-9-]+))?$/,
    "must be a resource in the plural and in small letters, such as pods or pods/log",
  )
  .meta({ title: "resource" });
const verb = z
  .string()
  .regex(/^(\*|[a-z]+)$/, "must be a verb in small letters, such as get")
  .meta({ title: "verb" });

const Rule = z.strictObject({
  apiGroups: z
    .array(apiGroup)
    .min(1, 'must name an API group; the core is ""')
    .describe('The API groups; `""` is the core.'),
  resources: z.array(resource).min(1, "must name a resource").describe("The resources, each by name."),
  verbs: z.array(verb).min(1, "must name a verb").describe("What may be done, each by name."),
  resourceNames: z.array(text).optional().describe("Only these objects."),
});

export const podSettings = {
  resources: resources("100m", "384Mi", "1Gi").describe("What a pod may use."),
  nodeSelector: labels.default({}).describe("The labels of nodes that it may run on."),
  tolerations: z.array(Toleration).default([]).describe("The taints that it tolerates."),
  topologySpread: z
    .array(Spread)
    .optional()
    .describe("How pods are spread; over nodes when there are several and it is unset."),
  imagePullSecrets: z.array(objectName).default([]).describe("The Secrets that images are pulled with."),
  hostAliases: z
    .array(
      z.strictObject({
        ip: address.describe("The address."),
        hostnames: z.array(hostName).min(1, "must name a host").describe("The names it is known by."),
      }),
    )
    .default([])
    .describe("Names that the pods, their gates included, know without DNS."),
  caBundle: z
    .strictObject({
      secret: objectName.optional().describe("The Secret in Backstage's namespace that holds certificates, as PEM."),
      configMap: objectName.optional().describe("Or the ConfigMap."),
      key: key.default("ca.crt").describe("Its key."),
    })
    .optional()
    .describe("Authorities that Backstage and its gates trust beside the public ones."),
  extraEnv: z.array(Env).default([]).describe("More environment variables of Backstage."),
  extraVolumes: z.array(Volume).default([]).describe("More volumes of Backstage."),
  serviceAccount: z
    .strictObject({
      annotations: annotations.default({}).describe("Its annotations, such as those that give it a role of a cloud."),
      automountToken: flag.default(false).describe("Give Backstage a token of the Kubernetes API."),
      rules: z.array(Rule).default([]).describe("What that token may do, in Backstage's namespace only."),
    })
    .prefault({})
    .describe("The ServiceAccount of the pods."),
};

export type PodSettings = z.output<z.ZodObject<typeof podSettings>>;

const chosen = (...values: unknown[]): number => values.filter((value) => value !== undefined).length;
const twice = (values: readonly string[]): string | undefined =>
  values.find((value, index) => values.indexOf(value) < index);

/** A sentence for each request that is more than its limit: the API server refuses the pod. */
function resourceFaults({ requests, limits }: PodSettings["resources"]): string[] {
  return (["cpu", "memory"] as const).flatMap((kind) => {
    const limit = limits[kind];
    if (limit === undefined || amount(requests[kind]) <= amount(limit)) return [];
    return [
      `backstage.resources.requests.${kind} is ${requests[kind]}, more than ` +
        `backstage.resources.limits.${kind}, ${limit}; lower it, or raise the limit.`,
    ];
  });
}

function tolerationFaults(tolerations: PodSettings["tolerations"]): string[] {
  return tolerations.flatMap(({ key: taint, operator, value }, index) => {
    const at = `backstage.tolerations.${index}`;
    if (operator === "Exists" && value !== undefined && value !== "")
      return [`${at}.value is of no use with the operator Exists; remove it, or set ${at}.operator to Equal.`];
    return taint === undefined && operator !== "Exists"
      ? [`${at}.operator must be Exists where ${at}.key is unset; set it, or name the taint.`]
      : [];
  });
}

/** Rules of the pod that need more than one key. */
export function podFaults(pod: PodSettings): string[] {
  const faults = [...resourceFaults(pod.resources), ...tolerationFaults(pod.tolerations)];
  pod.extraEnv.forEach((env, index) => {
    const at = `backstage.extraEnv.${index}`;
    const reserved = reservedEnv(env.name);
    if (reserved !== undefined) faults.push(`${at}.name ${env.name} ${reserved}; remove it.`);
    if (chosen(env.value, env.secret, env.configMap) !== 1)
      faults.push(`${at} needs exactly one of value, secret and configMap; keep one.`);
    if (reserved === undefined && isSecretInClear(env.name, env.value))
      faults.push(
        `${at}.value holds a secret in clear; put it into a Secret in Backstage's namespace, and name that by ${at}.secret.`,
      );
  });
  pod.extraVolumes.forEach((volume, index) => {
    const at = `backstage.extraVolumes.${index}`;
    if (reservedVolumes.includes(volume.name))
      faults.push(`${at}.name ${volume.name} is a volume of the program's own; choose another name.`);
    if (reservedMount(volume.mountPath))
      faults.push(`${at}.mountPath ${volume.mountPath} is a path that the program mounts; choose another one.`);
    if (chosen(volume.secret, volume.configMap, volume.claim, volume.emptyDir) !== 1) {
      faults.push(`${at} needs exactly one of secret, configMap, claim and emptyDir; keep one.`);
    } else if (volume.writable && volume.claim === undefined && volume.emptyDir === undefined) {
      faults.push(`${at}.writable is for a claim and an emptyDir, nothing else can be written to; remove it.`);
    }
  });
  const lists = {
    extraEnv: pod.extraEnv.map((env) => env.name),
    extraVolumes: pod.extraVolumes.map((volume) => volume.name),
    imagePullSecrets: pod.imagePullSecrets,
    hostAliases: pod.hostAliases.map(({ ip }) => ip),
    topologySpread: (pod.topologySpread ?? []).map(
      ({ topologyKey, whenUnsatisfiable }) => `${topologyKey} with ${whenUnsatisfiable}`,
    ),
  };
  const mounted = twice(pod.extraVolumes.map(({ mountPath }) => mountPath));
  if (mounted !== undefined)
    faults.push(`backstage.extraVolumes has the mountPath ${mounted} twice; choose another one for one of them.`);
  for (const [list, values] of Object.entries(lists)) {
    const double = twice(values);
    if (double !== undefined) faults.push(`backstage.${list} has ${double} twice; remove one of them.`);
  }
  if (pod.caBundle !== undefined && chosen(pod.caBundle.secret, pod.caBundle.configMap) !== 1) {
    faults.push("backstage.caBundle needs exactly one of secret and configMap; keep one.");
  }
  const { rules, automountToken } = pod.serviceAccount;
  if (rules.length > 0 && !automountToken) {
    faults.push(
      "backstage.serviceAccount.rules are of no use without a token; set backstage.serviceAccount.automountToken to true, or remove them.",
    );
  }
  rules.forEach((rule, index) => {
    if (hasWildcard(rule)) {
      faults.push(`backstage.serviceAccount.rules.${index} has a wildcard; name each group, resource and verb.`);
    }
  });
  return faults;
}
