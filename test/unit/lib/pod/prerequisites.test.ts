import assert from "node:assert/strict";
import { parseConfig } from "../../../../config";
import { neededFault, neededObjects } from "../../../../lib/pod/prerequisites";

const namesOf = (backstage: object, clients: object[] = []): string[] =>
  neededObjects(
    parseConfig({
      environment: "dev",
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform" },
      backstage: { url: "https://b.example.com", image: "registry.example.com/b:1", ...backstage },
      clients,
    }),
  ).map(({ setting, kind, namespace, name, key }) => `${setting} ${kind} ${namespace}/${name} ${key ?? ""}`.trim());

const client = (clientId: string, namespace: string, createNamespace: boolean): object => ({
  clientId,
  rootUrl: `https://${clientId}.example.com`,
  redirectUris: [`https://${clientId}.example.com/callback`],
  secret: { namespace, name: clientId, createNamespace },
});

describe("what somebody else has to make", () => {
  it("is nothing for a stack that makes all it uses", () => {
    assert.deepEqual(
      namesOf({}, [client("a", "backstage", false), client("b", "apps", true), client("c", "apps", false)]),
      [],
    );
  });

  it("is every object that the settings name, with the key that is read", () => {
    const backstage = {
      database: {
        kind: "external",
        host: "db.example.com",
        credentials: { secret: "db" },
        tls: { ca: { configMap: "db-ca" } },
      },
      caBundle: { configMap: "ca" },
      extraEnv: [
        { name: "A", value: "1" },
        { name: "TOKEN_NAME", secret: "s", key: "k" },
        { name: "C", configMap: "c" },
      ],
      extraVolumes: [
        { name: "v", mountPath: "/v", claim: "disk" },
        { name: "w", mountPath: "/w", emptyDir: "1Gi" },
      ],
    };
    assert.deepEqual(namesOf(backstage, [client("argo", "argo", false)]), [
      "clients.0.secret.namespace Namespace /argo",
      "backstage.database.credentials.secret Secret backstage/db username",
      "backstage.database.credentials.secret Secret backstage/db password",
      "backstage.database.tls.ca.configMap ConfigMap backstage/db-ca ca.crt",
      "backstage.caBundle.configMap ConfigMap backstage/ca ca.crt",
      "backstage.extraEnv.1.secret Secret backstage/s k",
      "backstage.extraEnv.2.configMap ConfigMap backstage/c C",
      "backstage.extraVolumes.0.claim PersistentVolumeClaim backstage/disk",
    ]);
  });

  it("is missed in one sentence that names the setting", () => {
    const secret = {
      setting: "backstage.caBundle.secret",
      kind: "Secret",
      namespace: "backstage",
      name: "ca",
      key: "ca.crt",
    } as const;
    assert.equal(neededFault(secret, ["ca.crt"]), undefined);
    assert.equal(
      neededFault(secret, []),
      "backstage.caBundle.secret names Secret backstage/ca, which has no key ca.crt; add it, or correct the key.",
    );
    assert.equal(
      neededFault(secret, undefined),
      "backstage.caBundle.secret names Secret backstage/ca, which is not there; create it first, or correct backstage.caBundle.secret.",
    );
    assert.equal(
      neededFault({ setting: "clients.0.secret.namespace", kind: "Namespace", namespace: "", name: "argo" }, undefined),
      "clients.0.secret.namespace names Namespace argo, which is not there; create it, or set clients.0.secret.createNamespace to true.",
    );
  });
});
