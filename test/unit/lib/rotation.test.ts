import assert from "node:assert/strict";
import fc from "fast-check";
import { decided, overlapOf, rotationStrategies, signInClients, slots, stepFault, type LastRotation, type Rotation } from "../../../lib/rotation";

const NOW = Date.parse("2026-11-25T10:00:00Z") / 1000;
const rotation = (more: Partial<Rotation>): Rotation => ({ generation: 2, strategy: "overlap", at: "2026-11-25T10:00:00Z", gracePeriod: 3600, ...more });
const last = (generation: number, graceEnds = 0): LastRotation => ({ generation, graceEnds });
const blueGreen = (generation: number, step?: Rotation["step"]): Rotation & LastRotation => ({ ...rotation({ generation, step, strategy: "blue-green" }), graceEnds: 0 });

describe("lib/rotation", () => {
  it("keeps the secret in use, in its place, when the next one is made", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (generation) => {
        const [now, next] = [slots(generation), slots(generation + 1)];
        assert.deepEqual(next.previous, now.current);
        assert.notEqual(next.current.suffix, now.current.suffix);
      }),
    ));

  it("overlaps from when it was asked for until the grace period is over, from the second generation on", () => {
    assert.deepEqual(overlapOf(rotation({})), { from: NOW, until: NOW + 3600 });
    assert.deepEqual(overlapOf(rotation({ at: "2026-11-25T12:00:00+02:00" })), { from: NOW, until: NOW + 3600 });
    for (const none of [rotation({ generation: 1 }), rotation({ strategy: "replace" }), rotation({ at: undefined })]) assert.equal(overlapOf(none), undefined);
  });

  it("is by overlap as soon as there is a secret to keep and Keycloak can, unless something else is configured", () => {
    const strategies = (wanted: Partial<Rotation>) => [true, false].map((can) => decided({ ...rotation({}), ...wanted }, can).strategy);
    assert.deepEqual(strategies({ strategy: undefined }), ["overlap", "replace"]);
    assert.deepEqual(strategies({ strategy: undefined, generation: 1 }), ["replace", "replace"]);
    for (const strategy of rotationStrategies) assert.deepEqual(strategies({ strategy }), [strategy, strategy]);
  });

  it("takes turns between blue and green, each with its environment, and has both while they change over", () => {
    const names = { clientId: "backstage", authEnvironment: "prod" };
    const [blue, green, next] = [
      { clientId: "backstage", environment: "prod", generation: 1 },
      { clientId: "backstage-green", environment: "prod-green", generation: 2 },
      { clientId: "backstage", environment: "prod", generation: 3 },
    ];
    const turns: [Rotation, ReturnType<typeof signInClients>][] = [
      [blueGreen(1), { active: blue, standby: undefined }],
      [blueGreen(2, "prepare"), { active: blue, standby: green }],
      [blueGreen(2, "switch"), { active: green, standby: blue }],
      [blueGreen(2), { active: green, standby: undefined }],
      [blueGreen(3, "prepare"), { active: green, standby: next }],
      [rotation({ generation: 2 }), { active: { ...blue, generation: 2 }, standby: undefined }],
    ];
    for (const [of, clients] of turns) assert.deepEqual(signInClients(names, of), clients);
  });

  it("never changes the client in use but for one that every pod knows already", () => {
    const names = { clientId: "backstage", authEnvironment: "prod" };
    const some = fc.record({
      strategy: fc.constantFrom(...rotationStrategies),
      generation: fc.integer({ min: 1, max: 6 }),
      step: fc.option(fc.constantFrom("prepare" as const, "switch" as const), { nil: undefined }),
    });
    const real = some.filter(({ strategy, generation, step }) => step === undefined || (strategy === "blue-green" && generation > 1));
    fc.assert(
      fc.property(real, real, (from, to) => {
        const fault = stepFault(rotation(to), { ...from, graceEnds: 0 }, 300, NOW);
        if (fault !== undefined || from.strategy !== "blue-green" && to.strategy !== "blue-green") return;
        const [before, now] = [signInClients(names, rotation(from)), signInClients(names, rotation(to))];
        // Leaving blue-green with a new secret is what the other strategies are about.
        if (to.strategy !== "blue-green") assert.equal(now.active.clientId, before.active.clientId);
        else assert.ok([before.active, before.standby].some((known) => known?.clientId === now.active.clientId && known.generation === now.active.generation));
      }),
      { numRuns: 5000 },
    );
  });

  const faults: [string, Rotation, LastRotation | undefined, RegExp | undefined][] = [
    ["the first update", rotation({}), undefined, undefined],
    ["no rotation", rotation({ at: "2020-01-01T00:00:00Z" }), last(2, NOW + 60), undefined],
    ["the next generation", rotation({}), last(1), undefined],
    ["a lowered generation", rotation({ generation: 1 }), last(2), /rotation\.generation is 1, and 2 is in use; .* so raise it\./],
    ["a lowered generation, by replace", rotation({ generation: 1, strategy: "replace" }), last(2), /raise it\./],
    ["two generations at once", rotation({ generation: 3 }), last(1), /raise it by one\./],
    ["two at once, where nothing overlaps", rotation({ generation: 3, strategy: "replace" }), last(1), undefined],
    ["a second rotation in the grace period", rotation({ generation: 3 }), last(2, NOW + 60), /before 2, until 2026-11-25T10:01:00\.000Z; wait until then\./],
    ["blue and green prepared", blueGreen(2, "prepare"), blueGreen(1), undefined],
    ["blue and green prepared, after another strategy", blueGreen(2, "prepare"), last(1), undefined],
    ["blue and green switched", blueGreen(2, "switch"), blueGreen(2, "prepare"), undefined],
    ["blue and green switched back", blueGreen(2, "prepare"), blueGreen(2, "switch"), undefined],
    ["blue and green ended", blueGreen(2), blueGreen(2, "switch"), undefined],
    ["the next one prepared before the last one ended", blueGreen(3, "prepare"), blueGreen(2, "switch"), undefined],
    ["blue and green unprepared", blueGreen(2), blueGreen(1), /takes three runs, .*; now set rotation\.generation to 2 and rotation\.step to prepare\./],
    ["blue and green ended without a switch", blueGreen(2), blueGreen(2, "prepare"), /now set rotation\.generation to 2 and rotation\.step to switch\./],
    ["another strategy while green is in use", rotation({ generation: 3 }), blueGreen(2), /leaves blue-green while the second client is in use; rotate by it once more first/],
    ["another strategy while blue is in use", rotation({ generation: 4 }), blueGreen(3), undefined],
    ["blue and green at a number of green's", blueGreen(2), last(2), /becomes blue-green while rotation\.generation is 2, .*raise it by one with the strategy before first\./],
    ["a rotation that was asked for long ago", rotation({ at: "2026-11-25T09:01:00Z" }), last(1), /rotation\.at is too long ago.*set it to now\./],
  ];
  for (const [what, wanted, before, fault] of faults) {
    it(`${fault === undefined ? "accepts" : "refuses"} ${what}`, () => {
      const said = stepFault(wanted, before, 300, NOW);
      if (fault === undefined) assert.equal(said, undefined);
      else assert.match(said ?? "", fault);
    });
  }
});
