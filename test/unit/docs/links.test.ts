import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import * as path from "node:path";

const root = path.join(__dirname, "../../..");
const pages = [...globSync("*.md", { cwd: root }), ...globSync("docs/**/*.md", { cwd: root })].sort();
const code = globSync("*/**/*.ts", { cwd: root, exclude: ["dist", "node_modules", "**/node_modules"] });
const folders = [...new Set(code.map((file) => file.split("/")[0] ?? ""))].sort();
/** What a test writes. */
const ARTIFACTS = "test/artifacts/";

/** The pages as they are read: what stands between fences is a program's or a shell's. */
const prose = new Map(
  pages.map((page) => [page, readFileSync(path.join(root, page), "utf8").replace(/^```.*?^```/gms, "")]),
);

/** A heading's anchor, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/[`*]|\]\(.*?\)/g, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
const anchorsOf = (page: string): string[] =>
  [...(prose.get(page) ?? "").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));

const found = (pattern: RegExp): { page: string; match: string }[] =>
  [...prose].flatMap(([page, text]) => [...text.matchAll(pattern)].map(([, match = ""]) => ({ page, match })));

describe("the pages", () => {
  it("link to files and headings that are there", () => {
    const links = found(/\]\(([^()\s]+)\)/g).filter(({ match }) => !/^https?:/.test(match));
    assert.ok(links.length > 60);
    const broken = links.filter(({ page, match }) => {
      const [file = "", anchor] = match.split("#");
      const target = file === "" ? page : path.join(path.dirname(page), file);
      return !existsSync(path.join(root, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    assert.deepEqual(broken, []);
  });

  it("name files that are there", () => {
    const names = found(/`([\w.-]+\/[\w./-]*)`/g).filter(({ match }) => folders.includes(match.split("/")[0] ?? ""));
    assert.ok(names.length > 60);
    assert.deepEqual(
      names.filter(({ match }) => match !== ARTIFACTS && !existsSync(path.join(root, match))),
      [],
    );
  });

  it("are all led to from the README", () => {
    const reached = new Set(["README.md"]);
    for (const page of reached)
      for (const [, link = ""] of (prose.get(page) ?? "").matchAll(/\]\(([\w./-]+\.md)[^)]*\)/g))
        reached.add(path.join(path.dirname(page), link));
    assert.deepEqual(
      pages.filter((page) => !reached.has(page) && page !== "CHANGELOG.md"),
      [],
    );
  });

  it("say of every folder what is in it", () => {
    const layout = /## Where everything is\n(.*?)\n## /s.exec(prose.get("README.md") ?? "")?.[1] ?? "";
    const described = [...layout.matchAll(/^\| .*?`([\w-]+)\/`/gm)].map(([, folder]) => folder);
    assert.deepEqual(described.sort(), folders);
  });
});
