import { seconds } from "../../lib/durations";
import { valueAt, differs, isAbsent, unknown } from "../values";
import { resourceRule } from "../rule";

const isExternalSecret = (type: string): boolean =>
  /^kubernetes:external-secrets\.io\/[^:]+:(Cluster)?ExternalSecret$/.test(type);
const isPushSecret = (type: string): boolean =>
  /^kubernetes:external-secrets\.io\/[^:]+:(Cluster)?PushSecret$/.test(type);

export const externalSecrets = resourceRule<{ maxRefresh: string }>({
  name: "external-secrets",
  description:
    "An ExternalSecret must refresh within a bound and keep its Secret; a PushSecret must never delete the remote one.",
  severity: "high",
  remediation:
    "Set refreshInterval to 30s, target.deletionPolicy to Retain, and a PushSecret's deletionPolicy to " +
    "None: a single sync blocks every rotation.",
  url: "https://external-secrets.io/latest/api/externalsecret/",
  config: {
    maxRefresh: { type: "string", default: "5m", description: "The longest time between two refreshes, such as 5m." },
  },
  concerns: (type) => isExternalSecret(type) || isPushSecret(type),
  faults: ({ type, props }, config) => {
    const spec = type.includes(":Cluster") ? (isPushSecret(type) ? "pushSecretSpec" : "externalSecretSpec") : "";
    const path = spec === "" ? "spec" : `spec.${spec}`;
    const own = (key: string) => valueAt(props, `${path}.${key}`);
    if (isPushSecret(type))
      return own("deletionPolicy") === "Delete" ? [`${path}.deletionPolicy deletes the remote secret; set None`] : [];
    const faults: string[] = [];
    const interval = own("refreshInterval");
    const refresh = typeof interval === "string" ? seconds(interval) : undefined;
    if (isAbsent(interval)) faults.push(`${path}.refreshInterval is missing; set it`);
    else if (interval !== unknown) {
      if (refresh === undefined || refresh <= 0)
        faults.push(`${path}.refreshInterval is not a duration above zero; set one such as 30s`);
      else if (refresh > (seconds(config.maxRefresh) ?? 0))
        faults.push(`${path}.refreshInterval is longer than the profile's maxRefresh; lower it`);
    }
    const policy = own("refreshPolicy");
    if (!isAbsent(policy) && differs(policy, "Periodic"))
      faults.push(`${path}.refreshPolicy is not Periodic; set it, or remove it`);
    if (differs(own("target.deletionPolicy"), "Retain"))
      faults.push(`${path}.target.deletionPolicy is not Retain; set it`);
    return faults;
  },
});
