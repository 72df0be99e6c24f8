import * as keycloak from "@pulumi/keycloak";
import * as random from "@pulumi/random";
import assert from "node:assert/strict";
import { record, valueOf } from "../recorder";

describe("the recorder", () => {
  for (const preview of [false, true]) {
    it(`sees options, references and inputs (${preview ? "preview" : "update"})`, async () => {
      const { find, reach, result } = await record(() => {
        const password = new random.RandomPassword("p", { length: 8 }, { protect: true });
        const realm = new keycloak.Realm(
          "r",
          { realm: "r", displayName: password.result },
          { customTimeouts: { create: "5s" } },
        );
        return new keycloak.Realm("s", { realm: "s" }, { dependsOn: [realm], parent: realm });
      }, preview);
      const [password, realm, child] = [
        find("random:index/randomPassword:RandomPassword", "p"),
        find("keycloak:index/realm:Realm", "r"),
        find("keycloak:index/realm:Realm", "s"),
      ];
      assert.equal(password.protect, true);
      assert.equal(realm.protect, false);
      assert.equal(realm.createTimeout, "5s");
      assert.deepEqual(realm.propertyDependencies.displayName, [password.urn]);
      assert.equal(realm.inputs.displayName, "result-of-p");
      assert.equal(child.parent, realm.urn);
      assert.ok(child.dependencies.includes(realm.urn) && !child.dependencies.includes(password.urn));
      assert.ok(reach(child.urn).has(password.urn));
      assert.equal(await valueOf(result.realm), "s");
    });
  }

  it("refuses a type that it has no outputs for", async () => {
    await assert.rejects(
      record(() => valueOf(new keycloak.DefaultRoles("g", { realmId: "r", defaultRoles: [] }).id)),
      /no outputs for keycloak:index\/defaultRoles:DefaultRoles/,
    );
  });
});
