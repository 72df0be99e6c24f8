import { checksumAnnotation } from "../../lib/pod/hashes";
import { podSpec, podTemplate, references, rollsOut } from "../kubernetes";
import { valueAt, entries, unknown } from "../values";
import { resourceRule } from "../rule";

export const templateHashes = resourceRule({
  name: "template-hashes",
  description: "A pod template must carry a hash of every Secret and ConfigMap that its pods read.",
  severity: "high",
  remediation:
    "Annotate the template with checksum/secret-NAME and checksum/configmap-NAME, made by lib/pod/hashes.ts, " +
    "with a key where people chose the values: environment variables are read once, and only a changed template makes new pods.",
  url: "https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-environment-variables",
  concerns: rollsOut,
  faults: ({ type, props }) => {
    const { path, item } = podTemplate(type, props);
    const annotations = valueAt(item, "metadata.annotations");
    if (annotations === unknown) return [];
    return references(podSpec(type, props)).flatMap(({ kind, name }) => {
      const key = checksumAnnotation(kind, name);
      const value = entries(annotations).find(([own]) => own === key)?.[1];
      const isHash = value === unknown || (typeof value === "string" && /^[a-f0-9]{64}$/.test(value));
      return isHash ? [] : [`${path}.metadata.annotations["${key}"] is not a SHA-256 hash; add it`];
    });
  },
});
