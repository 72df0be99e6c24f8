import assert from "node:assert/strict";
import fc from "fast-check";
import { fromTheTop, groupName, groupPath, parentOf, withParents } from "../../../../lib/keycloak/groups";

const part = fc.stringMatching(/^[a-z ]{1,4}$/);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const groups = fc.uniqueArray(path, { maxLength: 6 }).map((names) => names.map((name) => ({ name })));
const all = (given: { name: string }[]): { name: string }[] => withParents(given, (name) => ({ name }));

describe("lib/keycloak/groups", () => {
  it("knows one path by two spellings", () =>
    assert.equal(groupPath("/platform/team-a"), groupPath("platform/team-a")));

  it("takes a path apart", () => {
    assert.deepEqual([groupName("platform/team-a"), parentOf("platform/team-a")], ["team-a", "platform"]);
    assert.deepEqual([groupName("developers"), parentOf("developers")], ["developers", undefined]);
  });

  it("adds every group around those that are named, once, and leaves these where they stand", () => {
    fc.assert(
      fc.property(groups, (given) => {
        const names = all(given).map(({ name }) => name);
        assert.deepEqual(
          names.slice(0, given.length),
          given.map(({ name }) => name),
        );
        assert.equal(new Set(names).size, names.length);
        for (const name of names) assert.ok(parentOf(name) === undefined || names.includes(parentOf(name) ?? ""), name);
      }),
    );
  });

  it("lets no group come before the one around it", () => {
    fc.assert(
      fc.property(groups, (given) => {
        const names = fromTheTop(all(given)).map(({ name }) => name);
        names.forEach((name, index) =>
          assert.ok(parentOf(name) === undefined || names.indexOf(parentOf(name) ?? "") < index, name),
        );
      }),
    );
  });
});
