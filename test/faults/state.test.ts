import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { run, sleep } from "../../sandbox/process";
import { stateFolder } from "../../sandbox/pulumi";
import { platform, story, TestStack } from "../e2e/harness";
import { record } from "./records";
import { lineOf, secondsSince } from "./told";

describe("the state", function () {
  this.timeout("8m");
  story();
  let own: TestStack;
  const kept = "every link of the chain, a sign-in, the same secret in state, Keycloak and Secret";
  before(async () => {
    await platform();
    // A disk of its own, which the test can fill; other stacks' states are below it until it goes.
    await run("mount", ["-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", stateFolder]);
    own = await TestStack.create("state", 23);
    await own.up();
    await own.mustHold();
  });
  after(async () => {
    await own.remove();
    await run("umount", [stateFolder]);
  });

  const files = (ending: string): string[] =>
    fs
      .readdirSync(stateFolder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(ending))
      .map((name) => path.join(stateFolder, name))
      .sort();

  it("of two runs at once one goes on, and the other is told who holds the stack", async () => {
    await own.configure({ rotation: { generation: 2, strategy: "replace" } });
    const first = own.stack.up();
    await sleep(3000);
    const second = await own.stack.up();
    const told = lineOf(second, /the stack is currently locked by 1 lock/);
    const { code, stdout } = await first;
    assert.equal(code, 0, stdout);
    const began = performance.now();
    await own.up("--expect-no-changes");
    await own.mustHold();
    record({
      fault: "Two `pulumi up` at once",
      told,
      kept,
      heals: "by itself: one goes on",
      seconds: secondsSince(began),
    });
  });

  it("has no room on its disk: the run says so, and the next one ends it", async () => {
    const { bavail, bsize } = fs.statfsSync(stateFolder);
    const filler = path.join(stateFolder, "filler");
    // Room for a lock, not for a state.
    fs.writeFileSync(filler, Buffer.alloc(bavail * bsize - 40_960));
    await own.configure({ rotation: { generation: 3, strategy: "replace" } });
    const failed = await own.stack.up();
    const told = lineOf(failed, /no space left on device/);
    fs.rmSync(filler);
    const began = performance.now();
    await own.stack.cancel();
    await own.up();
    await own.mustHold();
    record({
      fault: "The disk of the state is full",
      told: told.replaceAll(stateFolder, "STATE"),
      kept,
      heals: "make room, then pulumi cancel and pulumi up",
      seconds: secondsSince(began),
    });
  });

  it("is truncated: the run says so and changes nothing, and a backup brings it back", async () => {
    const [state = ""] = files("/state.json").filter((name) => name.includes("/stacks/"));
    const before = await own.pods();
    fs.truncateSync(state, Math.floor(fs.statSync(state).size / 2));
    const told = lineOf(await own.stack.up(), /error|unexpected/);
    assert.deepEqual(await own.pods(), before);
    const began = performance.now();
    const backup =
      files(".json")
        .filter((name) => name.includes("/backups/"))
        .at(-1) ?? "";
    fs.copyFileSync(backup, state);
    await own.up("--refresh");
    await own.mustHold();
    record({
      fault: "The state is truncated",
      told: told.replaceAll(stateFolder, "STATE"),
      kept,
      heals: "its newest backup in its place, then pulumi up --refresh",
      seconds: secondsSince(began),
    });
  });
});
