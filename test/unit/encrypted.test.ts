import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { providers } from "../../program/providers";
import { ConfigError, loadConfig } from "../../config";
import { adminSecretKeys } from "../../lib/settings/admin";
import { Config, secretKeys } from "../../lib/settings/schema";
import { stackSettings } from "../../render/settings";
import { record } from "../recorder";

type Values = Readonly<Record<string, unknown>>;

const CANARY = "canary-4711";
const kubeconfig =
  `apiVersion: v1\nclusters: [{name: c, cluster: {server: "https://10.0.0.1"}}]\nusers: [{name: u, user: ` +
  `{token: ${CANARY}}}]\n`;

const valid = (method = "password"): Values => ({
  environment: "prod",
  keycloak: { url: "https://id.example.com", admin: { method, clientId: "pulumi" } },
  realm: { name: "platform" },
  backstage: { url: "https://backstage.example.com", image: "registry.example.com/backstage:1.2.3" },
});

/** Hands a configuration over as the CLI does, these keys encrypted. */
function give(values: Values, encrypted: readonly string[]): void {
  const whole = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `backstage-keycloak:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  const keys = encrypted.map((key) => `backstage-keycloak:${key}`);
  pulumi.runtime.setAllConfig(whole, keys);
  process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(keys);
}

/** The one line that a configuration is refused with. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.ok(
      !error.message.includes("\n") &&
        ![CANARY, Buffer.from(kubeconfig).toString("base64")].some((text) => error.message.includes(text)),
      error.message,
    );
    return error.message;
  }
  throw new assert.AssertionError({ message: "the configuration was accepted" });
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
}

/**
 * A path for each key of the schema, to the values that stand there; a list has one of index 0, a map none of its own.
 */
function leaves(schema: Schema, at: readonly (string | number)[]): (string | number)[][] {
  if (schema.oneOf !== undefined) return schema.oneOf.flatMap((option) => leaves(option, at));
  if (schema.items !== undefined) return leaves(schema.items, [...at, 0]);
  return schema.properties === undefined
    ? [[...at]]
    : Object.entries(schema.properties).flatMap(([key, inner]) => leaves(inner, [...at, key]));
}

const holder = (path_: readonly (string | number)[], value: unknown): unknown => {
  const [first, ...rest] = path_;
  if (first === undefined) return value;
  return typeof first === "number" ? [holder(rest, value)] : { [first]: holder(rest, value) };
};

// It names the project, as the CLI does.
before(() => record(() => undefined));

describe("an encrypted value", () => {
  const all = leaves(z.toJSONSchema(Config, { io: "input", unrepresentable: "any" }) as Schema, []);

  for (const key of Object.keys(Config.shape).filter((own) => own !== "kubeconfig")) {
    it(`of ${key} is refused in one sentence by the loader`, () => {
      give({ keycloakAdminPassword: "p", ...valid(), [key]: valid()[key] ?? CANARY }, [key, "keycloakAdminPassword"]);
      assert.match(
        refusal(loadConfig),
        new RegExp(
          `^config: ${key} holds an encrypted value, which would be in clear in the state .*; .* without --secret\\.$`,
        ),
      );
    });
  }

  it("of every key below is refused by its path, as a stack's file shows it", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "encrypted-"));
    assert.ok(all.length > 150);
    for (const leaf of all.filter(([first]) => first !== "kubeconfig")) {
      const [first = ""] = leaf;
      fs.writeFileSync(
        path.join(folder, "Pulumi.s.yaml"),
        stringify({ config: { ...valid(), [first]: holder(leaf.slice(1), { secure: CANARY }) } }),
      );
      assert.ok(
        refusal(() => stackSettings(folder, "s")).startsWith(`config: ${leaf.join(".")} holds an encrypted value`),
        leaf.join("."),
      );
    }
    fs.rmSync(folder, { recursive: true });
  });

  for (const [method, key] of Object.entries(adminSecretKeys)) {
    it(`of kubeconfig and of ${key} is a secret in every input`, async () => {
      const values = { ...valid(method), kubeconfig, [key]: `${CANARY}-admin` };
      give(values, [key, "kubeconfig"]);
      const { resources } = await record(() => {
        give(values, [key, "kubeconfig"]);
        providers(loadConfig());
      });
      const text = JSON.stringify(resources.map(({ inputs }) => inputs));
      assert.ok(text.includes(`${CANARY}-admin`) && text.includes(`token: ${CANARY}`));
      assert.ok(!JSON.stringify(resources.map(({ clear }) => clear)).includes(CANARY));
    });
  }

  it("of a kubeconfig does not keep the render from reading a stack's file, nor does a key of the sign-in", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "encrypted-"));
    const secrets = Object.fromEntries(
      [...Object.keys(secretKeys), "kubeconfig"].map((key) => [`backstage-keycloak:${key}`, { secure: "v1:abc" }]),
    );
    fs.writeFileSync(path.join(folder, "Pulumi.s.yaml"), stringify({ config: { ...valid(), ...secrets } }));
    assert.equal(stackSettings(folder, "s").kubeconfig, "");
    fs.rmSync(folder, { recursive: true });
  });
});

describe("the kubeconfig", () => {
  const read = (value: unknown, ...encrypted: string[]): string => {
    give({ keycloakAdminPassword: "p", ...valid(), kubeconfig: value }, ["keycloakAdminPassword", ...encrypted]);
    return loadConfig().kubeconfig;
  };
  const parsed = {
    apiVersion: "v1",
    clusters: [{ name: "c", cluster: { server: "https://10.0.0.1" } }],
    users: [] as unknown[],
  };
  const withUser = (user: object): object => ({ ...parsed, users: [{ name: "u", user }] });

  for (const user of [
    { token: CANARY },
    { password: CANARY },
    { "client-key-data": "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCmFiYw==" },
    { exec: { command: "login", env: [{ name: "LOGIN_PASSWORD", value: CANARY }] } },
    { exec: { command: "login", args: ["--token", CANARY] } },
    { "auth-provider": { name: "oidc", config: { "refresh-token": CANARY } } },
  ]) {
    it(`is refused in clear with ${JSON.stringify(user).replaceAll(CANARY, "...")}, in one line and in several`, () => {
      for (const text of [JSON.stringify(withUser(user)), stringify(withUser(user))]) {
        assert.match(
          refusal(() => read(text)),
          /^config: kubeconfig holds a token, password or key in clear; set it anew by `pulumi config set --secret kubeconfig < FILE`/,
        );
        assert.ok(read(text, "kubeconfig").includes("\n"));
      }
    });
  }

  it("is taken in clear where a program signs in, or a file is named", () => {
    const exec = {
      exec: {
        command: "aws",
        args: ["eks", "get-token", "--cluster-name", "prod"],
        env: [{ name: "AWS_PROFILE", value: "prod" }],
      },
    };
    for (const user of [
      exec,
      { "client-certificate-data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", "client-key": "/etc/tls/client.key" },
      { tokenFile: "/var/run/token" },
    ])
      assert.ok(read(stringify(withUser(user))).includes("clusters"));
    assert.equal(read("/etc/kubeconfig"), "/etc/kubeconfig");
    assert.equal(read(""), "");
  });

  it("that nobody can read is told without a word of it", () => {
    for (const text of [`a: [${CANARY}\n`, `token: ${CANARY}\n`, `{"token": "${CANARY}"`])
      assert.match(
        refusal(() => read(text, "kubeconfig")),
        /^config: kubeconfig is a text, and not that of a kubeconfig/,
      );
    const coded = Buffer.from(kubeconfig).toString("base64");
    for (const read_ of [() => read(coded), () => read(coded, "kubeconfig"), () => read(CANARY, "kubeconfig")])
      assert.match(refusal(read_), /^config: kubeconfig is neither the text of a kubeconfig nor a file that is there/);
  });
});
