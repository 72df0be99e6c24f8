import * as k8s from "@pulumi/kubernetes";
import * as random from "@pulumi/random";
import assert from "node:assert/strict";
import { collect } from "../../../render/collect";

const metadata = { name: "a" };
const password = (): random.RandomPassword => new random.RandomPassword("p", { length: 3 });

describe("render/collect", () => {
  it("collects what is asked for, and nothing that is no Kubernetes object", async () => {
    const { objects } = await collect(() => [
      password(),
      new k8s.core.v1.ConfigMap("a", { metadata, data: { key: "value" } }),
    ]);
    assert.deepEqual(objects, [{ apiVersion: "v1", kind: "ConfigMap", metadata, data: { key: "value" } }]);
  });

  it("refuses a Secret", () =>
    assert.rejects(
      collect(() => new k8s.core.v1.Secret("a", { metadata })),
      /^Error: Secret a has no place in Git/,
    ));

  it("refuses what only a server knows, and says where it stands", () =>
    assert.rejects(
      collect(() => new k8s.core.v1.ConfigMap("a", { metadata, data: { key: password().result } })),
      /^Error: ConfigMap\.data\.key of a is known to a server only/,
    ));

  it("fails with the program", () =>
    assert.rejects(
      collect(() => assert.fail("mistake")),
      /mistake/,
    ));
});
