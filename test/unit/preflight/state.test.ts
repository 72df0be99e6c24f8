import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { type State, readState } from "../../../preflight/state";

describe("preflight/state", () => {
  const read = async (outputs: object, isComponent?: boolean): Promise<State> => {
    await pulumi.runtime.setMocks(
      { newResource: () => ({ id: "", state: {} }), call: () => ({ outputs }) },
      "backstage-keycloak",
      "prod",
      false,
      "organization",
    );
    return readState(isComponent);
  };
  const urn = (path: string): string => `urn:pulumi:prod::backstage-keycloak::${path}`;

  it("knows each object by its place, and where Pulumi keeps it", async () => {
    const secret = urn("backstage-keycloak:credential:ContractSecret$kubernetes:core/v1:Secret::backstage-env-vars");
    const namespace = urn("kubernetes:core/v1:Namespace::backstage");
    const client = urn("backstage-keycloak:identity:OidcClient$keycloak:openid/client:Client::backstage");
    const { urns, isEmpty } = await read({
      [secret]: {
        type: "kubernetes:core/v1:Secret",
        outputs: { metadata: { namespace: "backstage", name: "backstage-env-vars" } },
      },
      // Some servers and some stand-ins give a namespace a namespace.
      [namespace]: {
        type: "kubernetes:core/v1:Namespace",
        outputs: { metadata: { namespace: "default", name: "backstage" } },
      },
      [client]: { type: "keycloak:openid/client:Client", outputs: { clientId: "backstage" } },
    });
    assert.deepEqual(Object.fromEntries(urns), {
      "Secret backstage/backstage-env-vars": secret,
      "Namespace backstage": namespace,
      "client backstage": client,
    });
    assert.ok(!isEmpty);
  });

  it("calls what is below the component as the program does, and nothing beside it", async () => {
    const type = "kubernetes:core/v1:Namespace";
    const { urns, isEmpty } = await read(
      {
        [urn(`their:index:Thing$backstage-keycloak:index:BackstageWithKeycloak$${type}::ours`)]: {
          type,
          outputs: { metadata: { name: "ours" } },
        },
        [urn(`${type}::theirs`)]: { type, outputs: { metadata: { name: "theirs" } } },
      },
      true,
    );
    assert.deepEqual(Object.fromEntries(urns), { "Namespace ours": `::${type}::ours`, "Namespace theirs": "::" });
    assert.ok(!isEmpty);
    const component = "backstage-keycloak:index:BackstageWithKeycloak";
    const before = {
      [urn(`${component}::portal`)]: { type: component, outputs: {} },
      [urn(`${type}::theirs`)]: { type, outputs: { metadata: { name: "theirs" } } },
    };
    assert.ok((await read(before, true)).isEmpty);
  });

  it("has made nothing that it only reads", async () => {
    const { urns } = await read({
      [urn("backstage-keycloak:workload:Backstage$kubernetes:core/v1:Secret::backstage-reads-theirs")]: {
        type: "kubernetes:core/v1:Secret",
        outputs: { metadata: { namespace: "backstage", name: "theirs" } },
      },
      [urn("backstage-keycloak:workload:Database$kubernetes:core/v1:ConfigMap::backstage-database-reads-ca")]: {
        type: "kubernetes:core/v1:ConfigMap",
        outputs: { metadata: { namespace: "backstage", name: "ca" } },
      },
    });
    assert.deepEqual([...urns.keys()], []);
  });

  it("learns Keycloak's ids from what else is said of an object", async () => {
    const { ids } = await read({
      [urn("x::backstage")]: {
        type: "keycloak:openid/clientDefaultScopes:ClientDefaultScopes",
        outputs: { clientId: "c1" },
      },
      [urn("x::users-ada")]: { type: "keycloak:index/userGroups:UserGroups", outputs: { userId: "u1" } },
      [urn("x::groups")]: {
        type: "keycloak:openid/groupMembershipProtocolMapper:GroupMembershipProtocolMapper",
        outputs: { clientScopeId: "s1" },
      },
    });
    assert.deepEqual(Object.fromEntries(ids), {
      "client backstage": "c1",
      "user ada": "u1",
      "client scope groups": "s1",
    });
  });
});
