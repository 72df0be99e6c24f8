import assert from "node:assert/strict";
import * as path from "node:path";
import { databaseSettings } from "../../sandbox/postgres";
import { waitFor } from "../../sandbox/process";
import { lastProof } from "../../verify/checks/proofs";
import { kubectl, render, Tree } from "../e2e/gitops";
import { platform, TestStack } from "../e2e/harness";

const person = (username: string) => ({
  username,
  email: `${username}@example.com`,
  firstName: username,
  lastName: "Example",
});

/** A Backstage of several replicas that Argo CD and the External Secrets Operator apply; the tests play both. */
export class HybridStack {
  private constructor(
    readonly own: TestStack,
    private readonly replicas: number,
  ) {}

  static async create(name: string, portOffset: number, replicas: number): Promise<HybridStack> {
    return new HybridStack(await TestStack.create(name, portOffset), replicas);
  }

  /** Brings it up from nothing, and signs in. */
  async start(seconds: number): Promise<void> {
    await this.configure();
    await this.own.up();
    await this.sync();
    await this.upAndRefresh();
    await this.arrived("client backstage, client 1, session 1, catalog 1", seconds);
    await this.own.mustSignIn();
  }

  async configure(rotation: Record<string, unknown> = {}, over: Record<string, unknown> = {}): Promise<void> {
    const { own, replicas } = this;
    const database = { kind: "postgres", ...(await databaseSettings(await platform())) };
    await own.configure({
      mode: "hybrid",
      gitops: { secretStore: {}, source: { namespace: `${own.namespace}-keycloak`, createNamespace: true } },
      users: ["ada", "bob"].map(person),
      catalogSync: { enabled: true },
      backstage: { database, replicas, gateSeconds: 60, rolloutSeconds: 200 },
      rotation: { strategy: "overlap", ...rotation },
      ...over,
    });
  }

  private tree(): Tree {
    return new Tree(path.join(this.own.stack.folder, "gitops", this.own.stack.name));
  }

  /** Renders, and applies what Argo CD would. */
  async sync(): Promise<void> {
    const { code, stdout, stderr } = await render(this.own.stack.folder, this.own.stack.name);
    assert.equal(code, 0, stdout + stderr);
    await this.tree().sync();
  }

  /** `pulumi up`, and the Secrets as the External Secrets Operator makes them of the source Secret. */
  async upAndRefresh(): Promise<void> {
    await this.own.up();
    await this.tree().refreshSecrets();
  }

  /** What each pod that is ready says of the credential that it uses, by its last proof. */
  async proofs(): Promise<string[]> {
    const { own } = this;
    const said: string[] = [];
    for (const { metadata, status } of await own.cluster.pods(own.namespace, "backstage")) {
      if (metadata?.deletionTimestamp !== undefined || status?.containerStatuses?.[0]?.ready !== true) continue;
      const log = await own.cluster.core.readNamespacedPodLog({
        namespace: own.namespace,
        name: metadata?.name ?? "",
        container: "backstage",
      });
      said.push(lastProof(log) ?? "nothing");
    }
    return said;
  }

  /** Waits until every pod uses a credential of these generations. */
  arrived(generations: string, seconds: number): Promise<boolean> {
    return waitFor(
      `${this.replicas} pods with ${generations}`,
      seconds,
      async () => {
        const said = await this.proofs();
        return said.length === this.replicas &&
          said.every((proof) => proof.startsWith("Keycloak accepts") && proof.endsWith(generations))
          ? true
          : undefined;
      },
      1000,
    );
  }

  async remove(): Promise<void> {
    await kubectl("delete", "namespace", this.own.namespace, "--ignore-not-found");
    await this.own.remove();
  }
}
