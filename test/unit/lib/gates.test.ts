import assert from "node:assert/strict";
import { contractKeys, secretsPath, standbyKeys } from "../../../lib/contract";
import { connectionRemedy, credentialsFrom } from "../../../lib/gate/keycloak.mjs";
import { gateContainers, gateEnv, gateNames, podScripts, probes } from "../../../lib/gates";

const namesOf = (env: ReturnType<typeof gateEnv>): string[] => env.map(({ name }) => name as string);

const settings = { gateSeconds: 240, port: 7007, startPath: "/api/auth/oidc/start?env=dev" };

describe("lib/gates", () => {
  it("asks for the Secret before it asks Keycloak", () => {
    assert.deepEqual([...gateNames], ["wait-for-secrets", "verify-credentials"]);
    assert.deepEqual(gateContainers({ image: "i" }, settings).map(({ name }) => name), [...gateNames]);
  });

  it("runs each gate in what it has in common with Backstage", () => {
    for (const container of gateContainers({ image: "localhost/app:1", volumeMounts: [] }, settings)) {
      assert.equal(container.image, "localhost/app:1");
      assert.deepEqual(container.command, ["node", "/etc/backstage-gate/gate.mjs", container.name]);
    }
  });

  it("tells the script every key, path and bound, and no secret", () => {
    const env = Object.fromEntries(gateEnv(settings).map(({ name, value }) => [name as string, value]));
    assert.equal(env.GATE_REQUIRED_KEYS, Object.values(contractKeys).join(","));
    assert.equal(env.GATE_SECRETS_PATH, secretsPath);
    assert.equal(env.GATE_TIMEOUT_SECONDS, "240");
    assert.ok(gateEnv(settings).every((variable) => variable.valueFrom === undefined));
  });

  it("reads every environment variable that it is told, and is told every one that it reads", () => {
    const read = new Set(Object.values(podScripts()).flatMap((script) => script.match(/GATE_[A-Z_]+/g) ?? []));
    assert.deepEqual([...read].sort(), namesOf(gateEnv(settings)).sort());
  });

  it("ships every script that the gate imports", () => {
    const scripts = podScripts();
    const imported = Object.values(scripts).flatMap((script) => [...script.matchAll(/from "\.\/([^"]+)"/g)].map(([, file]) => String(file)));
    assert.ok(imported.length > 0 && imported.every((file) => file in scripts));
  });

  it("takes the credentials from the contract Secret's keys", () => {
    const { metadataUrl, issuer, clientId, clientSecret } = contractKeys;
    assert.deepEqual(credentialsFrom((key) => key), [{ metadataUrl, issuer, clientId, clientSecret }, { metadataUrl, issuer, ...standbyKeys }]);
    assert.equal(credentialsFrom((key) => (key === standbyKeys.clientId ? undefined : key)).length, 1);
  });

  it("says what to mend where the code of a failed connection does not", () => {
    const said = (code: string): string => connectionRemedy(code) ?? "";
    for (const code of ["SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"]) {
      assert.match(said(code), /backstage\.caBundle/, code);
    }
    assert.match(said("CERT_HAS_EXPIRED"), /^renew/);
    assert.match(said("ERR_TLS_CERT_ALTNAME_INVALID"), /another name/);
    for (const code of ["ENOTFOUND", "EAI_AGAIN"]) assert.match(said(code), /DNS/, code);
    for (const code of ["ECONNREFUSED", "ECONNRESET", "no answer in 5 s"]) assert.equal(said(code), "", code);
  });

  it("gives the scripts' own bounds time to end before the kubelet's", () => {
    // A proof is one discovery and, while two clients change over, two probes.
    const proof = (1 + 2) * 5;
    // The longest way through `live`: two proofs; three tries; one more discovery.
    const live = 2 * proof + 3 * (5 + 1) + 5;
    assert.ok(live < Number(probes(7007).livenessProbe.timeoutSeconds));
    assert.ok(5 + 5 + proof <= Number(probes(7007).readinessProbe.timeoutSeconds));
  });
});
