import assert from "node:assert/strict";
import { identity } from "../../../program/identity";
import { ConfigError, decidedSettings, parseConfig, type Settings } from "../../../config";
import { rotatedAttributes, signInClients, type LastRotation, type Rotation } from "../../../lib/keycloak/rotation";
import { modeFault } from "../../../preflight/modeChange";
import { decideRotation, issuedAt, secretsIn, type Decision } from "../../../preflight/decideRotation";
import { record } from "../../recorder";

/*
 * Keycloak, the engine's state and the pods, as small as a rotation sees them. What is decided, and what is put on a
 * client, is the program's own: its settings, preflight/decideRotation.ts and program/identity.ts.
 */

const ROLLOUT_SECONDS = 300;

export interface Wanted extends Partial<Omit<Rotation, "gracePeriod" | "maxGracePeriod">> {
  readonly gracePeriod?: string;
  readonly mode: Settings["mode"];
}

interface Credential {
  readonly clientId: string;
  readonly secret: string;
}

interface ClientInputs {
  /** The resource that generates its secret, and the one of the secret before it, if that is accepted too. */
  readonly secret: string;
  readonly rotated: string | undefined;
  readonly overlap: { readonly from: number; readonly until: number } | undefined;
}

/** What the components ask for. */
interface Program {
  readonly clients: ReadonlyMap<string, Omit<ClientInputs, "overlap">>;
  /** The generation of each password, by the name of its resource. */
  readonly passwords: ReadonlyMap<string, number>;
  readonly hasPolicy: boolean;
}

const configOf = ({ mode, ...rotation }: Wanted): Omit<Settings, "adminSecret"> =>
  parseConfig({
    environment: "prod",
    keycloak: { url: "https://id.example.com" },
    realm: { name: "platform" },
    rotation,
    backstage: {
      url: "https://dev.example.com",
      image: "registry.example.com/backstage:1",
      rolloutSeconds: ROLLOUT_SECONDS,
    },
    ...(mode === "direct" ? {} : { mode, gitops: { secretStore: { name: "store" } } }),
  });

const programs = new Map<string, Promise<Program>>();
/** Runs the components; the times of an overlap do not matter to them, so each rotation is run once. */
function programOf(settings: Omit<Settings, "adminSecret">, { rotation, overlap }: Decision): Promise<Program> {
  const { generation, strategy, step } = rotation;
  const key = JSON.stringify([generation, strategy, step, overlap !== undefined]);
  const known = programs.get(key);
  if (known !== undefined) return known;
  const made = record(() =>
    identity(decidedSettings(settings, rotation, overlap === undefined ? undefined : { from: 1, until: 2 }), {}),
  ).then(({ resources }): Program => {
    const of = (type: string) => resources.filter((one) => one.type === type);
    const generator = (value: unknown): string | undefined =>
      typeof value === "string" ? value.replace(/^result-of-/, "") : undefined;
    const clients = of("keycloak:openid/client:Client").map(({ inputs }) => {
      const { [rotatedAttributes.secret]: rotated, [rotatedAttributes.until]: until } = inputs.extraConfig as Record<
        string,
        string
      >;
      assert.equal(until, rotated === undefined ? undefined : "2");
      return [
        String(inputs.clientId),
        { secret: generator(inputs.clientSecret) ?? "", rotated: generator(rotated) },
      ] as const;
    });
    return {
      clients: new Map(clients),
      passwords: new Map(
        of("random:index/randomPassword:RandomPassword").map(({ name, inputs }) => [
          name,
          Number((inputs.keepers as { generation: string }).generation),
        ]),
      ),
      hasPolicy: of("keycloak:index/realmClientPolicyProfile:RealmClientPolicyProfile").length > 0,
    };
  });
  programs.set(key, made);
  return made;
}

/** A token of Keycloak's, which tells its clock. */
const tokenOf = (seconds: number): string =>
  ["e30", Buffer.from(JSON.stringify({ iat: Math.floor(seconds) })).toString("base64url"), ""].join(".");

export class World {
  // Keycloak
  clock = Date.parse("2026-11-25T10:00:00Z") / 1000;
  feature = true;
  private policy = false;
  private readonly clients = new Map<string, { secret: string; rotated?: { secret: string; until: number } }>();
  // The engine's state
  private last: (LastRotation & { mode: Settings["mode"] }) | undefined;
  readonly passwords = new Map<string, string>();
  readonly generations = new Map<string, number>();
  private readonly inputs = new Map<string, string>();
  // What pods of the last rollout that ended hold, and what Argo CD is about to give them
  private pods: readonly Credential[] = [];
  private delivered: readonly Credential[] | undefined;
  // What must stay as it is
  private readonly seen = new Set<string>();
  private readonly dead = new Set<string>();
  private readonly excused = new Set<string>();
  /** Until when a secret was accepted beside the next one, when the run that raised the generation ended. */
  private readonly ends = new Map<string, number>();
  private made = 0;
  /** What was done, for a failure to be read. */
  readonly log: string[] = [];
  readonly count = {
    accepted: 0,
    refused: 0,
    killed: 0,
    overlaps: 0,
    replaced: 0,
    switched: 0,
    abandoned: 0,
    dropped: 0,
  };

  /** The rotation of the last update. */
  get rotation(): LastRotation {
    return this.last ?? { generation: 1, strategy: "replace", graceBegan: 0, graceEnds: 0 };
  }

  private accepts({ clientId, secret }: Credential): boolean {
    const client = this.clients.get(clientId);
    return (
      client !== undefined &&
      (client.secret === secret || (client.rotated?.secret === secret && client.rotated.until >= this.clock))
    );
  }

  /** What holds at any time. */
  check(): void {
    for (const { rotated } of this.clients.values()) {
      if (rotated === undefined) continue;
      assert.ok(
        rotated.until <= this.clock + 7 * 86_400 + 300,
        `${rotated.secret} is accepted until ${rotated.until}:\n${this.log.join("\n")}`,
      );
      assert.ok(
        rotated.until <= (this.ends.get(rotated.secret) ?? Infinity),
        `the overlap of ${rotated.secret} is prolonged:\n${this.log.join("\n")}`,
      );
    }
    for (const pod of this.pods) {
      assert.ok(
        this.accepts(pod) || this.excused.has(pod.secret),
        `a pod of the last rollout holds ${pod.secret}, which Keycloak refuses:\n${this.log.join("\n")}`,
      );
    }
    for (const [clientId, { secret, rotated }] of this.clients)
      for (const value of [secret, ...(rotated === undefined ? [] : [rotated.secret])])
        this.seen.add(JSON.stringify({ clientId, secret: value }));
    for (const one of this.seen) {
      if (!this.accepts(JSON.parse(one) as Credential)) this.dead.add(one);
      else assert.ok(!this.dead.has(one), `${one} was refused, and is accepted again:\n${this.log.join("\n")}`);
    }
  }

  wait(seconds: number): void {
    this.log.push(`${seconds} s later`);
    // The operator and Argo CD need a minute or two.
    if (this.delivered !== undefined && seconds >= 120) {
      this.clock += 120;
      this.check();
      this.pods = this.delivered;
      this.delivered = undefined;
    }
    this.clock += seconds;
    // A run that did not end, and that nobody ran again in the grace period: no program can help that.
    for (const { clientId, secret } of this.pods) {
      const rotated = this.clients.get(clientId)?.rotated;
      if (rotated?.secret === secret && rotated.until < this.clock) this.excused.add(secret);
    }
    this.check();
  }

  /** @param killedAfter how many of its steps a run does; all of them when it is not killed */
  async run(wanted: Wanted, killedAfter = Infinity): Promise<void> {
    let settings: Omit<Settings, "adminSecret">;
    try {
      settings = configOf(wanted);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.refused(wanted, error.message);
      return;
    }
    const handover = modeFault(wanted.mode, this.last?.mode);
    if (handover !== undefined) {
      this.refused(wanted, handover);
      return;
    }
    const decision = await this.decide(settings);
    if (decision.fault !== undefined) {
      this.refused(wanted, decision.fault);
      return;
    }
    this.log.push(
      [
        `${JSON.stringify(wanted)}: ${decision.rotation.strategy}`,
        ...(decision.overlap === undefined ? [] : [`both until ${decision.overlap.until}`]),
        ...(decision.warnings.length === 0 ? [] : [`warned: ${decision.warnings.join(" ")}`]),
      ].join(", "),
    );
    this.count.accepted++;
    if (!(await this.apply(settings, decision, killedAfter))) return;
    // Run again, it has nothing more to say.
    const { fault, overlap, rotation } = await this.decide(settings);
    assert.deepEqual([fault, overlap, rotation], [undefined, decision.overlap, decision.rotation], this.log.join("\n"));
  }

  private decide(settings: Omit<Settings, "adminSecret">): Promise<Decision> {
    const { begunGeneration: begun, secretOf } = secretsIn(this);
    return decideRotation(settings, this.last, {
      featureIsActive: () => Promise.resolve(this.feature),
      accepts: ({ clientId, generation }) => {
        const secret = secretOf(clientId, generation);
        return Promise.resolve(
          secret === undefined ? "unknown" : this.accepts({ clientId, secret }) ? "accepted" : "refused",
        );
      },
      begunGeneration: begun,
      now: issuedAt(tokenOf(this.clock)) ?? NaN,
    });
  }

  private refused(wanted: Wanted, why: string): void {
    this.log.push(`${JSON.stringify(wanted)}: refused: ${why}`);
    this.count.refused++;
    assert.match(why, /rotation\.|mode is/);
  }

  /** Did it end? */
  private async apply(
    settings: Omit<Settings, "adminSecret">,
    decision: Decision,
    killedAfter: number,
  ): Promise<boolean> {
    const { rotation, overlap, warnings } = decision;
    const { mode, backstage } = settings;
    const { active, standby } = signInClients(backstage, rotation);
    // What Git holds comes of the settings alone.
    if (mode !== "direct")
      assert.deepEqual(signInClients(backstage, settings.rotation).active.clientId, active.clientId);
    const program = await programOf(settings, decision);
    const before = this.last;
    const steps: [string, () => void][] = [
      ...[...program.passwords].map(([name, generation]): [string, () => void] => [
        name,
        () => this.password(name, generation),
      ]),
      ...(program.hasPolicy ? [["policy", () => this.makePolicy()] as [string, () => void]] : []),
      ...[...program.clients].flatMap(([clientId, inputs]) => this.putting(clientId, { ...inputs, overlap }, warnings)),
    ];
    const valueOf = (clientId: string): Credential => ({
      clientId,
      secret: this.passwords.get(program.clients.get(clientId)?.secret ?? "") ?? "",
    });
    const contract = (): Credential[] =>
      [active, ...(standby === undefined ? [] : [standby])].map(({ clientId }) => valueOf(clientId));
    if (mode === "hybrid") {
      steps.push(["the source Secret", () => (this.delivered = contract())]);
    } else {
      steps.push(["the rollout begins", () => (this.clock += ROLLOUT_SECONDS - 10)]);
      steps.push([
        "the rollout ends",
        () => {
          for (const credential of contract())
            assert.ok(
              this.accepts(credential),
              `a pod starts with ${credential.secret}, which Keycloak refuses:\n${this.log.join("\n")}`,
            );
          this.pods = contract();
          this.delivered = undefined;
        },
      ]);
    }
    steps.push([
      "outputs",
      () => {
        this.last = {
          generation: rotation.generation,
          strategy: rotation.strategy,
          step: rotation.step,
          graceBegan: overlap?.from ?? 0,
          graceEnds: overlap?.until ?? 0,
          mode,
        };
        for (const { rotated } of this.clients.values())
          if (rotated !== undefined) this.ends.set(rotated.secret, rotated.until);
      },
    ]);
    steps.push(["what is left over", () => this.remove(program)]);
    for (const [name, step] of steps.slice(0, killedAfter)) {
      step();
      this.log.push(`    ${name}`);
      this.check();
    }
    if (killedAfter < steps.length) {
      this.log.push("    killed");
      this.count.killed++;
      return false;
    }
    if (overlap !== undefined && before?.generation !== rotation.generation) this.count.overlaps++;
    if (warnings.some((warning) => warning.startsWith("rotation by replace"))) this.count.replaced++;
    if (warnings.some((warning) => warning.includes("from this run on"))) this.count.dropped++;
    if (rotation.step === "switch" && before?.step === "prepare") this.count.switched++;
    if (before?.step === "prepare" && rotation.step === undefined) this.count.abandoned++;
    return true;
  }

  private makePolicy(): void {
    assert.ok(this.policy || this.feature, `Keycloak does not know the policy's executor:\n${this.log.join("\n")}`);
    this.policy = true;
  }

  private password(name: string, generation: number): void {
    if (this.generations.get(name) === generation) return;
    this.generations.set(name, generation);
    this.passwords.set(name, `${name} ${generation} #${++this.made}`);
  }

  /** Keycloak's part and the state's are two: a run is killed in between as well. */
  private putting(
    clientId: string,
    { secret, rotated, overlap }: ClientInputs,
    warnings: readonly string[],
  ): [string, () => void][] {
    const inputs = (): string =>
      JSON.stringify([
        this.passwords.get(secret),
        rotated === undefined ? undefined : this.passwords.get(rotated),
        overlap,
      ]);
    return [
      [
        `client ${clientId}`,
        () => {
          if (this.inputs.get(clientId) === inputs()) return;
          const old = rotated === undefined ? undefined : this.passwords.get(rotated);
          const keeps = this.feature && this.policy && old !== undefined && overlap !== undefined;
          // The one documented exception: a run that said whom it costs a sign-in.
          if (warnings.some((warning) => /rotation by replace|is refused from this run on/.test(warning)))
            for (const pod of this.pods) if (pod.clientId === clientId) this.excused.add(pod.secret);
          this.clients.set(clientId, {
            secret: this.passwords.get(secret) ?? "",
            ...(keeps ? { rotated: { secret: old, until: overlap.until } } : {}),
          });
        },
      ],
      [`client ${clientId} in the state`, () => this.inputs.set(clientId, inputs())],
    ];
  }

  /** In one step: a secret of a client that is gone was not followed by another. */
  private remove({ clients, passwords, hasPolicy }: Program): void {
    for (const clientId of [...this.clients.keys()].filter((one) => !clients.has(one))) {
      this.clients.delete(clientId);
      this.inputs.delete(clientId);
    }
    for (const name of [...this.passwords.keys()].filter((one) => !passwords.has(one))) {
      this.passwords.delete(name);
      this.generations.delete(name);
    }
    if (!hasPolicy) this.policy = false;
  }
}
