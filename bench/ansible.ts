import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { adminPassword } from "../sandbox/keycloak";
import { log, run, runUnchecked } from "../sandbox/process";
import { inCache, inPlatform } from "../sandbox/settings";

/**
 * What the Keycloak part is compared with: Ansible, whose collection community.general has modules for Keycloak and
 * comes with the package `ansible` of PyPI. keycloak-config-cli is in no package registry.
 */
const VERSION = "12.3.0";

/** The folder of Ansible's programs, installed when they are not there. */
async function ensureAnsible(): Promise<string> {
  const home = inCache(`ansible-${VERSION}`);
  const bin = path.join(home, "bin");
  if (fs.existsSync(path.join(home, "complete"))) return bin;
  log(`installing Ansible ${VERSION}`);
  fs.rmSync(home, { recursive: true, force: true });
  await run("python3", ["-m", "venv", home]);
  await run(path.join(bin, "pip"), ["install", "--quiet", `ansible==${VERSION}`]);
  // A mark, not a rename as for the others: a virtual environment holds its own path.
  fs.writeFileSync(path.join(home, "complete"), "");
  return bin;
}

/** A client, as the program's settings name it. */
export interface BenchClient {
  readonly clientId: string;
  readonly description: string;
  readonly rootUrl: string;
  readonly redirectUris: readonly string[];
}

/** A realm with these clients by a playbook: one sign-in, and a task for each client, as its users write it. */
export class Ansible {
  private readonly folder = inPlatform("bench-ansible");

  private constructor(
    private readonly bin: string,
    private readonly url: string,
    private readonly realm: string,
  ) {}

  static async create(url: string, realm: string): Promise<Ansible> {
    return new Ansible(await ensureAnsible(), url, realm);
  }

  configure(clients: readonly BenchClient[], state: "present" | "absent" = "present"): void {
    // The token of one sign-in for all, and another sign-in once it has expired.
    const user = {
      auth_realm: "master",
      auth_client_id: "admin-cli",
      auth_username: "admin",
      auth_password: adminPassword(),
    };
    const at = { auth_keycloak_url: this.url, token: "{{ login.json.access_token }}", ...user };
    const each = {
      ...at,
      realm: this.realm,
      client_id: "{{ item.clientId }}",
      description: "{{ item.description }}",
      root_url: "{{ item.rootUrl }}",
      redirect_uris: "{{ item.redirectUris }}",
      public_client: false,
      standard_flow_enabled: true,
      implicit_flow_enabled: false,
      direct_access_grants_enabled: false,
      service_accounts_enabled: false,
      attributes: { "pkce.code.challenge.method": "S256" },
    };
    const form = { grant_type: "password", client_id: "admin-cli", username: "admin", password: adminPassword() };
    const tasks = [
      {
        uri: {
          url: `${this.url}/realms/master/protocol/openid-connect/token`,
          method: "POST",
          body_format: "form-urlencoded",
          body: form,
        },
        register: "login",
      },
      { "community.general.keycloak_realm": { ...at, id: this.realm, realm: this.realm, enabled: true, state } },
      ...(state === "absent"
        ? []
        : [
            {
              "community.general.keycloak_client": each,
              loop: clients,
              loop_control: { label: "{{ item.clientId }}" },
            },
          ]),
    ];
    fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    fs.writeFileSync(
      path.join(this.folder, "play.yaml"),
      stringify([{ hosts: "localhost", connection: "local", gather_facts: false, tasks }]),
      { mode: 0o600 },
    );
  }

  /** Runs the playbook; the seconds it took. @param changes how many clients it has to change */
  async play(changes: number): Promise<number> {
    const began = performance.now();
    const args = [
      "--inventory",
      "localhost,",
      "--extra-vars",
      `ansible_python_interpreter=${path.join(this.bin, "python")}`,
      "play.yaml",
    ];
    const { code, stdout } = await runUnchecked(path.join(this.bin, "ansible-playbook"), args, {
      cwd: this.folder,
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
    const changed = stdout.match(/^changed: .*item=/gm)?.length ?? 0;
    if (code !== 0 || changed !== changes)
      throw new Error(`Ansible was to change ${changes} clients:\n${stdout.slice(-2000)}`);
    return (performance.now() - began) / 1000;
  }
}
