import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { databaseSettings } from "../../sandbox/postgres";
import { root } from "../../sandbox/settings";
import { platform, story, TestStack } from "./harness";

describe("somebody's own program out of the components", function () {
  this.timeout("8m");
  story();
  let own: TestStack;
  before(async () => {
    own = await TestStack.create("components", 32);
    await own.configure({ backstage: { database: await databaseSettings(await platform()) } });
    const file = path.join(own.stack.folder, "Pulumi.yaml");
    const main = path.join(root, "test", "e2e", "components", "index.ts");
    const runtime = { name: "nodejs", options: { tsconfig: path.join(root, "tsconfig.pulumi.json") } };
    fs.writeFileSync(file, stringify({ ...(parse(fs.readFileSync(file, "utf8")) as object), runtime, main }));
  });
  after(() => own.remove());

  it("comes up under names of its own, and changes nothing when it is run again", async () => {
    await own.up();
    const { namespace, deployment, contractSecret, issuer } = await own.outputs();
    assert.deepEqual([namespace, deployment, contractSecret], ["portal-system", "portal", "portal-oidc"]);
    assert.match(issuer, /\/realms\/company$/);
    await own.up("--expect-no-changes");
  });

  it("signs its own user in, and every link of its chain holds", async () => {
    const { userPasswords } = await own.outputs();
    assert.deepEqual(Object.keys(userPasswords), ["grace"]);
    await own.mustHold();
    const { userEntityRef } = await own.mustSignIn({ username: "grace", password: userPasswords.grace ?? "" });
    assert.equal(userEntityRef, "user:default/grace");
  });
});
