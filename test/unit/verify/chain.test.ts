import { V1Deployment, V1Pod } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { catalogKeys, contractKeys, standbyKeys } from "../../../lib/pod/contract";
import { checks } from "../../../verify/chain";
import { certificateFault } from "../../../verify/checks/certificate";
import {
  applicationFault,
  externalSecretFault,
  type Application,
  type ExternalSecret,
} from "../../../verify/checks/hybrid";
import { containerFault, rolloutFault } from "../../../verify/checks/pods";
import { secretFault } from "../../../verify/checks/secret";
import { secretsOf, type Context } from "../../../verify/context";

const outputs = (more: object = {}): Context["outputs"] =>
  ({
    keycloakUrl: "https://id.example.com",
    backstageUrl: "https://backstage.example.com",
    credential: {},
    userPasswords: {},
    ...more,
  }) as unknown as Context["outputs"];
const context = (more: object = {}, logins: Context["logins"] = []): Context => ({
  outputs: outputs(more),
  cluster: undefined as unknown as Context["cluster"],
  logins,
});
const names = (...args: Parameters<typeof checks>): string[] => checks(...args).map(({ name }) => name);

describe("verify/chain", () => {
  it("look at each link once, and only after what it depends on", () => {
    const list = checks(context({}, [{ username: "ada", password: "" }]));
    const seen: string[] = [];
    for (const { name, needs } of list) {
      assert.deepEqual(
        needs.filter((need) => !seen.includes(need)),
        [],
        name,
      );
      assert.ok(!seen.includes(name), name);
      seen.push(name);
    }
    assert.equal(seen.at(-1), "sign-in");
  });

  it("ask for certificates where there are some, and for a sign-in of whoever is named", () => {
    const plain = { keycloakUrl: "http://10.0.0.1:8080", backstageUrl: "http://10.0.0.2" };
    const all = names(context());
    assert.deepEqual(
      all.filter((name) => !names(context(plain)).includes(name)),
      ["keycloak-certificate", "backstage-certificate"],
    );
    assert.ok(!all.includes("sign-in"));
  });

  it("ask the operator and Argo CD in hybrid mode, where no annotation knows the Secret's hash", () => {
    const hybrid = names(context({ mode: "hybrid", application: "argocd/backstage-prod" }));
    assert.deepEqual(
      hybrid.filter((name) => !names(context()).includes(name)),
      ["external-secret", "application"],
    );
    assert.deepEqual(
      names(context()).filter((name) => !hybrid.includes(name)),
      ["pods"],
    );
    assert.ok(!names(context({ mode: "hybrid" })).includes("application"));
  });

  it("are one and what it depends on when one is asked for", () => {
    assert.deepEqual(names(context(), "pods"), ["cluster", "secret", "rollout", "pods"]);
    assert.deepEqual(names(context(), "keycloak"), ["keycloak"]);
  });

  it("each have a line in the runbook and one beside what was typed by hand", () => {
    const [, byHand = "", runbook = ""] = readFileSync(
      path.join(__dirname, "../../../docs/operations.md"),
      "utf8",
    ).split(/^## (?:What was typed|The runbook).*$/m);
    /** What stands in backticks in a column of a table. */
    const named = (table: string, column: number): string[] =>
      table
        .split("\n")
        .flatMap((line) =>
          [...(line.split(/(?<!\\)\|/)[column] ?? "").matchAll(/`([a-z-]+)`/g)].map(([, name]) => name ?? ""),
        );
    const logins = [{ username: "ada", password: "" }];
    const every = [
      ...new Set([
        ...names(context({}, logins)),
        ...names(
          context(
            { mode: "hybrid", application: "argocd/backstage-prod", credential: { [catalogKeys.clientId]: "catalog" } },
            logins,
          ),
        ),
      ]),
    ];
    assert.deepEqual(named(runbook.split("\n## ")[0] ?? "", 1).toSorted(), every.toSorted());
    assert.deepEqual(
      every.filter((name) => !named(byHand, 2).includes(name)),
      ["cluster"],
    );
  });

  it("know which values no line may show, in every form that they are written in", () => {
    const open = Object.fromEntries(
      [
        contractKeys.clientId,
        contractKeys.issuer,
        contractKeys.metadataUrl,
        catalogKeys.clientId,
        standbyKeys.clientId,
      ].map((key) => [key, `public-${key}`]),
    );
    const held = [
      contractKeys.clientSecret,
      contractKeys.sessionSecret,
      catalogKeys.clientSecret,
      standbyKeys.clientSecret,
      "A_KEY_OF_TOMORROW",
    ];
    const credential = { ...open, ...Object.fromEntries(held.map((key) => [key, `s3cret/${key}`])) };
    const secrets = secretsOf(
      context({ credential, userPasswords: { ada: 'a"b' } }, [{ username: "eve", password: "four" }]),
    );
    for (const key of held)
      for (const text of [`s3cret/${key}`, `s3cret%2F${key}`, Buffer.from(`s3cret/${key}`).toString("base64")])
        assert.ok(secrets.includes(text), text);
    for (const text of ['a"b', 'a\\"b', "four"]) assert.ok(secrets.includes(text), text);
    assert.ok(
      secrets.includes(
        Buffer.from(`public-${contractKeys.clientId}:s3cret/${contractKeys.clientSecret}`).toString("base64"),
      ),
    );
    assert.deepEqual(
      secrets.filter((text) => Object.values(open).includes(text) || text === ""),
      [],
    );
  });

  it("name the keys of a Secret that is wrong, never their values", () => {
    const wanted = { a: "1", b: "2" };
    const said = (held: Record<string, string> | undefined): string | undefined =>
      secretFault("ns/s", held, wanted, "mend it")?.saw;
    assert.equal(said(wanted), undefined);
    assert.equal(said(undefined), "Secret ns/s is missing");
    assert.equal(said({ a: "1", b: "" }), "Secret ns/s lacks b");
    assert.equal(said({ a: "1", b: "other" }), "in Secret ns/s b is not what the state says");
    assert.equal(said({ ...wanted, c: "3" }), "in Secret ns/s c is not what the state says");
  });

  it("tell an expired certificate from one that is not trusted", () => {
    const at = (expires: string, fault?: string): string | undefined =>
      certificateFault(
        "https://id.example.com",
        { fault, issuer: "CA", expires: new Date(expires) },
        new Date("2026-01-02T00:00:00Z"),
      )?.saw;
    assert.equal(at("2026-01-03"), undefined);
    assert.equal(
      at("2026-01-01", "CERT_HAS_EXPIRED"),
      "the certificate of https://id.example.com has expired on 2026-01-01T00:00:00.000Z",
    );
    assert.equal(
      at("2026-01-03", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
      "the certificate of https://id.example.com, issued by CA, is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
    );
  });

  it("tell a store that is not valid, an ExternalSecret that is not Ready and one that nobody refreshes", () => {
    const ready = { conditions: [{ type: "Ready", status: "True" }] };
    const refused = {
      status: {
        conditions: [{ type: "Ready", status: "False", reason: "InvalidProviderConfig", message: "forbidden" }],
      },
    };
    const now = Date.parse("2026-01-01T00:02:00Z");
    const of = (status: object): ExternalSecret => ({
      spec: { refreshInterval: "30s", secretStoreRef: { name: "clients" } },
      status,
    });
    const said = (
      ...args: [ExternalSecret | undefined, (typeof refused | { status: typeof ready })?]
    ): string | undefined => externalSecretFault("ns/e", args[0], args[1], now)?.saw;
    const fresh = of({ ...ready, refreshTime: "2026-01-01T00:01:00Z" });
    assert.equal(said(fresh, { status: ready }), undefined);
    assert.equal(said(undefined), "ExternalSecret ns/e is missing");
    assert.equal(said(fresh), "SecretStore clients is missing");
    assert.equal(said(fresh, refused), "SecretStore clients is not valid: InvalidProviderConfig: forbidden");
    assert.equal(
      said(of(refused.status), { status: ready }),
      "ExternalSecret ns/e is not Ready: InvalidProviderConfig: forbidden",
    );
    assert.equal(
      said(of({}), { status: ready }),
      "ExternalSecret ns/e is not Ready: its controller has not looked at it",
    );
    assert.equal(
      said(of({ ...ready, refreshTime: "2025-12-31T23:00:00Z" }), { status: ready }),
      "ExternalSecret ns/e was last refreshed 3720 s ago, and should be every 30 s",
    );
    assert.equal(said(of(ready), { status: ready }), "ExternalSecret ns/e was never refreshed");
  });

  it("tell an Application that is not Healthy from one that is not Synced", () => {
    const said = (status?: Application["status"]): string | undefined =>
      applicationFault("argocd/b", status === undefined ? undefined : { status })?.saw;
    assert.equal(said({ sync: { status: "Synced" }, health: { status: "Healthy" } }), undefined);
    assert.equal(
      said({ sync: { status: "OutOfSync" }, health: { status: "Degraded" } }),
      "Application argocd/b is Degraded",
    );
    assert.equal(
      said({ sync: { status: "OutOfSync" }, health: { status: "Healthy" } }),
      "Application argocd/b is OutOfSync",
    );
    assert.equal(said({}), "Application argocd/b is of unknown health");
    assert.equal(said(), "Application argocd/b is missing");
  });

  it("say what a rollout still lacks", () => {
    const status = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
    const said = (more: object): string | undefined =>
      rolloutFault(
        Object.assign(new V1Deployment(), {
          metadata: { generation: 2 },
          spec: { replicas: 2 },
          status: { ...status, ...more },
        }),
      );
    assert.equal(said({}), undefined);
    assert.match(said({ observedGeneration: 1 }) ?? "", /has not seen the latest change/);
    assert.match(said({ updatedReplicas: 1 }) ?? "", /^1 of 2 pods are of the latest revision/);
    assert.match(said({ availableReplicas: 0 }) ?? "", /^0 of 2 pods are ready/);
    assert.match(said({ replicas: 3 }) ?? "", /^1 pods of an older revision/);
  });

  it("find the container that keeps a pod from being ready", () => {
    const one = (name: string, state: object, more: object = {}): object => ({
      name,
      state,
      lastState: {},
      restartCount: 0,
      ready: false,
      ...more,
    });
    const passed = one("wait-for-secrets", { terminated: { exitCode: 0 } });
    const running = one("backstage", { running: {} }, { ready: true });
    const said = (gates: object[], others: object[]): ReturnType<typeof containerFault> =>
      containerFault(
        Object.assign(new V1Pod(), { status: { initContainerStatuses: gates, containerStatuses: others } }),
      );
    assert.equal(said([passed], [running]), undefined);
    assert.equal(
      said(
        [passed, one("verify-credentials", { running: {} })],
        [one("backstage", { waiting: { reason: "PodInitializing" } })],
      )?.description,
      "gate verify-credentials has not passed yet",
    );
    const crashed = one(
      "backstage",
      { waiting: { reason: "CrashLoopBackOff" } },
      { restartCount: 2, lastState: { terminated: { exitCode: 3 } } },
    );
    assert.deepEqual(said([passed], [crashed]), {
      container: "backstage",
      description: "container backstage waits: CrashLoopBackOff, last exit code 3, 2 restarts",
      ended: true,
    });
    assert.equal(
      said([passed], [one("backstage", { running: {} })])?.description,
      "container backstage runs, but is not ready",
    );
  });
});
