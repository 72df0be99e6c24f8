import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { contractKeys } from "../../lib/pod/contract";
import { startKeycloak, stopKeycloak } from "../../sandbox/keycloak";
import { waitFor } from "../../sandbox/process";
import { inPlatform, ports } from "../../sandbox/settings";
import { ensureDebianPackages } from "../../sandbox/tools";
import { Front } from "../e2e/front";
import { kubectl } from "../e2e/gitops";
import { meanwhile, platform, story, TestStack } from "../e2e/harness";
import { record } from "./records";
import { firstBroken, lineOf, secondsSince } from "./told";
import { pattern } from "../pattern";

const PORT_OFFSET = 25;
/** What shows a process another time than the machine's. */
const faketime = (): string | undefined => fs.globSync("/usr/lib/*/faketime/libfaketime.so.1")[0];
const LOG_MIB = 500;
/** Writes so many MiB to Backstage's standard output, 10 a second, from inside its container. */
const FILL = `
const fs = require("node:fs");
const chunk = ("x".repeat(1023) + "\\n").repeat(1024);
const out = fs.openSync("/proc/1/fd/1", "w");
let mib = 0;
const timer = setInterval(() => {
  fs.writeSync(out, chunk);
  if (++mib === ${LOG_MIB}) clearInterval(timer);
}, 100);
`;

describe("what is around Backstage fails", function () {
  this.timeout("10m");
  story();
  let own: TestStack;
  let front: Front;
  before(async () => {
    const { keycloakUrl } = await platform();
    own = await TestStack.create("surroundings", PORT_OFFSET);
    // Keycloak behind a certificate of an authority that nobody knows.
    front = await Front.start(new URL(keycloakUrl).hostname, ports.backstage + PORT_OFFSET + 1, "", keycloakUrl);
    await own.up();
    await own.mustHold();
  });
  after(async () => {
    await startKeycloak();
    await front.stop();
    await own.remove();
  });

  it("Keycloak's certificate is of an unknown authority: a run says so and changes nothing", async () => {
    await own.configure({ keycloak: { url: front.url, waitSeconds: 2 } });
    const { done, failed, tried } = await meanwhile(own.stack.up(), () => own.mustSignIn());
    const told = lineOf(
      done,
      pattern(
        /Keycloak: .*its certificate is not trusted here: /,
        /name the authority in backstage\.caBundle, on your own machine in NODE_EXTRA_CA_CERTS/,
      ),
    );
    assert.deepEqual(failed, []);
    assert.ok(tried > 1, String(tried));
    await own.configure();
    const began = performance.now();
    await own.up("--expect-no-changes");
    await own.mustHold();
    record({
      fault: "Keycloak's certificate is of an authority that the machine of `pulumi up` does not know",
      told,
      kept: "sign-ins all the while; every link of the chain",
      heals: "the authority in NODE_EXTRA_CA_CERTS, then pulumi up",
      seconds: secondsSince(began),
    });
  });

  const inPod: [string, () => string, RegExp][] = [
    [
      "The pod's DNS does not answer",
      () => "http://keycloak.example.com:8080",
      /cannot be reached \(EAI_AGAIN\); the DNS does not answer here: look at it/,
    ],
    [
      "Keycloak's certificate is of an authority that the pod does not know",
      () => front.url,
      /its certificate is not trusted here: name the authority in backstage\.caBundle/,
    ],
  ];
  for (const [fault, url, says] of inPod) {
    it(`${fault}: a new pod waits in its gate, and the one before it goes on`, async () => {
      const before = await own.pods();
      const { pathname } = new URL((await own.outputs()).credential[contractKeys.metadataUrl] ?? "");
      await own.editSecret({ [contractKeys.metadataUrl]: url() + pathname });
      await kubectl("rollout", "restart", "deployment/backstage", "-n", own.namespace);
      const told = await waitFor("what the gate says", 120, async () => {
        const said = await own.gateSays("verify-credentials", before.names);
        return says.test(said) ? said : Promise.reject(new Error(said));
      });
      await own.mustSignIn();
      assert.equal(await own.readyPods(), 1);
      const began = performance.now();
      await own.up("--refresh");
      await own.mustHold();
      record({
        fault,
        told: told.replace(/try \d+, \d+ of/, "try N, N of"),
        kept: "the pod before it, ready and never restarted; a sign-in before and after",
        heals: "by itself, once the URL leads to Keycloak again",
        seconds: secondsSince(began),
      });
    });
  }

  // A token of a clock that is ahead is valid all the longer; one of a clock behind has expired before it is read.
  for (const [direction, offset, refused] of [
    ["ahead", "+10m", ""],
    ["behind", "-10m", "JWT expired"],
  ] as const) {
    it(`Keycloak's clock is 10 minutes ${direction}: verify says so, and nothing is restarted`, async () => {
      await ensureDebianPackages({ libfaketime: () => faketime() !== undefined });
      const before = await own.pods();
      await stopKeycloak();
      const faked = { LD_PRELOAD: faketime(), FAKETIME: offset };
      Object.assign(process.env, faked);
      try {
        await startKeycloak();
      } finally {
        for (const name of Object.keys(faked)) Reflect.deleteProperty(process.env, name);
      }
      const outcome = await own.signIn();
      const why = outcome.ok ? "" : outcome.why;
      assert.ok(refused === "" ? outcome.ok : why.includes(refused), why);
      const told = await firstBroken(own);
      assert.match(told, /the clocks agree: Backstage's clock, .* is not Keycloak's: .*NTP/);
      await stopKeycloak();
      await startKeycloak();
      const began = performance.now();
      await own.untilSignIn(60);
      assert.deepEqual(await own.pods(), before);
      record({
        fault: `Keycloak's clock is 10 minutes ${direction}`,
        told,
        kept: `the same pod, ready and never restarted; a sign-in${outcome.ok ? ", also meanwhile" : ` (meanwhile refused: ${refused})`}`,
        heals: "by itself, with the clock",
        seconds: secondsSince(began),
      });
    });
  }

  it(`${LOG_MIB} MiB of logs: sign-ins go on, and the disk keeps little of it`, async () => {
    const before = await own.pods();
    const [pod = ""] = before.names;
    const folder = inPlatform("logs", "pods");
    const logged = (): number =>
      fs
        .readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.startsWith(`${own.namespace}_${pod}_`) && fs.statSync(path.join(folder, name)).isFile())
        .reduce((sum, name) => sum + fs.statSync(path.join(folder, name)).size, 0);
    const began = performance.now();
    const { failed, tried } = await meanwhile(
      kubectl("exec", pod, "-n", own.namespace, "-c", "backstage", "--", "node", "-e", FILL),
      () => own.mustSignIn(),
    );
    assert.deepEqual(failed, []);
    assert.ok(tried > 10, String(tried));
    // The kubelet looks every 10 s; it packs what it has rotated, but for the last.
    const kept = logged() / 2 ** 20;
    assert.ok(kept > 10 && kept < LOG_MIB / 2, `${kept.toFixed(0)} MiB are kept`);
    console.log(`      ${kept.toFixed(0)} MiB are kept`);
    await own.mustHold();
    assert.deepEqual(await own.pods(), before);
    record({
      fault: `Backstage writes ${LOG_MIB} MiB of logs, 10 MiB a second`,
      told: "nothing",
      kept: "sign-ins all the while, the same pod, never restarted",
      heals: "by itself: the kubelet rotates",
      seconds: secondsSince(began),
    });
  });
});
