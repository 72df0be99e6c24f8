import type { V1DeploymentSpec } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { contractKeys } from "../../lib/pod/contract";
import { checksumAnnotation } from "../../lib/pod/hashes";
import { startKeycloak, stopKeycloak } from "../../sandbox/keycloak";
import { waitFor } from "../../sandbox/process";
import { verify } from "../../verify/chain";
import type { Outputs } from "../../lib/outputs";
import type { Context } from "../../verify/context";
import { table } from "../../verify/runChecks";
import type { Front } from "./front";
import { keycloakAdmin, type TestStack } from "./harness";
import { pattern } from "../pattern";

/** Puts right again what was broken. */
type Undo = () => Promise<unknown>;

export interface Fault {
  readonly what: string;
  /** The one check that names it. */
  readonly check: string;
  /** The line of that check: the fact, then the remedy. */
  readonly says: RegExp;
  /** Breaks the link on the real platform. */
  readonly broken: () => Promise<Undo>;
  /** What a check looks at then, where it is the stack's own outputs that are wrong. */
  readonly outputs?: (outputs: Outputs) => Outputs;
}

/** What the links are broken on; not there before the first test. */
export interface Subjects {
  readonly own: () => TestStack;
  readonly front: () => Front;
  readonly context: () => Context;
}

/** Every link of the chain, broken on the real platform one at a time. */
export function brokenLinks({ own, front, context }: Subjects): Fault[] {
  const client = async () => {
    const admin = await keycloakAdmin();
    const [found] = await admin.clients.find({ realm: own().realm, clientId: "backstage" });
    assert.ok(found?.id !== undefined);
    return { admin, found, at: { realm: own().realm, id: found.id } };
  };
  /** Changes the client in Keycloak, and can change it back. */
  const changeClient = async (change: object): Promise<Undo> => {
    const { admin, found, at } = await client();
    await admin.clients.update(at, { ...found, ...change });
    return async () => (await client()).admin.clients.update(at, found);
  };
  const changeAttributes = async (attributes: Readonly<Record<string, string>>): Promise<Undo> =>
    changeClient({ attributes: { ...(await client()).found.attributes, ...attributes } });
  const changeRealm = async (change: object, back: object): Promise<Undo> => {
    await (await keycloakAdmin()).realms.update({ realm: own().realm }, change);
    return async () => (await keycloakAdmin()).realms.update({ realm: own().realm }, back);
  };

  /** Changes the Deployment behind Pulumi's back, waits until that shows, and can change it back. */
  const changeDeployment = async (change: (spec: V1DeploymentSpec) => void, shows: RegExp): Promise<Undo> => {
    const at = { namespace: own().namespace, name: "backstage" };
    const replaced = async (with_: (spec: V1DeploymentSpec) => V1DeploymentSpec): Promise<void> => {
      const body = await own().cluster.apps.readNamespacedDeployment(at);
      assert.ok(body.spec !== undefined);
      body.spec = with_(body.spec);
      // Whatever version there is: the controller writes the object's status at the same time.
      delete body.metadata?.resourceVersion;
      await own().cluster.apps.replaceNamespacedDeployment({ ...at, body });
    };
    let before: V1DeploymentSpec | undefined;
    await replaced((spec) => {
      before = structuredClone(spec);
      change(spec);
      return spec;
    });
    const undo = (): Promise<void> => replaced((spec) => before ?? spec);
    let shown = "";
    const look = async (): Promise<true | undefined> =>
      shows.test((shown = table(await verify(context(), "pods")))) ? true : undefined;
    await waitFor("the fault to show", 120, look, 1000).catch(async (error: unknown) => {
      await undo();
      throw new Error(`${String(error)}\n${shown}`);
    });
    return undo;
  };
  type Container = V1DeploymentSpec["template"]["spec"] & object;
  const backstageOf = (spec: V1DeploymentSpec): Container["containers"][number] => {
    const found = spec.template.spec?.containers.find(({ name }) => name === "backstage");
    assert.ok(found !== undefined);
    return found;
  };

  /** The contract Secret as the cluster has it, and where it is. */
  const heldSecret = async () => {
    const at = { namespace: own().namespace, name: context().outputs.contractSecret };
    return { at, body: await own().cluster.core.readNamespacedSecret(at) };
  };

  /** Puts a key of the contract Secret right again. */
  const rightKey =
    (key: string): Undo =>
    () =>
      own().editSecret({ [key]: context().outputs.credential[key] ?? "" });

  return [
    {
      what: "Keycloak down",
      check: "keycloak",
      says: /cannot be reached \(ECONNREFUSED\); start Keycloak/,
      broken: async () => {
        await stopKeycloak();
        return startKeycloak;
      },
    },
    {
      what: "wrong base path",
      check: "base-path",
      says: /\/auth\/realms\/verify answers 404, and not as Keycloak does for a realm; correct the path in keycloak\.url \(\/auth\)/,
      broken: async () => Promise.resolve(() => Promise.resolve()),
      outputs: (outputs) => ({
        ...outputs,
        keycloakUrl: `${outputs.keycloakUrl}/auth`,
        issuer: outputs.issuer.replace("/realms/", "/auth/realms/"),
      }),
    },
    {
      what: "realm disabled",
      check: "realm",
      says: /realm verify is disabled; run pulumi up --refresh/,
      broken: () => changeRealm({ enabled: false }, { enabled: true }),
    },
    {
      what: "realm gone",
      check: "realm",
      says: /realm verify does not exist; run pulumi up --refresh/,
      broken: async () => {
        await (await keycloakAdmin()).realms.update({ realm: own().realm }, { realm: "verify-away" });
        return async () => (await keycloakAdmin()).realms.update({ realm: "verify-away" }, { realm: own().realm });
      },
    },
    {
      what: "issuer mismatch",
      check: "issuer",
      says: /the issuer is https:\/\/elsewhere\.example\.com\/realms\/verify, but \S+ is configured.*; set Keycloak's hostname/,
      broken: () =>
        changeRealm(
          { attributes: { frontendUrl: "https://elsewhere.example.com" } },
          { attributes: { frontendUrl: "" } },
        ),
    },
    {
      what: "client deleted",
      check: "client",
      says: /client backstage does not exist, or it is disabled \(401 invalid_client\); run pulumi up --refresh/,
      broken: async () => {
        const { admin, found, at } = await client();
        await admin.clients.del(at);
        return async () => (await keycloakAdmin()).clients.create({ realm: own().realm, ...found });
      },
    },
    {
      what: "client disabled",
      check: "client",
      says: /client backstage does not exist, or it is disabled/,
      broken: () => changeClient({ enabled: false }),
    },
    {
      what: "client made public",
      check: "client",
      says: /client backstage is public: Keycloak asks it for no secret/,
      broken: () => changeClient({ publicClient: true }),
    },
    {
      what: "redirect URI changed",
      check: "redirect-uri",
      says: /Keycloak refuses the redirect URI https:\S+\/portal\/api\/auth\/oidc\/handler\/frame; run pulumi up --refresh/,
      broken: () => changeClient({ redirectUris: ["https://old.example.com/api/auth/oidc/handler/frame"] }),
    },
    {
      what: "redirect URI with a wildcard",
      check: "redirect-uri",
      says: /Keycloak takes a redirect URI of a foreign host/,
      broken: () => changeClient({ redirectUris: ["*"] }),
    },
    {
      what: "PKCE method changed",
      check: "pkce",
      says: /Keycloak refuses PKCE S256 \(.*\); run pulumi up --refresh/,
      broken: () => changeAttributes({ "pkce.code.challenge.method": "plain" }),
    },
    {
      what: "PKCE no longer required",
      check: "pkce",
      says: /Keycloak lets a sign-in start without PKCE/,
      broken: () => changeAttributes({ "pkce.code.challenge.method": "" }),
    },
    {
      what: "scope detached",
      check: "scopes",
      says: /the client lacks the scope groups; run pulumi up --refresh/,
      broken: async () => {
        const { admin, at } = await client();
        const scope = (await admin.clients.listDefaultClientScopes(at)).find(({ name }) => name === "groups");
        assert.ok(scope?.id !== undefined);
        const clientScope = { ...at, clientScopeId: scope.id };
        await admin.clients.delDefaultClientScope(clientScope);
        return async () => (await keycloakAdmin()).clients.addDefaultClientScope(clientScope);
      },
    },
    {
      what: "Secret deleted",
      check: "secret",
      says: /Secret verify\/backstage-env-vars is missing; run pulumi up --refresh/,
      broken: async () => {
        const { at, body } = await heldSecret();
        await own().cluster.core.deleteNamespacedSecret(at);
        delete body.metadata?.resourceVersion;
        return () => own().cluster.core.createNamespacedSecret({ namespace: own().namespace, body });
      },
    },
    {
      what: "key missing",
      check: "secret",
      says: /Secret verify\/backstage-env-vars lacks AUTH_SESSION_SECRET; run pulumi up --refresh/,
      broken: async () => {
        const { at, body } = await heldSecret();
        body.data = Object.fromEntries(
          Object.entries(body.data ?? {}).filter(([key]) => key !== contractKeys.sessionSecret),
        );
        await own().cluster.core.replaceNamespacedSecret({ ...at, body });
        return rightKey(contractKeys.sessionSecret);
      },
    },
    {
      what: "Secret edited",
      check: "secret",
      says: /in Secret verify\/backstage-env-vars KEYCLOAK_CLIENT_SECRET is not what the state says; run pulumi up --refresh/,
      broken: async () => {
        await own().editSecret({ [contractKeys.clientSecret]: "edited" });
        return rightKey(contractKeys.clientSecret);
      },
    },
    {
      what: "client secret regenerated by hand",
      check: "credential",
      says: /Keycloak refuses the secret of client backstage \(401 unauthorized_client\).*; the Secret is stale: run pulumi up --refresh/,
      broken: async () => {
        const { admin, found, at } = await client();
        await admin.clients.generateNewClientSecret(at);
        return async () => (await keycloakAdmin()).clients.update(at, found);
      },
    },
    {
      what: "implicit flow, direct grants, service account and device grant turned on",
      check: "closed-doors",
      says: /the client also allows the implicit flow, direct grants, a service account, the device grant; run pulumi up --refresh/,
      broken: async () => {
        const { attributes } = (await client()).found;
        const flags = { implicitFlowEnabled: true, directAccessGrantsEnabled: true, serviceAccountsEnabled: true };
        return changeClient({
          ...flags,
          attributes: { ...attributes, "oauth2.device.authorization.grant.enabled": "true" },
        });
      },
    },
    {
      what: "Deployment scaled to 0",
      check: "rollout",
      says: /Deployment verify\/backstage is scaled to 0; run pulumi up --refresh, or scale it up/,
      broken: () => changeDeployment((spec) => (spec.replicas = 0), /scaled to 0/),
    },
    {
      what: "image missing",
      check: "rollout",
      says: /pod backstage-\S+: container backstage waits: \S*Image\S*: localhost\/missing:1; correct backstage\.image/,
      broken: () => changeDeployment((spec) => (backstageOf(spec).image = "localhost/missing:1"), /Image/),
    },
    {
      what: "Backstage crash",
      check: "rollout",
      says: pattern(
        /pod backstage-\S+: container backstage (?:waits: \S+|ended: \S+|runs, but is not ready)/,
        /, last exit code 3.*; mend what its log says, and run pulumi up/,
      ),
      broken: () =>
        changeDeployment(
          (spec) =>
            (backstageOf(spec).command = ["node", "-e", "console.log('no such module'); process.exit(3)", "--"]),
          /exit code 3[^]*no such module/,
        ),
    },
    {
      what: "hash stale",
      check: "pods",
      says: /pod backstage-\S+ was made for another content of the Secret; run pulumi up --refresh/,
      broken: () =>
        changeDeployment((spec) => {
          const annotations = spec.template.metadata?.annotations ?? {};
          annotations[checksumAnnotation("secret", context().outputs.contractSecret)] = "of-an-older-secret";
        }, /another content/),
    },
    {
      what: "certificate expired",
      check: "backstage-certificate",
      says: /the certificate of https:\S+ has expired on \S+; renew it/,
      broken: () => {
        front().show("expired");
        return Promise.resolve(() => {
          front().show("valid");
          return Promise.resolve();
        });
      },
    },
    {
      what: "clocks apart",
      check: "clock",
      says: /Backstage's clock, \d{3} s ahead of this machine's, is not Keycloak's: .*; set the clocks of both by NTP/,
      broken: () => {
        front().secondsAhead = 300;
        return Promise.resolve(() => Promise.resolve((front().secondsAhead = 0)));
      },
    },
    {
      what: "sub-path wrong",
      check: "start",
      says: /\/portal does not lead to Backstage: its path \/portal answers 404; correct the path in backstage\.url/,
      broken: () => {
        front().takesPathOff = false;
        return Promise.resolve(() => Promise.resolve((front().takesPathOff = true)));
      },
    },
  ];
}
