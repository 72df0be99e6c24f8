import assert from "node:assert/strict";
import { parseConfig } from "../../../../config";
import { clusterClaims, keycloakClaims, placeOf, type Claim } from "../../../../lib/ownership/claims";
import { droppedFaults, moveFaults, ownerOf, stackMark } from "../../../../lib/ownership/stackMark";

const app = (clientId: string, more: object = {}): object => ({
  clientId,
  rootUrl: `https://${clientId}.example.com`,
  redirectUris: [`https://${clientId}.example.com/cb`],
  secret: { namespace: "apps", name: `${clientId}-oidc`, createNamespace: true },
  ...more,
});
const claimsOf = (more: object = {}, backstage: object = {}): Claim[] => {
  const settings = parseConfig({
    environment: "prod",
    keycloak: { url: "https://id.example.com" },
    realm: { name: "platform" },
    clients: [app("argo")],
    backstage: { url: "https://b.example.com", image: "registry.example.com/b:1", ...backstage },
    ...more,
  });
  return [...clusterClaims(settings), ...keycloakClaims(settings)];
};
/** What the state of a stack with these claims has. */
const stateOf = (claims: readonly Claim[]): Map<string, string> =>
  new Map(claims.map((claim) => [placeOf(claim), `urn:pulumi:prod::backstage-keycloak::${claim.urn}`]));

describe("an object that is there before a run", () => {
  const [namespace, secret] = [
    claimsOf().find(({ kind }) => kind === "Namespace"),
    claimsOf().find(({ setting }) => setting === "clients.0.secret"),
  ];
  assert.ok(namespace !== undefined && secret !== undefined);

  it("is ours where it bears the stack's mark, or is not there at all", () => {
    for (const claim of [namespace, secret]) {
      assert.equal(ownerOf(claim, "missing", "prod"), "ours");
      assert.equal(ownerOf(claim, { annotations: stackMark("prod") }, "prod"), "ours");
    }
  });

  it("is somebody else's otherwise: a namespace is used, and anything else is in the way", () => {
    for (const annotations of [{}, stackMark("dev"), { "argocd.argoproj.io/sync-wave": "5" }])
      assert.equal(ownerOf(namespace, { annotations }, "prod"), "theirs");
    const remedy =
      "delete it, choose another clients.0.secret, or annotate it with backstage-keycloak/stack=prod to have it taken over.";
    assert.deepEqual(ownerOf(secret, { annotations: {} }, "prod"), {
      fault: `Secret apps/argo-oidc is there already, and not of this stack; ${remedy}`,
    });
    assert.deepEqual(ownerOf(secret, { annotations: stackMark("dev") }, "prod"), {
      fault: `Secret apps/argo-oidc is there already, and of stack dev; ${remedy}`,
    });
  });

  it("is waited for where it is being deleted, whosever it was", () => {
    const gone = { fault: "Namespace backstage is being deleted; wait until it is gone, and run this again." };
    for (const annotations of [{}, stackMark("prod")])
      assert.deepEqual(ownerOf(namespace, { annotations, isGoing: true }, "prod"), gone);
  });

  it("is nobody's to judge where it may not be read", () => {
    for (const claim of [namespace, secret]) {
      assert.deepEqual(ownerOf(claim, { unknown: "403" }, "prod"), {
        fault: `whether there is a ${placeOf(claim)} already cannot be read (403); give the kubeconfig the right to get it, or try again.`,
      });
    }
  });
});

describe("an object that the stack has", () => {
  const moved = (before: readonly Claim[], now: readonly Claim[]): string[] => moveFaults(now, stateOf(before));
  const says = (what: string): string =>
    `${what}, which this stack has made already by another setting, or of another kind; run pulumi up without it first, and then with it.`;
  const saml = { kind: "saml", secret: undefined, saml: { assertionConsumerUrl: "https://argo.example.com/acs" } };

  it("stays where it is", () => {
    assert.deepEqual(moved(claimsOf(), claimsOf()), []);
    assert.deepEqual(
      moved(claimsOf(), claimsOf({ clients: [app("argo", { kind: "public", secret: undefined })] })),
      [],
      "public and confidential are one kind to Keycloak",
    );
    const blueGreen = (step?: string): Claim[] =>
      claimsOf({ rotation: { generation: 2, strategy: "blue-green", step } });
    assert.deepEqual(moved(claimsOf(), blueGreen("prepare")), []);
    assert.deepEqual(moved(blueGreen("prepare"), blueGreen()), []);
  });

  it("is not made by another of the settings in one run, which would delete it in the end", () => {
    const cases: [Claim[], Claim[], string[]][] = [
      [claimsOf(), claimsOf({ clients: [app("argo", saml)] }), [says("clients.0.clientId is client argo")]],
      [claimsOf({ clients: [app("argo", saml)] }), claimsOf(), [says("clients.0.clientId is client argo")]],
      [claimsOf(), claimsOf({ clients: [] }, { clientId: "argo" }), [says("backstage.clientId is client argo")]],
      [
        claimsOf({ clients: [] }),
        claimsOf({ clients: [app("backstage")] }, { clientId: "other" }),
        [says("clients.0.clientId is client backstage")],
      ],
      [
        claimsOf(),
        claimsOf({ clients: [], catalogSync: { enabled: true, clientId: "argo" } }),
        [says("catalogSync.clientId is client argo")],
      ],
      [
        claimsOf({ clients: [app("backstage-green")] }),
        claimsOf({ clients: [], rotation: { generation: 2, strategy: "blue-green" } }),
        [says("backstage.clientId is client backstage-green")],
      ],
      // The Secret stays, and its client has another name.
      [
        claimsOf(),
        claimsOf({
          clients: [app("workflows", { secret: { namespace: "apps", name: "argo-oidc", createNamespace: true } })],
        }),
        [says("clients.0.secret is Secret apps/argo-oidc")],
      ],
      [
        claimsOf({ clients: [] }, { namespace: "apps" }),
        claimsOf(),
        [says("clients.0.secret.namespace is Namespace apps")],
      ],
    ];
    for (const [before, now, sentences] of cases) assert.deepEqual(moved(before, now), sentences);
  });

  it("is a namespace that the settings name no longer: told before Pulumi refuses it, and not what Argo CD takes over", () => {
    const dropped = droppedFaults(claimsOf({ clients: [] }, { namespace: "other" }), stateOf(claimsOf()), () => false);
    assert.deepEqual(
      dropped,
      ["backstage", "apps"].map(
        (name) =>
          `namespaces.protect keeps Namespace ${name} from being deleted with all that is in it, which ` +
          "this stack has made and the settings no longer name; set them back, or set namespaces.protect " +
          "to false, run pulumi up, and then change them.",
      ),
    );
    assert.deepEqual(
      droppedFaults(claimsOf(), stateOf(claimsOf()), () => false),
      [],
    );
    const hybrid = claimsOf({ mode: "hybrid", gitops: { secretStore: {} } });
    assert.deepEqual(
      droppedFaults(hybrid, stateOf(claimsOf()), (urn) => !urn.includes("SourceSecret$")),
      [],
    );
  });
});
