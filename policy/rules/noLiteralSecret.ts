import { isSecretInClear, looksGenerated, secretsInClear } from "../../lib/secretNames";
import { documents } from "../yamlDocuments";
import { allContainers, configMapType, env, hasPods, isKubernetes, podSpec, podTemplate } from "../kubernetes";
import { valueAt, entries, text, type Value } from "../values";
import { resourceRule } from "../rule";

interface Config {
  readonly entropy: number;
  readonly allow: readonly string[];
}

function fault(key: string, value: string, path: string, { entropy, allow }: Config): string[] {
  if (allow.includes(key)) return [];
  if (isSecretInClear(key, value))
    return [`${path} holds a secret in clear, by its name or its form; read it from a Secret`];
  return looksGenerated(value, entropy)
    ? [`${path} holds what only a generator writes; read it from a Secret, or list its key in the profile's allow`]
    : [];
}

function map(values: Value, path: string, config: Config): string[] {
  return entries(values).flatMap(([key, value]) => fault(key, text(value) ?? "", `${path}["${key}"]`, config));
}

export const noLiteralSecret = resourceRule<Config>({
  name: "no-literal-secret",
  description: "No variable, argument, ConfigMap or annotation may hold a secret in clear.",
  severity: "critical",
  remediation: "Put the value into a Secret and name that: secretKeyRef in a variable, ${VARIABLE} in an app-config.",
  url: "https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
  config: {
    entropy: {
      type: "number",
      minimum: 3,
      maximum: 6,
      default: 4,
      description:
        "From how many bits a character on a long word of small and capital letters and digits counts as generated.",
    },
    allow: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Keys whose values are known to be no secret.",
    },
  },
  concerns: isKubernetes,
  faults: ({ type, props }, config) => {
    const { path, item } = podTemplate(type, props);
    return [
      ...map(valueAt(props, "metadata.annotations"), "metadata.annotations", config),
      ...(hasPods(type) && path !== ""
        ? map(valueAt(item, "metadata.annotations"), `${path}.metadata.annotations`, config)
        : []),
      ...(hasPods(type)
        ? allContainers(podSpec(type, props)).flatMap((container) => [
            ...env(container).flatMap((one) =>
              fault(
                text(valueAt(one.item, "name")) ?? "",
                text(valueAt(one.item, "value")) ?? "",
                `${one.path}.value`,
                config,
              ),
            ),
            ...["command", "args"].flatMap((list) =>
              secretsInClear(valueAt(container.item, list), "", `${container.path}.${list}`).map(
                (at) => `${at} holds a secret in clear; read it from a Secret`,
              ),
            ),
          ])
        : []),
      ...(type === configMapType
        ? [
            ...map(valueAt(props, "data"), "data", config),
            ...documents(props).flatMap((one) =>
              secretsInClear(one.document, "", one.path).map(
                (at) => `${at} holds a secret in clear; write \${VARIABLE} there`,
              ),
            ),
          ]
        : []),
    ];
  },
});
