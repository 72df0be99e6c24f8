import assert from "node:assert/strict";
import fc from "fast-check";
import {
  asksForOverlap,
  changesSecret,
  withStrategy,
  overlapOf,
  rotationStrategies,
  signInClients,
  slots,
  stepFault,
  type LastRotation,
  type Rotation,
} from "../../../../lib/keycloak/rotation";

const AT = "2026-11-25T10:00:00Z";
const NOW = Date.parse(AT) / 1000;
const DAY = 86_400;
const rotation = (more: Partial<Rotation>): Rotation => ({
  generation: 2,
  strategy: "overlap",
  at: AT,
  gracePeriod: 3600,
  ...more,
});
const last = (generation: number, graceEnds = 0): LastRotation => ({
  generation,
  strategy: "replace",
  graceBegan: graceEnds,
  graceEnds,
});
/** After an overlap of an hour. */
const overlapped = (generation: number, graceEnds: number): LastRotation => ({
  generation,
  strategy: "overlap",
  graceBegan: graceEnds - 3600,
  graceEnds,
});
const blueGreen = (generation: number, step?: Rotation["step"]): Rotation & LastRotation => ({
  ...rotation({ generation, step }),
  strategy: "blue-green",
  graceBegan: 0,
  graceEnds: 0,
});

describe("lib/keycloak/rotation", () => {
  it("keeps the secret in use, in its place, when the next one is made", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (generation) => {
        const [now, next] = [slots(generation), slots(generation + 1)];
        assert.deepEqual(next.previous, now.current);
        assert.notEqual(next.current.suffix, now.current.suffix);
      }),
    ));

  it("overlaps from the run that raises the generation until the grace period is over", () => {
    const began = { from: NOW, until: NOW + 3600 };
    assert.deepEqual(overlapOf(rotation({}), last(1), NOW + 60), began);
    assert.deepEqual(overlapOf(rotation({ at: "2026-11-25T12:00:00+02:00" }), last(1), NOW + 60), began);
    assert.deepEqual(overlapOf(rotation({ at: undefined }), last(1), NOW + 0.5), began);
    for (const none of [rotation({ generation: 1 }), rotation({ strategy: "replace" })])
      assert.equal(overlapOf(none, last(1), NOW), undefined);
    assert.equal(overlapOf(rotation({}), undefined, NOW), undefined);
  });

  it("keeps an overlap as it began, whatever the settings say later, and begins none for a generation that came without", () => {
    const began = { from: NOW, until: NOW + 3600 };
    for (const later of [{}, { at: undefined }, { gracePeriod: 60 }, { at: "2027-11-25T10:00:00Z" }]) {
      for (const now of [NOW, NOW + 365 * DAY])
        assert.deepEqual(overlapOf(rotation(later), overlapped(2, NOW + 3600), now), began);
      assert.equal(overlapOf(rotation(later), last(2), NOW), undefined);
    }
  });

  it("is by overlap as soon as there is a secret to keep and Keycloak can, unless something else is configured", () => {
    const strategies = (wanted: Partial<Rotation>) =>
      [true, false].map((can) => withStrategy({ ...rotation({}), ...wanted }, can, last(1)).strategy);
    assert.deepEqual(strategies({ strategy: undefined }), ["overlap", "replace"]);
    assert.deepEqual(strategies({ strategy: undefined, generation: 1 }), ["replace", "replace"]);
    for (const strategy of rotationStrategies) assert.deepEqual(strategies({ strategy }), [strategy, strategy]);
  });

  it("keeps what was decided when the generation was raised, without another question", () => {
    const unset = rotation({ strategy: undefined, at: undefined });
    for (const strategy of rotationStrategies) {
      const before = { ...last(2), strategy };
      for (const can of [true, false]) assert.equal(withStrategy(unset, can, before).strategy, strategy);
      assert.equal(asksForOverlap(unset, before), false);
      assert.equal(asksForOverlap({ ...unset, generation: 3 }, before), true);
    }
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

  it("tells a new secret of the client in use, also where a prepared rotation is abandoned for it", () => {
    assert.equal(changesSecret(rotation({ strategy: "replace" }), blueGreen(2, "prepare")), true);
    assert.equal(changesSecret(rotation({ strategy: "replace", generation: 1 }), blueGreen(2, "prepare")), false);
    assert.equal(changesSecret(blueGreen(2, "switch"), blueGreen(2, "prepare")), false);
    assert.equal(changesSecret(rotation({}), last(2)), false);
  });

  const wait = /while Keycloak still accepts the secret before 2, until 2026-11-25T10:01:00\.000Z; wait until then\./;
  const faults: [string, Rotation, LastRotation | undefined, RegExp | undefined][] = [
    ["the first update", rotation({ at: undefined }), undefined, undefined],
    ["the first update with the time of another stack", rotation({ at: "2025-11-25T10:00:00Z" }), undefined, undefined],
    [
      "an overlap with nothing before it",
      rotation({}),
      undefined,
      /rotation\.at is set, and 2 came without an overlap/,
    ],
    ["what is left of a rotation before", rotation({ at: "2025-11-25T10:00:00Z" }), last(2), undefined],
    ["no rotation", rotation({ at: undefined }), overlapped(2, NOW + 60), undefined],
    ["the time of an overlap that began then", rotation({}), overlapped(2, NOW + 3600), undefined],
    ["the next generation", rotation({}), last(1), undefined],
    ["the next generation without a time", rotation({ at: undefined }), last(1), undefined],
    [
      "a lowered generation",
      rotation({ generation: 1 }),
      last(2),
      /rotation\.generation is 1, and 2 is in use; .* so raise it\./,
    ],
    ["a lowered generation, by replace", rotation({ generation: 1, strategy: "replace" }), last(2), /raise it\./],
    ["two generations at once", rotation({ generation: 3 }), last(1), /raise it by one\./],
    ["two at once, where nothing overlaps", rotation({ generation: 3, strategy: "replace" }), last(1), undefined],
    ["a second rotation in the grace period", rotation({ generation: 3 }), overlapped(2, NOW + 60), wait],
    [
      "a second rotation in the grace period by replace, for a secret that has leaked",
      rotation({ generation: 3, strategy: "replace" }),
      overlapped(2, NOW + 60),
      undefined,
    ],
    ["blue and green in the grace period", blueGreen(3), overlapped(3, NOW + 60), /wait until then\./],
    ["an end of the grace period by replace", rotation({ strategy: "replace" }), overlapped(2, NOW + 60), undefined],
    // A secret that was replaced does not come back.
    [
      "an overlap for what was replaced",
      rotation({}),
      last(2),
      /rotation\.at is set, and 2 came without an overlap; .* so remove it, or raise rotation\.generation\./,
    ],
    ["overlap from the next generation on, for what was replaced", rotation({ at: undefined }), last(2), undefined],
    [
      "another time after the lapse",
      rotation({}),
      overlapped(2, NOW - 30 * DAY),
      /rotation\.at is not what it was .* until 2026-10-26T10:00:00\.000Z and no other time; remove it, or raise/,
    ],
    ["another time before it", rotation({}), overlapped(2, NOW + 60), /rotation\.at is not what it was/],
    [
      "another period after the lapse",
      rotation({ at: "2026-11-24T10:00:00Z", gracePeriod: 6 * DAY }),
      overlapped(2, NOW - DAY + 3600),
      /rotation\.gracePeriod is not what it was .*; set it to 1h0m0s, or raise/,
    ],
    [
      "another period before it",
      rotation({ at: undefined, gracePeriod: 1800 }),
      overlapped(2, NOW + 60),
      /rotation\.gracePeriod is not what it was/,
    ],
    [
      "the period of the next rotation, once this one is over",
      rotation({ at: undefined, gracePeriod: 1800 }),
      overlapped(2, NOW - 60),
      undefined,
    ],
    // What begins is bounded, by Keycloak's clock.
    [
      "a time in another century",
      rotation({ at: "2099-06-01T00:00:00Z" }),
      last(1),
      /rotation\.at is 2099-06-01T00:00:00Z, and by Keycloak's clock it is 2026-11-25T10:00:00\.000Z; set it to now, or remove it/,
    ],
    ["a clock that is a day ahead", rotation({ at: "2026-11-26T10:00:00Z" }), last(1), /by Keycloak's clock/],
    ["a clock that is a minute ahead", rotation({ at: "2026-11-25T10:01:00Z" }), last(1), undefined],
    ["a clock that is a day behind", rotation({ at: "2026-11-24T10:00:00Z" }), last(1), /rotation\.at is too long ago/],
    [
      "a rotation that was asked for long ago",
      rotation({ at: "2026-11-25T09:01:00Z" }),
      last(1),
      /rotation\.at is too long ago.*set it to now, or remove it/,
    ],
    [
      "a time long ago with a period to match",
      rotation({ at: "2020-11-25T10:00:00Z", gracePeriod: 2300 * DAY }),
      last(1),
      /rotation\.gracePeriod is 55200h0m0s, and rotation\.maxGracePeriod is 168h0m0s; shorten/,
    ],
    ["more than seven days", rotation({ gracePeriod: 7 * DAY + 1 }), last(1), /maxGracePeriod/],
    [
      "more than seven days, where that is allowed",
      rotation({ gracePeriod: 8 * DAY, maxGracePeriod: 30 * DAY }),
      last(1),
      undefined,
    ],
    [
      "no period at all",
      rotation({ gracePeriod: 0 }),
      last(1),
      /rotation\.gracePeriod is 0s, and a rollout may take 300 s/,
    ],
    [
      "a period shorter than a rollout",
      rotation({ gracePeriod: 299, at: undefined }),
      last(1),
      /rotation\.gracePeriod is 4m59s/,
    ],
    ["blue and green prepared", blueGreen(2, "prepare"), blueGreen(1), undefined],
    ["blue and green prepared, after another strategy", blueGreen(2, "prepare"), last(1), undefined],
    ["blue and green switched", blueGreen(2, "switch"), blueGreen(2, "prepare"), undefined],
    ["blue and green switched back", blueGreen(2, "prepare"), blueGreen(2, "switch"), undefined],
    ["blue and green ended", blueGreen(2), blueGreen(2, "switch"), undefined],
    ["a prepared rotation given up", blueGreen(1), blueGreen(2, "prepare"), undefined],
    [
      "a prepared rotation given up for another strategy",
      rotation({ generation: 1, strategy: "replace" }),
      blueGreen(2, "prepare"),
      undefined,
    ],
    ["a prepared rotation that becomes an overlap", rotation({}), blueGreen(2, "prepare"), undefined],
    [
      "the next one prepared before the last one ended",
      blueGreen(3, "prepare"),
      blueGreen(2, "switch"),
      /now set rotation\.generation to 2 and remove rotation\.step\./,
    ],
    [
      "a return to the client that has gone",
      blueGreen(2, "switch"),
      blueGreen(2),
      /now set rotation\.generation to 3 and rotation\.step to prepare\./,
    ],
    [
      "blue and green unprepared",
      blueGreen(2),
      blueGreen(1),
      /takes three runs, .*; now set rotation\.generation to 2 and rotation\.step to prepare\./,
    ],
    [
      "blue and green ended without a switch",
      blueGreen(2),
      blueGreen(2, "prepare"),
      /now set rotation\.generation to 2 and rotation\.step to switch\./,
    ],
    [
      "another strategy while green is in use",
      rotation({ generation: 3 }),
      blueGreen(2),
      /leaves blue-green while the second client is in use; rotate by it once more first/,
    ],
    ["another strategy while blue is in use", rotation({ generation: 4 }), blueGreen(3), undefined],
    [
      "blue and green at a number of green's",
      blueGreen(2),
      last(2),
      /becomes blue-green while rotation\.generation is 2, .*raise it by one with the strategy before first\./,
    ],
  ];
  for (const [what, wanted, before, fault] of faults) {
    it(`${fault === undefined ? "accepts" : "refuses"} ${what}`, () => {
      const said = stepFault(wanted, before, 300, NOW);
      if (fault === undefined) assert.equal(said, undefined);
      else assert.match(said ?? "", fault);
    });
  }
});
