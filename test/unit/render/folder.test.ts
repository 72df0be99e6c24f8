import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { document } from "../../../lib/gitops/files";
import { differences, write } from "../../../render/folder";

const text = (name: string): string => document({ name });

describe("render/folder", () => {
  let folder: string;
  beforeEach(() => (folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "render-")), "gitops", "dev")));
  afterEach(() => fs.rmSync(path.join(folder, "..", ".."), { recursive: true }));
  const there = (): string[] => fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

  it("writes what is wanted, removes what is not wanted any more, and touches nothing else", () => {
    assert.equal(
      write(
        folder,
        new Map([
          ["a/x.yaml", text("x")],
          ["y.yaml", text("y")],
        ]),
      ),
      2,
    );
    assert.deepEqual(there(), ["a", "a/x.yaml", "y.yaml"]);
    assert.equal(
      write(
        folder,
        new Map([
          ["y.yaml", text("y")],
          ["z.yaml", text("z")],
        ]),
      ),
      2,
    );
    assert.deepEqual(there(), ["a", "y.yaml", "z.yaml"]);
    assert.equal(
      write(
        folder,
        new Map([
          ["y.yaml", text("y")],
          ["z.yaml", text("z")],
        ]),
      ),
      0,
    );
  });

  it("names what differs, is missing and is no longer rendered", () => {
    write(
      folder,
      new Map([
        ["a.yaml", text("a")],
        ["b.yaml", text("b")],
      ]),
    );
    const wanted = new Map([
      ["a.yaml", text("other")],
      ["c.yaml", text("c")],
    ]);
    assert.deepEqual(differences(folder, wanted), [
      "a.yaml differs",
      "b.yaml is no longer rendered",
      "c.yaml is missing",
    ]);
  });

  for (const [what, make] of [
    ["a file of somebody else's", (file: string) => fs.writeFileSync(file, "kind: Secret\n")],
    ["a link", (file: string) => fs.symlinkSync("/etc/hostname", file)],
  ] as const) {
    it(`refuses ${what}, and leaves everything as it was`, () => {
      fs.mkdirSync(folder, { recursive: true });
      make(path.join(folder, "theirs.yaml"));
      assert.throws(
        () => write(folder, new Map([["theirs.yaml", text("ours")]])),
        /theirs\.yaml was not rendered by this program; move it away/,
      );
      assert.deepEqual(there(), ["theirs.yaml"]);
    });
  }

  it("refuses a folder in .git", () => {
    const inside = path.join(folder, ".git", "gitops");
    assert.throws(
      () => write(inside, new Map([["a.yaml", text("a")]])),
      /is inside \.git; choose another gitops\.folder/,
    );
    assert.ok(!fs.existsSync(inside));
  });
});
