import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import { parseConfig } from "../../../config";
import { realmHasParts } from "../../../preflight/realmParts";

const client = (more: object): object => ({
  clientId: "argo",
  kind: "public",
  rootUrl: "https://a.example.com",
  redirectUris: ["https://a.example.com/cb"],
  ...more,
});

describe("preflight/realmParts", () => {
  const real = globalThis.fetch;
  let answers: Record<string, unknown>;
  let asked: string[];
  beforeEach(() => {
    asked = [];
    answers = {
      "/admin/realms/platform/client-scopes": [
        { name: "tenant", protocol: "openid-connect" },
        { name: "email" },
        { name: "role_list", protocol: "saml" },
      ],
      "/admin/serverinfo": {
        providers: { eventsListener: { providers: { "jboss-logging": {}, email: {} } } },
        themes: { login: [{ name: "keycloak" }, { name: "acme" }] },
        enums: { eventType: ["LOGIN", "LOGIN_ERROR"] },
      },
    };
    globalThis.fetch = (input) => {
      const path = new URL(new Request(input).url).pathname;
      asked.push(path);
      return Promise.resolve(path in answers ? Response.json(answers[path]) : new Response(null, { status: 404 }));
    };
  });
  afterEach(() => {
    globalThis.fetch = real;
  });
  const run = async (values: object): Promise<void> => {
    const base = {
      environment: "prod",
      keycloak: { url: "https://id.example.com" },
      realm: { name: "platform" },
      backstage: { url: "https://b.example.com", image: "registry.example.com/b:1" },
    };
    await realmHasParts({ ...parseConfig({ ...base, ...values }), adminSecret: pulumi.secret("secret") }, "token");
  };
  const said = async (values: object): Promise<string> => {
    let message = "";
    await run(values).catch((error: unknown) => (message = (error as Error).message));
    return message;
  };

  it("asks nothing where every Keycloak has what the settings name", async () => {
    await run({ clients: [client({ defaultScopes: ["email", "phone"] })] });
    assert.deepEqual(asked, []);
  });

  it("takes a scope that the realm has, and says which one it lacks before anything is made", async () => {
    await run({ clients: [client({ optionalScopes: ["tenant"] })] });
    assert.equal(
      await said({ clients: [client({ defaultScopes: ["emial"], optionalScopes: ["tenant"] })] }),
      "Keycloak: clients.0.defaultScopes.0 is emial, which realm platform does not have as a client scope; " +
        "make it there first, or did you mean email?",
    );
  });

  it("takes no scope of SAML clients for one of these", async () => {
    assert.match(
      await said({ clients: [client({ optionalScopes: ["role_list"] })] }),
      /optionalScopes\.0 is role_list, which realm platform does not have/,
    );
  });

  it("says so of a realm that is yet to be made too", async () => {
    delete answers["/admin/realms/platform/client-scopes"];
    assert.match(
      await said({ clients: [client({ optionalScopes: ["tenant"] })] }),
      /clients\.0\.optionalScopes\.0 is tenant, which realm platform does not have as a client scope/,
    );
  });

  it("does the same for listeners, types of events and themes", async () => {
    await run({
      realm: {
        name: "platform",
        events: { listeners: ["jboss-logging", "email"], types: ["LOGIN"] },
        themes: { login: "acme" },
      },
    });
    assert.deepEqual(
      (
        await said({
          realm: { name: "platform", events: { listeners: ["emial"], types: ["LOGON"] }, themes: { login: "acm" } },
        })
      ).split("\n"),
      [
        "Keycloak: realm.events.listeners.0 is emial, which Keycloak does not have as an event listener; " +
          "make it there first, or did you mean email?",
        "Keycloak: realm.events.types.0 is LOGON, which Keycloak does not know as a type of event; make it " +
          "there first, or did you mean LOGIN?",
        "Keycloak: realm.themes.login is acm, which Keycloak does not have as a theme; make it there first, or did you mean acme?",
      ],
    );
  });

  it("judges nothing that Keycloak does not tell this administrator", async () => {
    answers["/admin/serverinfo"] = { features: [] };
    await run({
      realm: {
        name: "platform",
        events: { listeners: ["anything"], types: ["ANYTHING"] },
        themes: { email: "anything" },
      },
    });
    delete answers["/admin/serverinfo"];
    await run({ realm: { name: "platform", themes: { email: "anything" } } });
  });
});
