import assert from "node:assert/strict";
import fc from "fast-check";
import { parseConfig } from "../../../config";
import type { LastRotation, Rotation } from "../../../lib/keycloak/rotation";
import {
  decideRotation,
  issuedAt,
  loweredFaults,
  secretsIn,
  type RotationFacts,
  type Decision,
} from "../../../preflight/decideRotation";
import { World, type Wanted } from "./rotationModel";

const NOW = Date.parse("2026-11-25T10:00:00Z") / 1000;
const wanted = (more: Omit<Partial<Rotation>, "maxGracePeriod">) => ({
  generation: 2,
  gracePeriod: 3600,
  maxGracePeriod: 604_800,
  sessionSecret: 1,
  catalogSync: 1,
  database: 1,
  users: 1,
  ...more,
});
const settings = (rotation: Omit<Partial<Rotation>, "maxGracePeriod">, mode: "direct" | "hybrid" = "direct") => ({
  mode,
  keycloak: { url: "https://id.example.com" },
  backstage: { clientId: "backstage", authEnvironment: "prod", rolloutSeconds: 300 },
  rotation: wanted(rotation),
});
const replaced = (generation: number): LastRotation => ({
  generation,
  strategy: "replace",
  graceBegan: 0,
  graceEnds: 0,
});
const overlapping: LastRotation = { generation: 2, strategy: "overlap", graceBegan: NOW - 60, graceEnds: NOW + 3540 };
const prepared: LastRotation = { generation: 2, strategy: "blue-green", step: "prepare", graceBegan: 0, graceEnds: 0 };

describe("a rotation's decision", () => {
  let questions: string[];
  const decide = (
    rotation: Omit<Partial<Rotation>, "maxGracePeriod">,
    last: LastRotation | undefined,
    asked: Partial<RotationFacts> & { feature?: boolean; answer?: "accepted" | "refused" | "unknown" } = {},
    mode?: "hybrid",
  ): Promise<Decision> => {
    questions = [];
    const { feature = true, answer = "accepted", ...more } = asked;
    return decideRotation(settings(rotation, mode), last, {
      featureIsActive: () => Promise.resolve(questions.push("feature") > 0 && feature),
      accepts: ({ clientId, generation }) =>
        Promise.resolve(questions.push(`${clientId} ${generation}`) > 0 ? answer : "unknown"),
      begunGeneration: () => 0,
      now: NOW,
      ...more,
    });
  };

  it("begins an overlap with the run that raises the generation, by Keycloak's clock", async () => {
    for (const strategy of ["overlap", undefined] as const) {
      const { overlap, fault, warnings, rotation } = await decide({ strategy }, replaced(1));
      assert.deepEqual(
        { overlap, fault, warnings, strategy: rotation.strategy },
        { overlap: { from: NOW, until: NOW + 3600 }, fault: undefined, warnings: [], strategy: "overlap" },
      );
      assert.deepEqual(questions, ["feature", "backstage 1"]);
    }
  });

  it("keeps what it decided when Keycloak learns to overlap, and when it forgets it, and asks nothing", async () => {
    const learnt = await decide({}, replaced(2));
    assert.deepEqual(
      [learnt.rotation.strategy, learnt.overlap, learnt.fault, learnt.warnings],
      ["replace", undefined, undefined, []],
    );
    assert.deepEqual(questions, []);
    const forgot = await decide({}, overlapping, { feature: false });
    assert.deepEqual(
      [forgot.rotation.strategy, forgot.overlap, forgot.fault, forgot.warnings],
      ["overlap", { from: NOW - 60, until: NOW + 3540 }, undefined, []],
    );
    assert.deepEqual(questions, ["backstage 1"]);
  });

  it("warns only, when overlap is configured and Keycloak has lost it, until the generation is raised", async () => {
    const { fault, warnings } = await decide({ strategy: "overlap" }, overlapping, { feature: false });
    assert.equal(fault, undefined);
    assert.match(
      warnings.join(),
      /runs without the feature client-secret-rotation; start Keycloak with .*, or the next rotation by overlap is refused\./,
    );
    for (const [rotation, last] of [
      [{ generation: 3 }, { ...overlapping, graceEnds: NOW - 1 }],
      [{ generation: 1 }, replaced(1)],
      [{ generation: 1 }, undefined],
    ] as const) {
      assert.match(
        (await decide({ strategy: "overlap", ...rotation }, last, { feature: false })).fault ?? "",
        /^rotation\.strategy is overlap, and https:\/\/id\.example\.com runs without/,
      );
    }
  });

  it("never gives Keycloak a secret back that it refuses", async () => {
    // A run by replace that was killed, or a secret that was changed in Keycloak itself.
    const refused = await decide({ strategy: "overlap" }, replaced(1), { answer: "refused" });
    assert.match(
      refused.fault ?? "",
      /Keycloak refuses secret 1 of backstage, which would so come back; set it to replace\./,
    );
    for (const strategy of ["overlap", undefined] as const) {
      assert.match(
        (await decide({ strategy }, replaced(1), { answer: "unknown" })).fault ?? "",
        /whether Keycloak accepts secret 1 of backstage now is not known; run this again/,
      );
    }
    const unset = await decide({}, replaced(1), { answer: "refused" });
    assert.deepEqual([unset.fault, unset.rotation.strategy, unset.overlap], [undefined, "replace", undefined]);
    assert.match(unset.warnings.join(), /^rotation by replace/);
    // A run that ended the overlap and was killed before it said so.
    const ended = await decide({ strategy: "overlap" }, overlapping, { answer: "refused" });
    assert.deepEqual([ended.fault, ended.overlap], [undefined, undefined]);
    assert.match(ended.warnings.join(), /the secret before 2 is refused from this run on/);
  });

  it("goes on from what a run has begun that did not end", async () => {
    const begun = (): number => 3;
    assert.match(
      (await decide({ strategy: "replace" }, replaced(2), { begunGeneration: begun })).fault ?? "",
      /rotation\.generation is 2, and a run that did not end has begun 3; .* so set it to 3\./,
    );
    assert.match(
      (await decide({ generation: 1, strategy: "replace" }, prepared, { begunGeneration: () => 2 })).fault ?? "",
      /has begun 2/,
    );
    assert.equal(
      (await decide({ generation: 3, strategy: "replace" }, replaced(2), { begunGeneration: begun })).fault,
      undefined,
    );
  });

  it("warns wherever the secret in use changes at once", async () => {
    const warned = async (...args: Parameters<typeof decide>): Promise<string> =>
      (await decide(...args)).warnings.join();
    for (const last of [replaced(1), prepared, { ...overlapping, generation: 1 }])
      assert.match(await warned({ strategy: "replace" }, last), /^rotation by replace: sign-in is refused/);
    assert.match(
      await warned({ strategy: "replace" }, overlapping),
      /^the secret before 2 is refused from this run on, and not from 2026-11-25T10:59:00\.000Z/,
    );
    for (const last of [undefined, replaced(2)]) assert.equal(await warned({ strategy: "replace" }, last), "");
    assert.equal(await warned({ generation: 1, strategy: "replace" }, prepared), "");
  });

  it("does not take blue and green for given up where the settings no longer say so", async () => {
    assert.match(
      (await decide({}, prepared)).fault ?? "",
      /now set rotation\.generation to 2 and rotation\.step to switch/,
    );
    const green: LastRotation = { generation: 2, strategy: "blue-green", graceBegan: 0, graceEnds: 0 };
    assert.equal((await decide({}, green)).rotation.strategy, "blue-green");
    assert.match(
      (await decide({}, green, {}, "hybrid")).fault ?? "",
      /mode is hybrid while a rotation by blue-green has the second client in use/,
    );
    assert.equal((await decide({ generation: 3 }, { ...green, generation: 3 }, {}, "hybrid")).fault, undefined);
  });

  it("refuses a lowered generation of any other client", () => {
    const { rotation, catalogSync, clients } = parseConfig({
      environment: "prod",
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform" },
      backstage: { url: "https://dev.example.com", image: "registry.example.com/backstage:1" },
      catalogSync: { enabled: true },
      rotation: { catalogSync: 2 },
      clients: [
        {
          clientId: "app",
          rootUrl: "https://app.example.com",
          redirectUris: ["https://app.example.com/cb"],
          secret: { namespace: "app", name: "app", generation: 2 },
        },
      ],
    });
    const said = (begun: number): string[] => loweredFaults({ rotation, catalogSync, clients }, () => begun);
    for (const fine of [0, 1, 2]) assert.deepEqual(said(fine), []);
    assert.deepEqual(said(3), [
      "rotation.catalogSync is 2, and 3 was begun; an old secret does not come back, so set it to 3 or more.",
      "clients.0.secret.generation is 2, and 3 was begun; an old secret does not come back, so set it to 3 or more.",
    ]);
  });

  it("reads Keycloak's clock off a token, and the begun secrets off the state", () => {
    const token = (body: unknown): string => `e30.${Buffer.from(JSON.stringify(body)).toString("base64url")}.sig`;
    assert.equal(issuedAt(token({ iat: 1_795_600_000 })), 1_795_600_000);
    for (const opaque of ["", "opaque", token({}), token({ iat: "now" })]) assert.equal(issuedAt(opaque), undefined);
    const { begunGeneration: begun, secretOf } = secretsIn({
      passwords: new Map([
        ["backstage-secret", "three"],
        ["backstage-secret-even", "two"],
      ]),
      generations: new Map([
        ["backstage-secret", 3],
        ["backstage-secret-even", 2],
      ]),
    });
    assert.deepEqual([begun("backstage"), begun("backstage-green")], [3, 0]);
    assert.deepEqual(
      [1, 2, 3, 4].map((generation) => secretOf("backstage", generation)),
      [undefined, "two", "three", undefined],
    );
  });
});

/** What somebody or something does next. The generation is that of the last update and so many more. */
type Event =
  | {
      readonly kind: "run";
      readonly more: number;
      readonly strategy: Rotation["strategy"];
      readonly step: Rotation["step"];
      readonly at: "none" | "now" | "kept" | number;
      readonly gracePeriod: string | undefined;
      readonly mode: Wanted["mode"];
      readonly killedAfter: number | undefined;
    }
  /** The settings that were last tried, again. */
  | { readonly kind: "again"; readonly killedAfter: number | undefined }
  /** The steps of a rotation by blue and green, in their order. */
  | { readonly kind: "next step"; readonly killedAfter: number | undefined }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "feature" }
  | { readonly kind: "clock"; readonly ahead: number };

const DAY = 86_400;
const often = <T>(value: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: fc.constantFrom(value, ...others) });
const killedAfter = fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined, freq: 2 });
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("run" as const),
      more: fc.constantFrom(1, 1, 1, 0, 0, -1, 2),
      strategy: fc.constantFrom("overlap", "overlap", undefined, "replace", "blue-green"),
      step: often<Rotation["step"]>(undefined, "prepare", "switch"),
      at: often<"none" | "now" | "kept" | number>("none", "now", "kept", -365 * DAY, 365 * DAY, 50 * 365 * DAY),
      gracePeriod: often<string | undefined>(undefined, "0", "4m", "10m", "24h", "160h", "8760h"),
      mode: often<Wanted["mode"]>("direct", "handover", "hybrid"),
      killedAfter,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("again" as const), killedAfter }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("next step" as const), killedAfter }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      seconds: fc.constantFrom(30, 600, 4000, 2 * DAY, 400 * DAY),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "feature" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clock" as const), ahead: fc.constantFrom(0, DAY, -DAY) }) },
);

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Rotates by blue and green, a step further than the last update. */
function nextStep({ strategy, generation, step }: LastRotation): Pick<Wanted, "generation" | "step"> {
  if (strategy === "blue-green" && step === "prepare") return { generation, step: "switch" };
  if (strategy === "blue-green" && step === "switch") return { generation };
  return { generation: generation + 1, step: "prepare" };
}

async function play(world: World, events: readonly Event[]): Promise<void> {
  let ahead = 0;
  let at: string | undefined;
  let tried: Wanted = { mode: "direct" };
  await world.run(tried);
  for (const one of events) {
    if (one.kind === "wait") world.wait(one.seconds);
    else if (one.kind === "feature") world.feature = !world.feature;
    else if (one.kind === "clock") ahead = one.ahead;
    else {
      if (one.kind === "next step") tried = { mode: "direct", strategy: "blue-green", ...nextStep(world.rotation) };
      if (one.kind === "run") {
        const { generation } = world.rotation;
        if (one.at === "none") at = undefined;
        else if (one.at !== "kept") at = iso(world.clock + ahead + (one.at === "now" ? 0 : one.at));
        tried = {
          mode: one.mode,
          generation: Math.max(1, generation + one.more),
          ...(one.strategy === undefined ? {} : { strategy: one.strategy }),
          ...(one.step === undefined ? {} : { step: one.step }),
          ...(at === undefined ? {} : { at }),
          ...(one.gracePeriod === undefined ? {} : { gracePeriod: one.gracePeriod }),
        };
      }
      await world.run(tried, one.killedAfter);
    }
    world.check();
  }
}

const run = { kind: "run", more: 0, strategy: "overlap", step: undefined, at: "none", gracePeriod: undefined } as const;

/** What a run of this property has found: to hybrid, while pods know a second client of which no output tells. */
const found: Event[] = [
  { ...run, mode: "handover", killedAfter: undefined },
  { kind: "next step", killedAfter: 8 },
  { ...run, more: 1, mode: "direct", killedAfter: 0 },
  { kind: "wait", seconds: 30 },
  { ...run, more: 1, mode: "hybrid", killedAfter: undefined },
];

describe("a rotation, by any settings in any order, with runs that end in the middle", function () {
  this.timeout("2m");

  it("refuses no pod of the last rollout its secret, and accepts none again that was refused", async () => {
    const sum = new World().count;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 30 }), async (events) => {
        const world = new World();
        await play(world, events);
        for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += world.count[key];
      }),
      { numRuns: Number(process.env.ROTATION_RUNS ?? 1500), examples: [[found]] },
    );
    console.log(
      `      ${Object.entries(sum)
        .map(([key, value]) => `${value} ${key}`)
        .join(", ")}`,
    );
    // A property that is never put to the test holds for nothing.
    for (const [what, times] of Object.entries(sum)) assert.ok(times > 0, `never ${what}`);
  });
});
