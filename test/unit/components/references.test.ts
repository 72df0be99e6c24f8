import * as keycloak from "@pulumi/keycloak";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { program } from "../../../program/platform";
import { decidedSettings, parseConfig } from "../../../config";

describe("objects that are only read", () => {
  it("may have the names of the program's own without its prefix", async () => {
    const extraEnv = ["app-config", "gate"].map((configMap, index) => ({ name: `A${index}`, configMap }));
    const settings = parseConfig({
      environment: "dev",
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform" },
      backstage: { url: "https://b.example.com", image: "registry.example.com/b:1", extraEnv },
    });
    const names: string[] = [];
    await pulumi.runtime.setMocks({
      newResource: ({ type, name, inputs }) => {
        if (type === "kubernetes:core/v1:ConfigMap") names.push(name);
        return { id: `${name}-id`, state: { ...(inputs as object), result: "generated" } };
      },
      call: () => ({}),
    });
    program(decidedSettings(settings), {
      keycloak: new keycloak.Provider("keycloak", { clientId: "x" }),
      kubernetes: new k8s.Provider("kubernetes"),
    });
    await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
    assert.deepEqual(names.sort(), [
      "backstage-app-config",
      "backstage-gate",
      "backstage-reads-app-config",
      "backstage-reads-gate",
    ]);
  });
});
