import assert from "node:assert/strict";
import fc from "fast-check";
import { contractKeys, secretsPath, standbyKeys } from "../../../../lib/pod/contract";
import { connectionRemedy, credentialsFrom, pauseAfter } from "../../../../lib/pod/scripts/keycloak.mjs";
import { liveFault, readyFault, SILENCE, takeoverOf, type State } from "../../../../lib/pod/scripts/judge.mjs";
import {
  backstageScripts,
  gateContainers,
  gateEnv,
  gateNames,
  healthEnv,
  podScripts,
  probes,
} from "../../../../lib/pod/gates";

const namesOf = (env: ReturnType<typeof gateEnv>): string[] => env.map(({ name }) => name as string);

const expected = {
  issuer: "https://id.example.com/realms/platform",
  clientId: "backstage",
  generations: { client: 1, session: 1 },
};
const settings = { gateSeconds: 240, expected };
const health = { port: 7007, healthPort: 7008, startPath: "/api/auth/oidc/start?env=dev", startSeconds: 600 };

describe("lib/pod/gates", () => {
  it("asks for the Secret before it asks Keycloak", () => {
    assert.deepEqual([...gateNames], ["wait-for-secrets", "verify-credentials"]);
    assert.deepEqual(
      gateContainers({ image: "i" }, settings).map(({ name }) => name),
      [...gateNames],
    );
  });

  it("runs each gate in what it has in common with Backstage", () => {
    for (const container of gateContainers({ image: "localhost/app:1", volumeMounts: [] }, settings)) {
      assert.equal(container.image, "localhost/app:1");
      assert.deepEqual(container.command, ["node", "/etc/backstage-gate/gate.mjs", container.name]);
    }
  });

  it("tells the scripts every key, path and bound, and no secret", () => {
    const env = Object.fromEntries(gateEnv(settings).map(({ name, value }) => [name as string, value]));
    assert.equal(env.GATE_REQUIRED_KEYS, Object.values(contractKeys).join(","));
    assert.equal(env.GATE_SECRETS_PATH, secretsPath);
    assert.equal(env.GATE_TIMEOUT_SECONDS, "240");
    assert.deepEqual(JSON.parse(env.GATE_EXPECTED as string), expected);
    assert.ok([...gateEnv(settings), ...healthEnv(health)].every((variable) => variable.valueFrom === undefined));
  });

  it("reads every environment variable that it is told, and is told every one that it reads", () => {
    const read = new Set(
      Object.values(podScripts(backstageScripts)).flatMap((script) => script.match(/GATE_[A-Z_]*[A-Z]/g) ?? []),
    );
    // Those come with a database (lib/backstage/startCommand.ts), and from the preload itself.
    const told = new Set([...namesOf(gateEnv(settings)), ...namesOf(healthEnv(health)), "GATE_DATABASE", "GATE_APP"]);
    assert.deepEqual([...read].sort(), [...told].sort());
  });

  it("ships every script that a script of the pod loads", () => {
    for (const names of [undefined, backstageScripts]) {
      const scripts = podScripts(names);
      const loaded = Object.values(scripts).flatMap((script) =>
        [...script.matchAll(/^import .* from "\.\/([^"]+)"|new URL\("([^"]+\.mjs)"/gm)].map(
          ([, file, worker]) => file ?? worker ?? "",
        ),
      );
      assert.ok(loaded.length > 0 && loaded.every((file) => file in scripts), loaded.join(" "));
    }
  });

  it("takes the credentials from the contract Secret's keys", () => {
    const { metadataUrl, issuer, clientId, clientSecret } = contractKeys;
    assert.deepEqual(
      credentialsFrom((key) => key),
      [
        { metadataUrl, issuer, clientId, clientSecret },
        { metadataUrl, issuer, ...standbyKeys },
      ],
    );
    assert.equal(credentialsFrom((key) => (key === standbyKeys.clientId ? undefined : key)).length, 1);
  });

  it("says what to mend where the code of a failed connection does not", () => {
    const said = (code: string): string => connectionRemedy(code) ?? "";
    for (const code of [
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    ]) {
      assert.match(said(code), /backstage\.caBundle/, code);
    }
    assert.match(said("CERT_HAS_EXPIRED"), /^renew/);
    assert.match(said("ERR_TLS_CERT_ALTNAME_INVALID"), /another name/);
    for (const code of ["ENOTFOUND", "EAI_AGAIN"]) assert.match(said(code), /DNS/, code);
    for (const code of ["ECONNREFUSED", "ECONNRESET", "no answer in 5 s"]) assert.equal(said(code), "", code);
  });

  it("asks less and less often, not in step, and never before a server lets it", () => {
    const pauses = [1, 2, 3, 4, 5, 6, 20].map((failures) => pauseAfter(failures, 0, true, 0.5));
    assert.deepEqual(pauses, [2, 4, 8, 16, 30, 30, 30]);
    // What Keycloak does not write down may be asked again soon: whoever waits for a realm waits no longer than it
    // needs.
    assert.deepEqual(
      [1, 2, 3, 20].map((failures) => pauseAfter(failures, 0, false, 0.5)),
      [2, 4, 4, 4],
    );
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.nat(50), fc.nat(600), fc.boolean(), unit, (failures, asked, isEvent, random) => {
        const pause = pauseAfter(failures + 1, asked, isEvent, random);
        return pause >= asked && pause <= Math.max(asked, 37.5) && pause >= 1.5;
      }),
    );
    assert.notEqual(pauseAfter(5, 0, true), pauseAfter(5, 0, true));
  });

  it("asks a thread and starts no process, and leads requests elsewhere before it restarts what serves them", () => {
    const { startupProbe, readinessProbe, livenessProbe } = probes();
    for (const probe of [startupProbe, readinessProbe, livenessProbe])
      assert.ok(probe.exec === undefined && probe.httpGet !== undefined);
    const seconds = ({ periodSeconds, failureThreshold }: typeof readinessProbe): number =>
      Number(periodSeconds) * Number(failureThreshold);
    assert.ok(seconds(readinessProbe) < seconds(livenessProbe));
  });
});

const state = (over: Partial<State> = {}): State => ({
  since: 0,
  waits: false,
  wasReady: true,
  isReady: true,
  answered: 1000,
  proven: true,
  fault: "not proven",
  restart: undefined,
  takeover: undefined,
  ...over,
});

describe("lib/pod/scripts/judge", () => {
  const START = 600;
  it("judges a start by its time alone, and never while it waits for its turn", () => {
    const slow = { wasReady: false, isReady: false, proven: false, answered: 0, restart: "nothing to do with it" };
    assert.equal(liveFault(state(slow), START, START), undefined);
    assert.match(liveFault(state(slow), START + 1, START) ?? "", /not ready in 600 s.*backstage\.startSeconds/);
    assert.equal(liveFault(state({ ...slow, waits: true }), 100 * START, START), undefined);
    // Its time begins with its turn.
    assert.equal(liveFault(state({ ...slow, since: 5000 }), 5000 + START, START), undefined);
    assert.match(readyFault(state({ ...slow, waits: true })) ?? "", /another Backstage is starting/);
  });

  it("restarts a Backstage that is silent, whatever Keycloak and the Secret do", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), (proven, isReady) => {
        const hung = state({ proven, isReady });
        return (
          liveFault(hung, 1000 + SILENCE, START) === undefined &&
          /not answered/.test(liveFault(hung, 1001 + SILENCE, START) ?? "")
        );
      }),
    );
  });

  it("is ready once proven, for as long as Backstage is, and leaves the service before it restarts", () => {
    assert.equal(readyFault(state()), undefined);
    assert.equal(readyFault(state({ proven: false })), "not proven");
    assert.match(readyFault(state({ isReady: false })) ?? "", /not ready/);
    const going = state({ takeover: "why" });
    assert.deepEqual([readyFault(going), liveFault(going, 1000, START)], ["why", "why"]);
    // No state but a takeover takes a pod that is ready out of life.
    fc.assert(
      fc.property(
        fc.record({
          since: fc.nat(2000),
          waits: fc.boolean(),
          wasReady: fc.constant(true),
          isReady: fc.boolean(),
          proven: fc.boolean(),
        }),
        (over) => {
          const one = state(over);
          return readyFault(one) !== undefined || liveFault(one, 1000, START) === undefined;
        },
      ),
    );
  });

  it("takes over only what is proven in every part, at once only where what is in use is refused", () => {
    const answers = fc.constantFrom("accepted", "refused", "unknown");
    fc.assert(
      fc.property(
        fc.array(fc.record({ mounted: answers, inUse: answers }), { minLength: 1, maxLength: 4 }),
        (verdicts) => {
          const decision = takeoverOf(verdicts);
          if (verdicts.some(({ mounted }) => mounted !== "accepted")) return decision === "not proven";
          if (verdicts.some(({ inUse }) => inUse === "refused")) return decision === "go";
          return decision === (verdicts.some(({ inUse }) => inUse === "unknown") ? "unsure" : "wait");
        },
      ),
    );
  });
});
