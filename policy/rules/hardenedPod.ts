import { containerSecurity, hardened } from "../../lib/pod/podSpec";
import { allContainers, hasPods, mutableSpec, podSpec } from "../kubernetes";
import { valueAt, differs, isAbsent, items, unknown, type Value } from "../values";
import { resourceRule } from "../rule";

const { capabilities, ...flags } = containerSecurity;

/** Is `all` among what is dropped, or may it still be? */
const drops = (list: Value, all: string): boolean =>
  list === unknown || items(list, "").some(({ item }) => item === all || item === unknown);

export const hardenedPod = resourceRule({
  name: "hardened-pod",
  description: "Pods must meet the restricted Pod Security Standard, and never write to their root file system.",
  severity: "high",
  remediation:
    "Use podSecurity and containerSecurity of lib/pod/podSpec.ts, and mount an emptyDir where something is written.",
  url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
  concerns: hasPods,
  faults: ({ type, props }) => {
    const spec = podSpec(type, props);
    const pod = (key: string): Value => valueAt(spec.item, `securityContext.${key}`);
    const faults = ["hostNetwork", "hostPID", "hostIPC"]
      .filter((key) => valueAt(spec.item, key) === true)
      .map((key) => `${spec.path}.${key} is on; remove it`);
    items(valueAt(spec.item, "volumes"), `${spec.path}.volumes`).forEach(({ path, item }) => {
      if (item !== unknown && !isAbsent(valueAt(item, "hostPath")))
        faults.push(`${path}.hostPath shows the node's files; use another volume`);
    });
    for (const { path, item } of allContainers(spec)) {
      const own = (key: string): Value => valueAt(item, `securityContext.${key}`);
      const context = `${path}.securityContext`;
      if (differs(own("runAsNonRoot") ?? pod("runAsNonRoot"), hardened.runAsNonRoot))
        faults.push(`${context}.runAsNonRoot is not true, nor is the pod's; set it`);
      const profile = own("seccompProfile.type") ?? pod("seccompProfile.type");
      if (differs(profile, hardened.seccompProfile.type) && profile !== "Localhost")
        faults.push(`${context}.seccompProfile is not RuntimeDefault, nor is the pod's; set it`);
      for (const [key, value] of Object.entries(flags)) {
        // Not privileged is what Kubernetes takes an absent flag for.
        if (differs(own(key), value) && !(key === "privileged" && own(key) === undefined))
          faults.push(`${context}.${key} is not ${value}; set it`);
      }
      for (const all of capabilities.drop) {
        if (!drops(own("capabilities.drop"), all)) faults.push(`${context}.capabilities.drop lacks ${all}; add it`);
      }
      items(own("capabilities.add"), `${context}.capabilities.add`).forEach((added) => {
        if (differs(added.item, "NET_BIND_SERVICE")) faults.push(`${added.path} adds a capability; remove it`);
      });
    }
    return faults;
  },
  remedy: (props, type) => {
    const spec = mutableSpec(type, props);
    spec.securityContext = { ...spec.securityContext, ...hardened };
    for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
      container.securityContext = { ...container.securityContext, ...containerSecurity };
    }
  },
});
