import { contractKeys, contractSecretName } from "../../lib/pod/contract";
import { sleep } from "../../sandbox/process";
import { kubectl } from "../../test/e2e/gitops";
import { keycloakAdmin } from "../../test/e2e/harness";
import type { Contestant } from "./contestant";
import { ExternalSecrets } from "./externalSecrets";
import { apply, namespaceOf, secretOf } from "./kubernetes";
import { configMap, deployment, service } from "./plain";
import { clientId, oldSecret, racers, type Site } from "./site";

/** Argo CD's pause between waves (ARGOCD_SYNC_WAVE_DELAY), in ms. */
const WAVE_MS = 2000;
const STORE = "keycloak-clients";

/** What the charts of a system before this one differ in. */
export interface ChartOptions {
  /** Waves 10 (Keycloak's configuration), 15 (ExternalSecret) and 25 (Backstage), each after the one before it. */
  readonly waves: boolean;
  /** The ExternalSecret's refresh interval in seconds; 0 syncs once. */
  readonly refreshSeconds: number;
  /** The init container that waits for the Secret's file. */
  readonly waits: boolean;
}

export const asItWas: ChartOptions = { waves: false, refreshSeconds: 0, waits: false };
export const knownFix: ChartOptions = { waves: true, refreshSeconds: 30, waits: true };

/**
 * Backstage by charts: a Job makes the realm and the client, Keycloak generates the secret, the Job pushes that to a
 * store, and an ExternalSecret copies it to Backstage's Secret.
 */
export class Charts implements Contestant {
  private readonly operator: ExternalSecrets;

  constructor(
    private readonly site: Site,
    private readonly options: ChartOptions,
  ) {
    this.operator = new ExternalSecrets(() => this.sync(), options.refreshSeconds);
  }

  private get store(): string {
    return `${this.site.name}-store`;
  }

  /** What the ExternalSecret says. */
  private async sync(): Promise<void> {
    const held = JSON.parse(await kubectl("get", "secret", STORE, "-n", this.store, "-o", "json")) as {
      data: Record<string, string>;
    };
    const value = Buffer.from(held.data[contractKeys.clientSecret] ?? "", "base64").toString();
    await apply(secretOf(this.site.name, contractSecretName, { [contractKeys.clientSecret]: value }));
  }

  async prepare(remembers: boolean): Promise<void> {
    await apply(namespaceOf(this.store));
    if (!remembers) return;
    await this.makeRealm();
    await this.handOver(oldSecret);
  }

  private async makeRealm(): Promise<void> {
    await (await keycloakAdmin()).realms.create({ realm: this.site.name, enabled: true, users: racers });
  }

  /** The Job: makes what is not there, leaves what is, and pushes the secret that Keycloak has generated. */
  private async configureKeycloak(): Promise<void> {
    const { name: realm, redirectUri } = this.site;
    const admin = await keycloakAdmin();
    if (!(await this.site.realmAnswers())) await this.makeRealm();
    if ((await admin.clients.find({ realm, clientId })).length === 0) {
      await admin.clients.create({
        realm,
        clientId,
        publicClient: false,
        standardFlowEnabled: true,
        directAccessGrantsEnabled: false,
        redirectUris: [redirectUri],
        attributes: { "pkce.code.challenge.method": "S256" },
      });
    }
    const [client] = await admin.clients.find({ realm, clientId });
    const { value } = await admin.clients.getClientSecret({ realm, id: client?.id ?? "" });
    await this.handOver(value ?? "");
  }

  private backstage(): Promise<void> {
    return apply(configMap(this.site), deployment(this.site, this.options.waits), service(this.site));
  }

  async install(delay: number): Promise<void> {
    const late = sleep(delay * 1000).then(() => this.configureKeycloak());
    await apply(namespaceOf(this.site.name));
    if (this.options.waves) {
      await late;
      await sleep(WAVE_MS);
      await this.operator.start();
      await sleep(WAVE_MS);
      await this.backstage();
      return;
    }
    void this.operator.start();
    await Promise.all([this.backstage(), late]);
  }

  handOver(secret: string): Promise<void> {
    return apply(secretOf(this.store, STORE, { [contractKeys.clientSecret]: secret }));
  }

  configureAgain(): Promise<void> {
    return this.configureKeycloak();
  }

  async move(): Promise<void> {
    await Promise.all([apply(configMap(this.site), service(this.site)), this.configureKeycloak()]);
  }

  readonly hands = {
    what: "redirect URI and Secret put right, `kubectl rollout restart`",
    act: async (): Promise<void> => {
      const { name: realm, redirectUri } = this.site;
      const admin = await keycloakAdmin();
      const [client] = await admin.clients.find({ realm, clientId });
      await admin.clients.update({ realm, id: client?.id ?? "" }, { ...client, redirectUris: [redirectUri] });
      await this.handOver(client?.secret ?? "");
      await this.sync();
      await kubectl("rollout", "restart", "deployment/backstage", "-n", realm);
    },
  };

  async remove(): Promise<void> {
    this.operator.stop();
    await kubectl("delete", "namespace", "--ignore-not-found", "--timeout=90s", this.site.name, this.store);
    await this.site.deleteRealm();
  }
}
