import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import * as path from "node:path";
import { parse } from "yaml";
import { program } from "../../../program/platform";
import { providers } from "../../../program/providers";
import { renderedFiles } from "../../../render/files";
import { stackSettings } from "../../../render/settings";
import { record } from "../../recorder";

/**
 * What the example stacks give away: every right in the cluster, and every way out of a pod. docs/security.md repeats
 * both.
 */

const root = path.join(__dirname, "..", "..", "..");
const golden = path.join(root, "test", "golden");

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  verbs?: string[];
  resourceNames?: string[];
}
interface Peer {
  podSelector?: { matchLabels: Record<string, string> };
  namespaceSelector?: { matchLabels: Record<string, string> };
  ipBlock?: { cidr: string };
}
interface Way {
  ports?: { protocol: string; port: number | string }[];
  to?: Peer[];
  from?: Peer[];
}
interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  automountServiceAccountToken?: boolean;
  rules?: Rule[];
  roleRef?: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[];
  spec?: Record<string, unknown>;
}

/** The objects that Pulumi makes of a stack's settings. */
async function applied(stack: string): Promise<Manifest[]> {
  const settings = { ...stackSettings(root, stack), adminSecret: pulumi.secret("an-admin-s3cret") };
  const { resources } = await record(() => void program(settings, providers(settings)));
  return resources
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ type, inputs }) => ({ ...(inputs as unknown as Manifest), kind: type.split(":").at(-1) ?? "" }));
}

/** The objects that Argo CD makes of them. */
async function rendered(stack: string): Promise<Manifest[]> {
  const files = await renderedFiles(stackSettings(golden, stack), stack);
  return [...files]
    .filter(([file]) => file.endsWith(".yaml"))
    .map(([, text]) => parse(text) as Manifest)
    .filter(({ metadata }) => (metadata as unknown) !== undefined);
}

const place = ({ metadata }: Manifest): string => `${metadata.namespace ?? "?"}/${metadata.name}`;
const list = (values: string[] = []): string => values.map((value) => (value === "" ? "core" : value)).join(",");

function rights(objects: readonly Manifest[]): string[] {
  const sentences = objects.flatMap((object) => {
    const { kind, rules = [], roleRef, subjects = [], automountServiceAccountToken } = object;
    if (kind === "ServiceAccount")
      return [`ServiceAccount ${place(object)}, token mounted: ${String(automountServiceAccountToken)}`];
    if (/^(Cluster)?Role$/.test(kind))
      return rules.map((rule) =>
        `${kind} ${place(object)}: ${list(rule.verbs)} ${list(rule.apiGroups)}/${list(rule.resources)} ${list(rule.resourceNames)}`.trim(),
      );
    if (/^(Cluster)?RoleBinding$/.test(kind))
      return subjects.map(
        (one) =>
          `${kind} ${place(object)}: ${roleRef?.kind ?? ""} ${roleRef?.name ?? ""} to ${one.kind} ${one.namespace ?? ""}/${one.name}`,
      );
    return [];
  });
  return sentences.sort();
}

function peer({ podSelector, namespaceSelector, ipBlock }: Peer): string {
  if (ipBlock !== undefined) return ipBlock.cidr;
  return `${podSelector === undefined ? "namespaces" : "pods"} ${JSON.stringify((podSelector ?? namespaceSelector)?.matchLabels)}`;
}

const way = (word: "to" | "from", one: Way): string =>
  `${word} ${one[word]?.map(peer).join(" and ") ?? "anybody"} ` +
  `at ${(one.ports ?? []).map(({ protocol, port }) => `${protocol} ${port}`).join(" and ")}`;

function reach(objects: readonly Manifest[]): string[] {
  return objects
    .filter(({ kind }) => kind === "NetworkPolicy")
    .flatMap((object) => {
      const {
        podSelector,
        policyTypes,
        ingress = [],
        egress = [],
      } = object.spec as {
        podSelector: { matchLabels: object };
        policyTypes: string[];
        ingress?: Way[];
        egress?: Way[];
      };
      // A direction that is not named is open.
      assert.deepEqual(policyTypes, ["Ingress", "Egress"]);
      const who = JSON.stringify(podSelector.matchLabels);
      return [
        ...egress.map((one) => `${who} ${way("to", one)}`),
        ...ingress.map((one) => `${who} ${way("from", one)}`),
      ];
    });
}

describe("the rights that the example stacks grant", function () {
  this.timeout("1m");
  const own = "ServiceAccount backstage/backstage, token mounted: false";
  for (const stack of ["dev", "staging", "prod"]) {
    it(`are none for ${stack}, by Pulumi`, async () => assert.deepEqual(rights(await applied(stack)), [own]));
  }

  const reader = "Role keycloak/keycloak-clients-reader: get core/secrets keycloak-clients";
  const binding = (namespace: string): string =>
    `RoleBinding keycloak/keycloak-clients-reader-${namespace}: Role keycloak-clients-reader to ` +
    `ServiceAccount ${namespace}/keycloak-clients-reader`;
  const account = (namespace: string): string =>
    `ServiceAccount ${namespace}/keycloak-clients-reader, token mounted: false`;
  const byArgo: Readonly<Record<string, string[]>> = {
    dev: [reader, binding("backstage"), own, account("backstage")],
    staging: [own],
    // The settings of this one give Backstage a token and a right, to show that they can.
    prod: [
      "Role backstage/backstage: get,list core/pods",
      reader,
      "RoleBinding backstage/backstage: Role backstage to ServiceAccount backstage/backstage",
      ...["argo", "backstage", "mlflow"].map(binding),
      account("argo"),
      "ServiceAccount backstage/backstage, token mounted: true",
      account("backstage"),
      account("mlflow"),
    ],
  };
  for (const [stack, expected] of Object.entries(byArgo)) {
    it(`are these for ${stack}, by Argo CD`, async () => assert.deepEqual(rights(await rendered(stack)), expected));
  }

  it("are of no use to any pod: none mounts a token", async () => {
    for (const objects of [await applied("prod"), await rendered("staging")]) {
      const pods = objects.filter(({ kind }) => /^(Deployment|StatefulSet|Job)$/.test(kind));
      assert.ok(pods.length > 0);
      for (const pod of pods)
        assert.equal(
          (pod.spec?.template as { spec: { automountServiceAccountToken?: boolean } }).spec
            .automountServiceAccountToken,
          false,
          place(pod),
        );
    }
  });
});

describe("what a pod may reach, its gates included", function () {
  this.timeout("1m");
  const names = '{"app":"backstage"} to anybody at TCP 53 and UDP 53';
  // A policy knows addresses and no names, so Keycloak or a database by name is a port of any address.
  const https = '{"app":"backstage"} to anybody at TCP 443';
  const called = '{"app":"backstage"} from anybody at TCP 7007 and TCP 7008';
  const reached: Readonly<Record<string, string[]>> = {
    dev: [names, '{"app":"backstage"} to 10.97.0.1/32 at TCP 8080', https, called],
    staging: [
      '{"app":"backstage-database"} from pods {"app":"backstage"} at TCP 5432',
      names,
      https,
      '{"app":"backstage"} to pods {"app":"backstage-database"} at TCP 5432',
      https,
      called,
    ],
    prod: [names, https, '{"app":"backstage"} to anybody at TCP 5432', https, called],
  };
  for (const [stack, expected] of Object.entries(reached)) {
    it(`is this in ${stack}`, async () => assert.deepEqual(reach(await applied(stack)), expected));
  }
});
