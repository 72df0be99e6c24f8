import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { median } from "../../../bench/figures";
import { answerOf } from "../../../bench/race/answers";
import { ExternalSecrets } from "../../../bench/race/externalSecrets";
import { racePage } from "../../../docs/generate/racePage";
import { racePlot } from "../../../docs/generate/racePlot";
import { readResults, type Result } from "../../../bench/race/results";
import { summaries } from "../../../bench/race/summary";
import { watch } from "../../../bench/race/watch";
import type { SignIn } from "../../../verify/signIn";
import { pattern } from "../../pattern";

const good: SignIn = { ok: true, userEntityRef: "user:default/racer-0", backstageToken: "", seconds: 1 };
const ended = (step: "start" | "form" | "credentials" | "handler", why: string): SignIn => ({
  ok: false,
  step,
  why,
  isReported: true,
  seconds: 1,
});
const refusal = ended(
  "handler",
  "Authentication rejected, unauthorized_client (Invalid client or Invalid client credentials)",
);

describe("bench/race: what a sign-in came to", () => {
  const answers: [SignIn, string][] = [
    [good, "good"],
    [ended("start", "ECONNREFUSED"), "notUp"],
    [ended("start", "UND_ERR_SOCKET"), "notUp"],
    [ended("start", "The operation was aborted due to timeout"), "notUp"],
    [ended("start", "Backstage answers 500 where a sign-in starts"), "failed"],
    // Keycloak being away is not Backstage being not up.
    [ended("form", "ECONNREFUSED"), "failed"],
    [ended("form", "Keycloak shows no sign-in form (400): Client not found."), "failed"],
    // Keycloak refuses the flow there, not the credential.
    [ended("form", "Keycloak shows no sign-in form (302): error=unauthorized_client"), "failed"],
    [ended("credentials", "Keycloak refuses user racer-0 or the password"), "failed"],
    [refusal, "refused"],
    [
      ended("handler", "Authentication rejected, invalid_client (Invalid client or Invalid client credentials)"),
      "refused",
    ],
    [ended("handler", "Authentication failed, no valid key found in issuer's jwks_uri"), "failed"],
    [ended("handler", "ECONNREFUSED"), "failed"],
  ];
  for (const [outcome, answer] of answers) {
    it(`${outcome.ok ? "a token" : `${outcome.step}: ${outcome.why}`} is ${answer}`, () => {
      assert.equal(answerOf(outcome), answer);
    });
  }
});

describe("bench/race: watching", () => {
  it("counts each answer, and goes on for a while after the first good one", async function () {
    this.timeout(20_000);
    const script = [ended("start", "ECONNREFUSED"), refusal, ended("form", "ECONNRESET"), good, refusal];
    let next = 0;
    const { tries, firstGood, said, ...counts } = await watch(() => Promise.resolve(script[next++] ?? good), 60);
    assert.deepEqual(counts, { bound: 60, notUp: 1, refused: 2, failed: 1, fellBack: 1 });
    assert.deepEqual(said, { [`handler: ${(refusal as { why: string }).why}`]: 2, "form: ECONNRESET": 1 });
    assert.ok(tries === next && tries > 10, `${tries} tries`);
    assert.ok(firstGood !== null && firstGood > 0.5 && firstGood < 5);
  });

  it("gives up after the bound, and never has one user come twice at once", async function () {
    this.timeout(20_000);
    const busy = new Set<number>();
    const { firstGood, refused, tries } = await watch(async (user) => {
      assert.ok(!busy.has(user), `racer ${user} comes twice`);
      busy.add(user);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      busy.delete(user);
      return refusal;
    }, 2);
    assert.equal(firstGood, null);
    assert.ok(refused === tries && tries >= 4, `${tries} tries`);
  });
});

describe("bench/race: the External Secrets Operator's part", () => {
  it("tries again after a failure, and with interval 0 never after a success", async function () {
    this.timeout(15_000);
    const times: number[] = [];
    const operator = new ExternalSecrets(() => {
      times.push(performance.now());
      return times.length < 3 ? Promise.reject(new Error("not there")) : Promise.resolve();
    }, 0);
    await operator.start();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(times.length, 3);
    const [first = 0, second = 0, third = 0] = times;
    assert.ok(second - first > 900 && third - second > 1900, "1 s, then 2 s");
  });

  it("with an interval goes on until it is stopped", async () => {
    let syncs = 0;
    const operator = new ExternalSecrets(() => {
      syncs++;
      return Promise.resolve();
    }, 0.1);
    await operator.start();
    await new Promise((resolve) => setTimeout(resolve, 500));
    operator.stop();
    const atStop = syncs;
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(atStop > 2 && syncs <= atStop + 1, `${atStop}, then ${syncs}`);
  });
});

const result = (values: Partial<Result>): Result => ({
  ...{
    date: "2026-01-02T03:04:05Z",
    case: "fresh",
    contestant: "as it was",
    delay: 0,
    load: 1,
    versions: "all of them",
  },
  ...{ bound: 120, tries: 10, notUp: 1, refused: 0, failed: 0, fellBack: 0, firstGood: 10, said: {} },
  ...values,
});

describe("bench/race: the summary", () => {
  it("the median is the middle, or between the two of the middle, whatever their order", () => {
    assert.equal(median([10, 9, 100]), 10);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  const results = [
    result({ contestant: "hybrid", case: "domain", firstGood: 3 }),
    result({
      firstGood: null,
      refused: 100,
      said: { "handler: racer-1 unauthorized_client": 60, "handler: racer-2 unauthorized_client": 40 },
    }),
    result({ firstGood: 20 }),
    result({ firstGood: 30, fellBack: 2, failed: 2 }),
    result({ delay: 5, firstGood: null, hands: { what: "a hand", seconds: 7 } }),
    result({ contestant: "direct" }),
  ];

  it("counts the installs of each cell, in the order of cases, delays and contestants", () => {
    assert.deepEqual(
      summaries(results).map(({ case: which, contestant, delay, installs }) => [which, delay, contestant, installs]),
      [
        ["fresh", 0, "as it was", 3],
        ["fresh", 0, "direct", 1],
        ["fresh", 5, "as it was", 1],
        ["domain", 0, "hybrid", 1],
      ],
    );
  });

  it("tells those that recovered from those that did not, and what hands did", () => {
    const [first, , third] = summaries(results);
    assert.deepEqual(
      [first?.firstGood, first?.refused, first?.fellBack, first?.hands],
      [[20, 30], [100, 0, 0], 1, undefined],
    );
    assert.deepEqual([third?.firstGood, third?.hands], [[], { what: "a hand", needed: 1, seconds: [7] }]);
  });

  it("a row says it all", () => {
    const page = racePage(
      "before <!-- results: made by npm run docs -->what was there<!-- end of results --> after",
      results,
    );
    assert.match(
      page,
      pattern(
        /^before <!-- results.*-->\n6 installs, on 2026-01-02; all of them; the machine's load was 1\. /,
        /Not run yet: installed again, [^.]*; realm deleted and made again\.\n/,
      ),
    );
    assert.match(page, /<!-- end of results --> after$/);
    assert.doesNotMatch(page, /what was there/);
    assert.match(
      page,
      pattern(
        /^\| from nothing, Keycloak at once \| as it was \| 3 \| \*\*0 \(0 to 100\)\*\* \| /m,
        /\*\*0 \(0 to 2\)\*\* \| 25 \(20 to 30\) s \| 2 of 3, 1 fell back \|  \|$/m,
      ),
    );
    assert.match(
      page,
      /^\| from nothing, Keycloak 5 s late \| as it was \| 1 \| 0 \| 0 \| \*\*not in 120 s\*\* \| 0 of 1 \| 7 s: a hand \|$/m,
    );
    assert.match(page, /^\| from nothing \| as it was \| 100 \| `handler: racer unauthorized_client` \|$/m);
    assert.throws(() => racePage("nothing", results), /docs\/race\.md lacks the lines/);
  });

  it("the plot has a dot for each install, filled where it came to a sign-in", () => {
    const dots = [...racePlot(results).matchAll(/<circle [^>]*>/g)].map(([dot]) => dot);
    assert.equal(
      dots.filter((dot) => dot.includes('fill="none"')).length,
      2,
      "a hollow one for each row with installs that never came",
    );
    assert.equal(dots.filter((dot) => !dot.includes('fill="none"')).length, 4);
    assert.match(racePlot(results), />1 of 3 \(120 s\)</);
  });

  it("docs/race.md and docs/race.svg are made of the results; npm run docs writes them", () => {
    const read = (name: string): string => fs.readFileSync(path.join(__dirname, "../../../docs", name), "utf8");
    assert.equal(read("race.md"), racePage(read("race.md"), readResults()));
    assert.equal(read("race.svg"), racePlot(readResults()));
    assert.ok(readResults().length > 0);
  });
});
