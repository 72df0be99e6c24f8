import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { checks, serverSuites } from "../../sandbox/tests";

/** What actionlint does not look at: who gets which secret, and what runs in whose name. */

interface Job {
  if?: string;
  environment?: string;
  concurrency?: { "cancel-in-progress": boolean };
  strategy: { matrix: Record<string, string[]> };
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const github = path.join(__dirname, "..", "..", ".github");
const files = readdirSync(github, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yml"));
const textOf = (file: string): string => readFileSync(path.join(github, file), "utf8");
const workflows = files
  .filter((file) => file.startsWith("workflows"))
  .map((file) => ({ file, text: textOf(file), workflow: parse(textOf(file)) as Workflow }));

describe("the workflows", () => {
  it("are these", () =>
    assert.deepEqual(workflows.map(({ file }) => path.basename(file, ".yml")).sort(), [
      "check",
      "deploy",
      "drift",
      "preview",
      "render",
      "suites",
    ]));

  it("pin every action by its commit", () => {
    const used = files.flatMap((file) => [...textOf(file).matchAll(/uses: (\S+)(.*)/g)]);
    assert.ok(used.length > 10);
    for (const [line, action, version] of used)
      if (action !== "./.github/actions/prepare")
        assert.match(`${action ?? ""}${version ?? ""}`, /^[\w-]+\/[\w-]+@[a-f0-9]{40} # v\d+\.\d+\.\d+$/, line);
  });

  it("may read the repository, and a preview also comment", () => {
    for (const { file, workflow } of workflows) {
      const { contents, ...more } = workflow.permissions;
      assert.equal(contents, "read", file);
      assert.deepEqual(more, file.includes("preview") ? { "pull-requests": "write" } : {}, file);
    }
  });

  it("show no secret to a fork's pull request", () => {
    for (const { file, text, workflow } of workflows) {
      assert.ok(!("pull_request_target" in workflow.on) && !("workflow_run" in workflow.on), file);
      const hasSecrets = text.includes("secrets.");
      assert.equal(hasSecrets, !/check|render|suites/.test(file), file);
      for (const job of Object.values(workflow.jobs)) {
        assert.equal(job.environment !== undefined, hasSecrets, file);
        if (hasSecrets && "pull_request" in workflow.on)
          assert.equal(job.if, "github.event.pull_request.head.repo.full_name == github.repository", file);
      }
    }
  });

  it("run every suite, some on a pull request and all by night", () => {
    const parts = (name: string): unknown =>
      Object.values(workflows.find(({ file }) => file.includes(name))?.workflow.jobs ?? {})[0]?.strategy.matrix;
    assert.deepEqual(parts("check"), { part: Object.keys(checks) });
    const named = serverSuites().filter((suite) => suite !== "e2e");
    assert.deepEqual(parts("suites"), { only: ["", ...named] });
  });

  it("never cut a deploy off", () => {
    const deploy = workflows.find(({ file }) => file.includes("deploy"))?.workflow;
    assert.equal(deploy?.jobs.deploy?.concurrency?.["cancel-in-progress"], false);
  });
});
