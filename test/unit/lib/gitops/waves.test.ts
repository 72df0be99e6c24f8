import assert from "node:assert/strict";
import fc from "fast-check";
import { chain, waveAnnotations, wavesOf, type Graph, type Link } from "../../../../lib/gitops/waves";

describe("lib/gitops/waves", () => {
  it("gives the chain the waves that the charts had", () => {
    const waves = wavesOf<Link>(chain);
    assert.deepEqual([waves.identity, waves.credential, waves.workload], [10, 15, 25]);
  });

  it("writes the wave as Argo CD reads it, a string", () => {
    assert.deepEqual(waveAnnotations("workload"), { "argocd.argoproj.io/sync-wave": "25" });
  });

  it("puts every link after all that it needs, in any graph", () => {
    const graphs = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 12 }).map((needs) =>
      // Each link may need only earlier ones, so no graph has a circle.
      Object.fromEntries(
        needs.map((wanted, link) => [`l${link}`, link === 0 ? [] : wanted.map((other) => `l${other % link}`)]),
      ),
    );
    fc.assert(
      fc.property(
        graphs,
        fc.integer({ min: -50, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (graph: Graph<string>, base, step) => {
          const waves = wavesOf(graph, { base, step });
          for (const [link, needed] of Object.entries(graph)) {
            for (const other of needed) assert.ok((waves[other] ?? NaN) < (waves[link] ?? NaN));
            if (needed.length === 0) assert.equal(waves[link], base);
          }
        },
      ),
    );
  });

  it("refuses links that need each other", () => {
    assert.throws(() => wavesOf({ a: ["b"], b: ["a"] }), /a -> b -> a need each other/);
  });
});
