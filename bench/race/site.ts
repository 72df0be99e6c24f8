import { backstageUrls, keycloakUrls } from "../../lib/keycloak/urls";
import { ports } from "../../sandbox/settings";
import { keycloakAdmin, platform } from "../../test/e2e/harness";
import { signIn, type SignIn } from "../../verify/signIn";
import { AT_ONCE } from "./watch";

/** What a secret of an install before is: nobody accepts it. */
export const oldSecret = "SecretOfTheInstallBefore0SecretOfTheInstallBefor";
export const sessionSecret = "session-secret-of-the-race-0123456789";

const PASSWORD = "racers-have-nothing-to-hide";
const username = (user: number): string => `racer-${user}`;

/** The users who sign in, as Keycloak takes them, in each contestant's realm. */
export const racers = Array.from({ length: AT_ONCE }, (_, user) => ({
  username: username(user),
  email: `${username(user)}@example.com`,
  emailVerified: true,
  firstName: "Ray",
  lastName: "Racer",
  enabled: true,
  credentials: [{ type: "password", value: PASSWORD, temporary: false }],
}));

export const authProvider = "oidc";
export const authEnvironment = "dev";
export const clientId = "backstage";

let made = 0;

/** What one install has for itself: a realm, a namespace and a port, which is its URL. */
export class Site {
  private constructor(
    readonly name: string,
    readonly keycloakUrl: string,
    readonly image: string,
    private readonly nodeAddress: string,
    public nodePort: number,
  ) {}

  static async create(): Promise<Site> {
    const { keycloakUrl, image, nodeAddress } = await platform();
    // A port that the last install had may still lead to its pods.
    return new Site(
      `race-${Date.now().toString(36)}${made}`,
      keycloakUrl,
      image,
      nodeAddress,
      ports.backstage + 30 + (made++ % 20),
    );
  }

  get url(): string {
    return `http://${this.nodeAddress}:${this.nodePort}`;
  }

  get redirectUri(): string {
    return backstageUrls(this.url, authProvider, authEnvironment).redirectUri;
  }

  get oidc(): { issuer: string; metadata: string } {
    return keycloakUrls(this.keycloakUrl, this.name);
  }

  /** Moves to another URL. */
  move(): void {
    this.nodePort += 20;
  }

  /** One of the racers signs in. */
  signIn(user: number): Promise<SignIn> {
    return signIn({
      backstageUrl: this.url,
      authProvider,
      authEnvironment,
      username: username(user),
      password: PASSWORD,
      timeoutMs: 10_000,
    });
  }

  /** Does the realm answer? */
  async realmAnswers(): Promise<boolean> {
    try {
      return (await fetch(this.oidc.metadata, { signal: AbortSignal.timeout(1000) })).ok;
    } catch {
      return false;
    }
  }

  async deleteRealm(): Promise<void> {
    await (await keycloakAdmin()).realms.del({ realm: this.name });
  }
}
