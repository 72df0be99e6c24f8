import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { root, versions } from "../../sandbox/settings";
import { olderThan } from "../../sandbox/tools";

/** Versions that stand outside of a package manager's own files: each in one place, or the same in all. */

const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const found = (file: string, pattern: RegExp): string[] =>
  [...read(file).matchAll(new RegExp(pattern, "gm"))].map(([, version = ""]) => version);
const nodeVersion = found("sandbox/run", /node_version=(\S+)/)[0] ?? "";

describe("the versions", () => {
  it("of the Pulumi CLI come from .pulumi.version", () => {
    const workflows = globSync(".github/workflows/*.yml", { cwd: root });
    const steps = workflows.flatMap((file) => found(file, /uses: (pulumi\/actions)@/));
    const named = workflows.flatMap((file) => found(file, /pulumi-version[\w-]*: (.*)/));
    assert.ok(steps.length > 2);
    assert.deepEqual(
      named,
      steps.map(() => ".pulumi.version"),
    );
    assert.deepEqual(found("sandbox/go/pulumi/go.mod", /pulumi\/pkg\/v3 v(\S+)/), [versions.pulumi]);
  });

  it("of what Go builds are those that the platform claims", () =>
    assert.deepEqual(found("sandbox/go/kubernetes/go.mod", /k8s\.io\/kubernetes v(\S+)/), [versions.kubernetes]));

  it("of the development container suffice", () => {
    const dockerfile = ".devcontainer/Dockerfile";
    assert.deepEqual(found(dockerfile, /FROM node:([\d.]+)-/), [nodeVersion]);
    const [go = ""] = found(dockerfile, /FROM golang:([\d.]+)-/);
    const asked = globSync("sandbox/go/*/go.mod", { cwd: root }).flatMap((file) => found(file, /^go (\S+)$/m));
    assert.ok(asked.length > 4);
    for (const version of asked) assert.ok(!olderThan(go, version), `Go ${go}, and ${version} is asked for`);
  });

  it("are found by Renovate, each by one manager", () => {
    const { customManagers } = JSON.parse(read("renovate.json")) as {
      customManagers: { managerFilePatterns: string[]; matchStrings: string[] }[];
    };
    const files = globSync(["*", ".*", "sandbox/*"], { cwd: root, exclude: ["node_modules", ".git"] });
    const current = customManagers.flatMap(({ managerFilePatterns, matchStrings }) => {
      const its = managerFilePatterns.map((pattern) => new RegExp(pattern.slice(1, -1)));
      const matched = files.filter((file) => its.some((pattern) => pattern.test(file)));
      return matched.flatMap((file) =>
        matchStrings.flatMap((text) =>
          [...read(file).matchAll(new RegExp(text, "g"))].map(({ groups }) => groups?.currentValue),
        ),
      );
    });
    assert.deepEqual(current.sort(), [...Object.values(versions), nodeVersion].sort());
  });
});
