import assert from "node:assert/strict";
import { browser } from "../../../verify/browser";

describe("verify/browser", () => {
  const real = globalThis.fetch;
  afterEach(() => {
    globalThis.fetch = real;
  });

  for (const realm of ["platform", "My Realm", "L'équipe"]) {
    it(`sends the cookies of realm ${realm} back to it, and to no other`, async () => {
      const path = `/realms/${encodeURIComponent(realm)}/`;
      const sent: (string | null)[] = [];
      globalThis.fetch = (input, init) => {
        const { headers, url } = new Request(input, init);
        sent.push(headers.get("cookie"));
        const response = new Response("", { headers: { "set-cookie": `AUTH_SESSION_ID=one; Path=${path}; HttpOnly` } });
        return Promise.resolve(Object.defineProperty(response, "url", { value: url }));
      };
      const visit = browser();
      for (const url of [`${path}auth`, `${path}login-actions/authenticate`, "/realms/other/auth"])
        await visit(`https://id.example.com${url}`);
      assert.deepEqual(sent, [null, "AUTH_SESSION_ID=one", null]);
    });
  }
});
