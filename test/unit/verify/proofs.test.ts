import assert from "node:assert/strict";
import { catalogIsAccepted, lastProof, podsProveTheirs, proofFault } from "../../../verify/checks/proofs";
import type { Context } from "../../../verify/context";
import { CannotLook } from "../../../verify/runChecks";

const accepted = "Keycloak accepts the credential in use (400 invalid_grant); client backstage, client 2, session 1";
const refused =
  "Keycloak refuses the secret of client backstage (401 unauthorized_client): it is not the one that " +
  "Keycloak holds; every new sign-in fails: run pulumi up --refresh";

/** What is looked at, with a pod for each log. */
const context = (mode: string, logs: readonly string[]): Context => {
  const pods = logs.map((_, index) => ({ metadata: { name: `pod-${index}` } }));
  const core = { readNamespacedPodLog: ({ name }: { name: string }) => Promise.resolve(logs[Number(name.slice(4))]) };
  return {
    outputs: { mode, namespace: "n", deployment: "backstage" },
    cluster: { pods: () => Promise.resolve(pods), core },
  } as unknown as Context;
};

describe("verify/checks/proofs", () => {
  it("takes the last proof of the sign-in out of whatever else a log holds", () => {
    const log = [
      `health: proof: ${refused}`,
      '{"message":"GET / 200"}',
      `health: proof: ${accepted}`,
      "health: proof: Keycloak accepts the catalog's credential (400 invalid_grant)",
      "",
    ];
    assert.equal(lastProof(log.join("\n")), accepted);
    assert.equal(lastProof('{"message":"health: proof: forged"}\n'), undefined);
  });

  it("says what each pod uses, and how many use it", async () => {
    const log = `health: proof: ${accepted}\n`;
    assert.equal(await podsProveTheirs(context("hybrid", [log, log])), "2 of client backstage, client 2, session 1");
    const older = log.replace("client 2", "client 1");
    assert.equal(
      await podsProveTheirs(context("hybrid", [log, older])),
      "1 of client backstage, client 2, session 1; 1 of client backstage, client 1, session 1",
    );
  });

  it("names the pod whose credential is refused, and what to do", async () => {
    await assert.rejects(
      podsProveTheirs(context("hybrid", [`health: proof: ${accepted}`, `health: proof: ${refused}`])),
      {
        saw: /^pod pod-1: Keycloak refuses the secret of client backstage .*every new sign-in fails$/,
        remedy: "run pulumi up --refresh",
      },
    );
    // In direct the template says that it is the Secret's, and that was asked a moment ago.
    assert.match(await podsProveTheirs(context("direct", [`health: proof: ${refused}`])), /refused a while ago/);
  });

  it("does not take a pod that could not ask, or says nothing, for one that is refused", () => {
    for (const proof of [undefined, "not repeated: http://k:8080 cannot be reached (ECONNREFUSED)"])
      assert.ok(proofFault("p", proof) instanceof CannotLook);
  });

  it("asks for the catalog's credential what it asks for the sign-in's", async () => {
    const secret = { data: { KEYCLOAK_CATALOG_CLIENT_ID: Buffer.from("catalog").toString("base64") } };
    const none = {
      outputs: { namespace: "n", contractSecret: "s" },
      cluster: { core: { readNamespacedSecret: () => Promise.resolve(secret) } },
    } as unknown as Context;
    await assert.rejects(catalogIsAccepted(none), CannotLook);
  });
});
