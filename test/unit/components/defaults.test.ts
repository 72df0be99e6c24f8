import assert from "node:assert/strict";
import * as path from "node:path";
import { withDefaults } from "../../../components/support/defaults";
import { componentsPage } from "../../../docs/generate/components";
import { backstageDefaults } from "../../../lib/settings/backstage";
import { externalDefaults, postgresDefaults } from "../../../lib/settings/database";
import { realmDefaults } from "../../../lib/settings/realm";

const root = path.join(__dirname, "../../..");
const page = componentsPage(path.join(root, "components"), path.join(root, "lib"));

/** What a component says of the defaults of its inputs, by their names. */
function said(component: string): Map<string, string> {
  const section = page.split(`\n## ${component}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.matchAll(/^\| `([\w.]+)` \| `.*?` \| (.*?) \| .* \|$/gm);
  return new Map([...rows].map(([, name = "", byDefault = ""]) => [name, byDefault]));
}

/** The defaults by their paths; what is no group is a value of its own. */
const flat = (value: unknown, at: string): [string, unknown][] =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) => flat(inner, at === "" ? key : `${at}.${key}`))
    : [[at, value]];

/** A list may be told in words. */
const forms = (value: unknown): string[] =>
  Array.isArray(value) && value.length === 0
    ? ["none", "nothing", "[]"]
    : [String(value), JSON.stringify(value), Array.isArray(value) ? value.join(" ") : ""];

describe("the defaults of a component", () => {
  const { resources, resolvers, ...ofBackstage } = backstageDefaults;
  const tables: [string, string, object][] = [
    ["Realm", "", realmDefaults],
    ["Backstage", "", ofBackstage],
    ["Database", "server", postgresDefaults],
    ["Database", "server", externalDefaults],
  ];
  for (const [component, at, defaults] of tables)
    it(`are those of the settings, as it says itself: ${component} ${Object.keys(defaults)[0] ?? ""}`, () => {
      const rows = said(component);
      const wrong = flat(defaults, at).filter(([name, value]) => !forms(value).includes(rows.get(name) ?? "missing"));
      assert.deepEqual(wrong, []);
    });

  it("are said in words where they are too long for a table", () => {
    const rows = said("Backstage");
    const { requests, limits } = resources;
    assert.equal(rows.get("resources"), `${requests.cpu} and ${requests.memory}, and ${limits.memory}`);
    assert.deepEqual(resolvers, [{ resolver: "emailMatchingUserEntityProfileEmail" }]);
    assert.equal(rows.get("resolvers"), "by the e-mail address");
  });

  it("fill in what is left out, undefined too, member by member, and leave an Output whole", () => {
    const defaults = { port: 1, list: [1], group: { one: 1, two: 2 } };
    class Output {
      readonly one = 9;
    }
    const output = new Output();
    assert.deepEqual(withDefaults({}, defaults), defaults);
    assert.deepEqual(withDefaults({ port: undefined, list: [], group: { two: 3 }, more: true }, defaults), {
      port: 1,
      list: [],
      group: { one: 1, two: 3 },
      more: true,
    });
    assert.equal(withDefaults({ group: output }, defaults).group, output);
    assert.equal(withDefaults({ flag: false }, { flag: true }).flag, false);
  });
});
