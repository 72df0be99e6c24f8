import { externalSecretName } from "../../lib/pod/contract";
import { seconds } from "../../lib/durations";
import type { Context } from "../context";
import { Broken } from "../runChecks";
import { askCluster } from "./cluster";

/** What the External Secrets Operator and Argo CD say of the objects that they keep. */

interface Conditioned {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

export interface ExternalSecret extends Conditioned {
  readonly spec: {
    readonly refreshInterval?: string;
    readonly secretStoreRef?: { readonly kind?: string; readonly name: string };
  };
  readonly status?: Conditioned["status"] & { readonly refreshTime?: string };
}

export interface Application {
  readonly status?: {
    readonly sync?: { readonly status?: string };
    readonly health?: { readonly status?: string; readonly message?: string };
    readonly conditions?: readonly { readonly type: string; readonly message?: string }[];
  };
}

/** Why an object is not Ready, in its controller's words; undefined when it is. */
function unready({ status }: Conditioned): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return undefined;
  return ready === undefined
    ? "its controller has not looked at it"
    : `${ready.reason ?? "not Ready"}: ${ready.message ?? ""}`;
}

const OPERATOR = "look at the External Secrets Operator's log";

/** What is wrong with the ExternalSecret or its store; undefined when nothing is. */
export function externalSecretFault(
  name: string,
  found: ExternalSecret | undefined,
  store: Conditioned | undefined,
  now: number,
): Broken | undefined {
  if (found === undefined) return new Broken(`ExternalSecret ${name} is missing`, "let Argo CD sync the Application");
  const { kind = "SecretStore", name: storeName = "?" } = found.spec.secretStoreRef ?? {};
  if (store === undefined)
    return new Broken(`${kind} ${storeName} is missing`, "let Argo CD sync the Application, or make the store");
  const invalid = unready(store);
  if (invalid !== undefined)
    return new Broken(`${kind} ${storeName} is not valid: ${invalid}`, `mend the store's access, and ${OPERATOR}`);
  const fault = unready(found);
  if (fault !== undefined)
    return new Broken(`ExternalSecret ${name} is not Ready: ${fault}`, `run pulumi up, and ${OPERATOR}`);
  const age = (now - Date.parse(found.status?.refreshTime ?? "")) / 1000;
  const interval = seconds(found.spec.refreshInterval) ?? 0;
  // Twice, and what an operator with much to do may need.
  if (Number.isNaN(age)) return new Broken(`ExternalSecret ${name} was never refreshed`, OPERATOR);
  if (age > 2 * interval + 60)
    return new Broken(
      `ExternalSecret ${name} was last refreshed ${age.toFixed(0)} s ago, and should be every ${interval} s`,
      OPERATOR,
    );
  return undefined;
}

/** Is the ExternalSecret Ready and fresh, and its store valid? */
export async function externalSecretIsReady(context: Context): Promise<string> {
  const {
    cluster,
    outputs: { namespace },
  } = context;
  const at = { group: "external-secrets.io", version: "v1", namespace };
  const question = cluster.custom.getNamespacedCustomObject({
    ...at,
    plural: "externalsecrets",
    name: externalSecretName,
  });
  const found = (await askCluster(context, "get externalsecrets", question)) as ExternalSecret | undefined;
  const { kind, name = "" } = found?.spec.secretStoreRef ?? {};
  const storeQuestion =
    kind === "ClusterSecretStore"
      ? cluster.custom.getClusterCustomObject({ ...at, plural: "clustersecretstores", name })
      : cluster.custom.getNamespacedCustomObject({ ...at, plural: "secretstores", name });
  const store =
    found === undefined
      ? undefined
      : ((await askCluster(context, "get its store", storeQuestion)) as Conditioned | undefined);
  const fault = externalSecretFault(`${namespace}/${externalSecretName}`, found, store, Date.now());
  if (fault !== undefined) throw fault;
  return `Ready, refreshed ${found?.status?.refreshTime ?? "?"}`;
}

/** What is wrong with the Application; undefined when nothing is. */
export function applicationFault(name: string, found: Application | undefined): Broken | undefined {
  if (found === undefined) return new Broken(`Application ${name} is missing`, "apply what make render has written");
  const { sync, health, conditions = [] } = found.status ?? {};
  const said = conditions.map(({ type, message }) => `${type}: ${message ?? ""}`);
  if (health?.status !== "Healthy")
    return new Broken(
      `Application ${name} is ${health?.status ?? "of unknown health"}`,
      "mend what Argo CD says of it",
      [...said, health?.message ?? ""].filter((line) => line !== ""),
    );
  if (sync?.status !== "Synced")
    return new Broken(
      `Application ${name} is ${sync?.status ?? "never synced"}`,
      "run make render and push, and let Argo CD sync",
      said,
    );
  return undefined;
}

/** Is Argo CD's Application Synced and Healthy? @param at its namespace and name */
export async function applicationIsHealthy(context: Context, at: string): Promise<string> {
  const [namespace = "", name = ""] = at.split("/");
  const question = context.cluster.custom.getNamespacedCustomObject({
    group: "argoproj.io",
    version: "v1alpha1",
    namespace,
    plural: "applications",
    name,
  });
  const found = (await askCluster(context, "get applications", question, namespace)) as Application | undefined;
  const fault = applicationFault(at, found);
  if (fault !== undefined) throw fault;
  return "Synced, Healthy";
}
