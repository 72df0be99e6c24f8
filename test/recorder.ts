import * as pulumi from "@pulumi/pulumi";

/**
 * Runs a piece of the program under Pulumi's mocks and records every resource with its options, which mocks alone do
 * not show. It wraps the SDK's monitor, an internal: test/unit/recorder.test.ts fails when an SDK changes that.
 * Not proven by it: what a provider makes of the inputs, and what happens when it fails.
 */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly parent: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly custom: boolean;
  readonly provider: string;
  /** The URNs of `dependsOn` and of every resource an input refers to. */
  readonly dependencies: readonly string[];
  /** By input, the URNs of the resources it refers to. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly inputs: Record<string, unknown>;
  /** The same, with every secret struck out: what the state has in clear. */
  readonly clear: unknown;
  readonly createTimeout: string;
  /** Of an object that exists already; empty when it is made. */
  readonly importId: string;
  readonly ignoreChanges: readonly string[];
  /** What makes it anew when it changes; undefined when nothing does. */
  readonly replacementTrigger: unknown;
  readonly deleteBeforeReplace: boolean;
  /** The inputs whose change makes it anew, whatever its provider says. */
  readonly replaceOnChanges: readonly string[];
}

/** What a provider would add to the inputs, by type; a type that is not here has no business in the program. */
const outputs: Record<string, (name: string, inputs: Record<string, unknown>) => Record<string, unknown>> = {
  "random:index/randomPassword:RandomPassword": (name) => ({ result: `result-of-${name}` }),
  "keycloak:index/realm:Realm": () => ({}),
  "keycloak:index/realmEvents:RealmEvents": () => ({}),
  "keycloak:index/realmClientPolicyProfile:RealmClientPolicyProfile": () => ({}),
  "keycloak:index/realmClientPolicyProfilePolicy:RealmClientPolicyProfilePolicy": () => ({}),
  "keycloak:index/user:User": () => ({}),
  "keycloak:index/role:Role": () => ({}),
  "keycloak:index/group:Group": () => ({}),
  "keycloak:index/groupRoles:GroupRoles": () => ({}),
  "keycloak:index/userGroups:UserGroups": () => ({}),
  "keycloak:index/userRoles:UserRoles": () => ({}),
  "keycloak:openid/clientScope:ClientScope": () => ({}),
  "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper": () => ({}),
  "keycloak:openid/audienceProtocolMapper:AudienceProtocolMapper": () => ({}),
  "keycloak:openid/clientServiceAccountRole:ClientServiceAccountRole": () => ({}),
  "keycloak:saml/client:Client": () => ({}),
  "keycloak:openid/client:Client": (name) => ({ serviceAccountUserId: `account-of-${name}` }),
  "keycloak:openid/clientDefaultScopes:ClientDefaultScopes": () => ({}),
  "keycloak:openid/clientOptionalScopes:ClientOptionalScopes": () => ({}),
  "kubernetes:core/v1:Namespace": () => ({}),
  "kubernetes:core/v1:Secret": () => ({}),
  "kubernetes:core/v1:ConfigMap": () => ({}),
  "kubernetes:core/v1:PersistentVolumeClaim": () => ({}),
  "kubernetes:core/v1:Service": () => ({}),
  "kubernetes:core/v1:ServiceAccount": () => ({}),
  "kubernetes:rbac.authorization.k8s.io/v1:Role": () => ({}),
  "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": () => ({}),
  "kubernetes:networking.k8s.io/v1:Ingress": () => ({}),
  "kubernetes:networking.k8s.io/v1:NetworkPolicy": () => ({}),
  "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute": () => ({}),
  "kubernetes:policy/v1:PodDisruptionBudget": () => ({}),
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": () => ({}),
  "kubernetes:apps/v1:Deployment": () => ({}),
  "kubernetes:apps/v1:StatefulSet": () => ({}),
  "pulumi:providers:keycloak": () => ({}),
  "pulumi:providers:kubernetes": () => ({}),
};

export interface Recording<T> {
  readonly result: T;
  readonly resources: readonly Recorded[];
  /** The one resource of this type and name. */
  readonly find: (type: string, name: string) => Recorded;
  /** All that a resource depends on, directly or through others, as URNs. */
  readonly reach: (urn: string) => Set<string>;
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getCustom(): boolean;
  getProvider(): string;
  getDependenciesList(): string[];
  getPropertydependenciesMap(): { forEach(visit: (value: { getUrnsList(): string[] }, key: string) => void): void };
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getCustomtimeouts(): { getCreate(): string } | undefined;
  getImportid(): string;
  getIgnorechangesList(): string[];
  getReplacementTrigger(): { toJavaScript(): unknown } | undefined;
  getDeletebeforereplace(): boolean;
  getReplaceonchangesList(): string[];
}
type Callback = (error: unknown, response: { getUrn(): string }) => void;
interface Monitor {
  registerResource(request: RegisterRequest, callback: Callback): void;
}

export async function record<T>(build: () => T | Promise<T>, preview = false): Promise<Recording<T>> {
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs, custom }) {
        if (custom === false) return { id: "", state: {} };
        const added = outputs[type];
        if (added === undefined) throw new Error(`the recorder has no outputs for ${type}`);
        const own = inputs as Record<string, unknown>;
        return { id: `${name}-id`, state: { ...own, ...added(name, own) } };
      },
      call({ token, inputs }) {
        // Every realm has this client; nothing else is asked for.
        const { clientId } = inputs as { clientId?: string };
        if (token === "keycloak:openid/getClient:getClient" && clientId === "realm-management")
          return { id: "id-of-realm-management" };
        throw new Error(`the recorder answers no calls, not even ${token}`);
      },
    },
    "backstage-keycloak",
    "test",
    preview,
  );
  const resources: Recorded[] = [];
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    register(request, (error, response) => {
      if (error === null || error === undefined) {
        const propertyDependencies: Record<string, string[]> = {};
        request.getPropertydependenciesMap().forEach((value, key) => (propertyDependencies[key] = value.getUrnsList()));
        resources.push({
          type: request.getType(),
          name: request.getName(),
          urn: response.getUrn(),
          parent: request.getParent(),
          protect: request.getProtect(),
          retainOnDelete: request.getRetainondelete(),
          custom: request.getCustom(),
          provider: request.getProvider(),
          dependencies: request.getDependenciesList(),
          propertyDependencies,
          inputs: plain(request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
          clear: plain(request.getObject()?.toJavaScript() ?? {}, () => "[secret]"),
          createTimeout: request.getCustomtimeouts()?.getCreate() ?? "",
          importId: request.getImportid(),
          ignoreChanges: request.getIgnorechangesList(),
          replacementTrigger: request.getReplacementTrigger()?.toJavaScript(),
          deleteBeforeReplace: request.getDeletebeforereplace(),
          replaceOnChanges: request.getReplaceonchangesList(),
        });
      }
      callback(error, response);
    });
  };
  const result = await build();
  await settled();
  const find = (type: string, name: string): Recorded => {
    const found = resources.filter((resource) => resource.type === type && resource.name === name);
    const [only] = found;
    if (only === undefined || found.length > 1) throw new Error(`${found.length} resources ${type} ${name}, not one`);
    return only;
  };
  const reach = (urn: string, seen = new Set<string>()): Set<string> => {
    const resource = resources.find((other) => other.urn === urn);
    for (const next of resource?.dependencies ?? []) {
      if (!seen.has(next)) reach(next, seen.add(next));
    }
    return seen;
  };
  return { result, resources, find, reach: (urn) => reach(urn) };
}

/** Waits for every registration, those that other registrations start included. */
async function settled(): Promise<void> {
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
}

const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";
const isSecret = (value: object): value is { value: unknown } => SECRET_SIGNATURE in value;

/** Inputs as the program wrote them: the wire's wrapping of secrets taken off. */
function plain(value: unknown, open: (secret: unknown) => unknown = (secret) => plain(secret)): unknown {
  if (Array.isArray(value)) return value.map((inner) => plain(inner, open));
  if (typeof value !== "object" || value === null) return value;
  if (isSecret(value)) return open(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner, open)]));
}

/** The value of an output. An Output is no thenable, so `await output` would pass without looking at anything. */
export async function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return (output as unknown as { promise(): Promise<T> }).promise();
}
