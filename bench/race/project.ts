import * as path from "node:path";
import { contractKeys, contractSecretName } from "../../lib/pod/contract";
import { sourceKey } from "../../lib/gitops/sourceKey";
import { daemonPid, mustEnd, sleep, waitFor } from "../../sandbox/process";
import type { ConfigValues, Stack } from "../../sandbox/stack";
import { kubectl, render, Tree } from "../../test/e2e/gitops";
import { keycloakAdmin } from "../../test/e2e/harness";
import type { Contestant } from "./contestant";
import { ExternalSecrets } from "./externalSecrets";
import { apply, namespaceOf, secretOf } from "./kubernetes";
import { clientId, oldSecret, racers, sessionSecret, type Site } from "./site";

/** Keycloak answers nobody for a while: its process is stopped, and goes on. */
async function keycloakHeldBack(seconds: number): Promise<void> {
  const pid = daemonPid("keycloak");
  if (seconds === 0 || pid === undefined) return;
  process.kill(pid, "SIGSTOP");
  try {
    await sleep(seconds * 1000);
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

/** This project by its real program and `pulumi up`. */
export class Direct implements Contestant {
  constructor(
    protected readonly site: Site,
    protected readonly stack: Stack,
  ) {}

  protected configure(more: ConfigValues = {}): Promise<void> {
    const { name, nodePort, url } = this.site;
    return this.stack.configure({ realm: { name }, backstage: { namespace: name, nodePort, url }, ...more });
  }

  async prepare(remembers: boolean): Promise<void> {
    if (remembers) throw new Error("mode direct has no store that could remember");
    await this.configure();
  }

  /**
   * The racers, as soon as the realm is there: the program's own users get passwords that nobody knows before it ends.
   */
  private async addRacers(): Promise<void> {
    await waitFor("the realm", 300, async () => ((await this.site.realmAnswers()) ? true : undefined), 100);
    const admin = await keycloakAdmin();
    await Promise.all(racers.map((racer) => admin.users.create({ realm: this.site.name, ...racer })));
  }

  protected async up(...args: string[]): Promise<void> {
    mustEnd(await this.stack.up(...args));
  }

  async install(delay: number): Promise<void> {
    await Promise.all([keycloakHeldBack(delay), this.up(), this.addRacers()]);
  }

  async handOver(secret: string): Promise<void> {
    await apply(secretOf(this.site.name, contractSecretName, { [contractKeys.clientSecret]: secret }));
  }

  async configureAgain(): Promise<void> {
    await Promise.all([this.up("--refresh"), this.addRacers()]);
  }

  async move(): Promise<void> {
    await this.configure();
    await this.up();
  }

  readonly hands = { what: "`pulumi up --refresh`", act: (): Promise<void> => this.up("--refresh") };

  async remove(): Promise<void> {
    mustEnd(await this.stack.destroy("--refresh"));
    await this.stack.forget();
  }
}

/** The same, with Argo CD and the External Secrets Operator to apply what is rendered. */
export class Hybrid extends Direct {
  private readonly operator = new ExternalSecrets(() => this.tree.refreshSecrets(), 30);

  private get source(): string {
    return `${this.site.name}-keycloak`;
  }

  private get tree(): Tree {
    return new Tree(path.join(this.stack.folder, "gitops", this.stack.name));
  }

  protected override configure(): Promise<void> {
    return super.configure({ mode: "hybrid", gitops: { secretStore: {}, source: { namespace: this.source } } });
  }

  private async render(): Promise<void> {
    mustEnd(await render(this.stack.folder, this.stack.name));
  }

  override async prepare(remembers: boolean): Promise<void> {
    await this.configure();
    await this.render();
    await apply(namespaceOf(this.source));
    if (!remembers) return;
    const { issuer, metadata } = this.site.oidc;
    const old = { [contractKeys.clientSecret]: oldSecret, [contractKeys.sessionSecret]: sessionSecret };
    await apply(
      namespaceOf(this.site.name),
      secretOf(this.site.name, contractSecretName, {
        ...old,
        [contractKeys.clientId]: clientId,
        [contractKeys.issuer]: issuer,
        [contractKeys.metadataUrl]: metadata,
      }),
    );
  }

  /** Everything beside everything: only the gates in the pod keep the order. */
  override async install(delay: number): Promise<void> {
    const argoCd = this.tree.sync().then(() => void this.operator.start());
    await Promise.all([super.install(delay), argoCd]);
  }

  override async handOver(secret: string): Promise<void> {
    await apply(
      secretOf(this.source, "keycloak-clients", { [sourceKey(clientId, contractKeys.clientSecret)]: secret }),
    );
  }

  override async move(): Promise<void> {
    await super.move();
    await this.render();
    await this.tree.sync();
  }

  override async remove(): Promise<void> {
    this.operator.stop();
    await super.remove();
    await kubectl("delete", "namespace", "--ignore-not-found", "--timeout=90s", this.site.name, this.source);
  }
}
