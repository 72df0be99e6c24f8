import { secretType } from "../kubernetes";
import { valueAt, isAbsent } from "../values";
import { resourceRule } from "../rule";

export const noRenderedSecret = resourceRule({
  name: "no-rendered-secret",
  description: "A core Secret must never be rendered to a file.",
  severity: "critical",
  remediation: "Render an ExternalSecret and keep the Secret in a store: a rendered file holds every value in clear.",
  url: "https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/",
  concerns: (type) => type === secretType,
  faults: ({ provider }) =>
    isAbsent(valueAt(provider, "renderYamlToDirectory"))
      ? []
      : ["data would be written in clear by a provider with renderYamlToDirectory; use another provider"],
});
