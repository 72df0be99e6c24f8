import assert from "node:assert/strict";
import fc from "fast-check";
import { clientIdOf, decided, overlapOf, rotationStrategies, slots, stepFault, type Rotation } from "../../../lib/rotation";

const NOW = Date.parse("2026-11-25T10:00:00Z") / 1000;
const rotation = (more: Partial<Rotation>): Rotation => ({ generation: 2, strategy: "overlap", at: "2026-11-25T10:00:00Z", gracePeriod: 3600, ...more });
const last = (generation: number, graceEnds = 0) => ({ generation, graceEnds });

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

  it("takes turns between blue and green, and only there", () => {
    const ids = [1, 2, 3].map((generation) => clientIdOf("backstage", rotation({ generation, strategy: "blue-green" })));
    assert.deepEqual(ids, ["backstage", "backstage-green", "backstage"]);
    assert.equal(clientIdOf("backstage", rotation({})), "backstage");
  });

  const faults: [string, Rotation, ReturnType<typeof last> | undefined, RegExp | undefined][] = [
    ["the first update", rotation({}), undefined, undefined],
    ["no rotation", rotation({ at: "2020-01-01T00:00:00Z" }), last(2, NOW + 60), undefined],
    ["the next generation", rotation({}), last(1), undefined],
    ["a lowered generation", rotation({ generation: 1 }), last(2), /rotation\.generation is 1, and 2 is in use; .* so raise it\./],
    ["a lowered generation, by replace", rotation({ generation: 1, strategy: "replace" }), last(2), /raise it\./],
    ["two generations at once", rotation({ generation: 3 }), last(1), /raise it by one\./],
    ["two at once, where nothing overlaps", rotation({ generation: 3, strategy: "replace" }), last(1), undefined],
    ["a second rotation in the grace period", rotation({ generation: 3 }), last(2, NOW + 60), /before 2, until 2026-11-25T10:01:00\.000Z; wait until then\./],
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
