import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { chromium, type Browser, type Page, type Route } from "playwright-core";
import { ensureApp } from "../../sandbox/app";
import { root } from "../../sandbox/settings";
import { ensureChromium } from "../../sandbox/tools";
import { secretsOf } from "../../verify/context";
import { regenerateSecret, story, TestStack } from "./harness";

/** What CI keeps of a run; docs/sign-in.png is one of them. */
const artifacts = path.join(root, "test", "artifacts");
const MINUTE = 60_000;

/** What a refresh answers, as far as it is looked at here. */
interface Session {
  backstageIdentity: { token: string };
}

describe("a real browser", function () {
  this.timeout("10m");
  story();

  let own: TestStack;
  let app: string;
  let html: string;
  let browser: Browser | undefined;
  let page: Page;
  let password: string;
  let origin: string;
  /** What a screenshot, a URL or the console must not hold, and all URLs and lines of the console. */
  const secrets: string[] = [];
  const shown: string[] = [];

  before(async () => {
    own = await TestStack.create("browser", 21);
    await own.up();
    const { backstageUrl, authEnvironment, userPasswords } = await own.outputs();
    const { host } = new URL(backstageUrl);
    ({ origin } = new URL(backstageUrl));
    app = await ensureApp();
    browser = await chromium.launch({
      executablePath: await ensureChromium(),
      // Chromium refuses to run as root with its sandbox; it visits nothing but the platform's own servers.
      chromiumSandbox: process.getuid?.() !== 0,
      // A page that a test serves comes from no address, and may not ask a private one, as Backstage's is here.
      args: [`--ip-address-space-overrides=${host}=public`],
    });
    password = userPasswords.ada ?? "";
    secrets.push(...secretsOf(await own.context()));
    // The page as Backstage's app backend serves it: the entry, and the part of the config that browsers may see.
    const data = {
      app: { title: "Backstage", baseUrl: backstageUrl },
      backend: { baseUrl: backstageUrl },
      auth: { environment: authEnvironment },
    };
    const config = JSON.stringify([{ context: "app", data }]);
    html =
      `<!doctype html><link rel="stylesheet" href="/static/index.css"><script ` +
      `type="backstage.io/config">${config}</script><div id="root"></div><script type="module" src="/static/index.js"></script>`;
    fs.rmSync(artifacts, { recursive: true, force: true });
  });
  after(async () => {
    await browser?.close();
    await own.remove();
  });

  /** The image of the local platform is the backend alone, so what else is asked of its origin is the app. */
  function serveApp(route: Route): Promise<void> {
    const { pathname } = new URL(route.request().url());
    return pathname.startsWith("/static/")
      ? route.fulfill({ path: path.join(app, path.basename(pathname)) })
      : route.fulfill({ contentType: "text/html", body: html });
  }

  /** The app in a browser that has never been anywhere. */
  async function open(): Promise<Page> {
    assert.ok(browser);
    const context = await browser.newContext({ viewport: { width: 900, height: 400 } });
    context.setDefaultTimeout(MINUTE);
    context.on("request", (request) => shown.push(request.url()));
    context.on("console", (message) => shown.push(message.text()));
    context.on("weberror", (error) => shown.push(String(error.error())));
    await context.route((url) => url.origin === origin && !url.pathname.startsWith("/api/"), serveApp);
    const opened = await context.newPage();
    await opened.goto(origin);
    return opened;
  }

  const keep = (of: Page, name: string): Promise<Buffer> =>
    of.screenshot({ path: path.join(artifacts, `${name}.png`), animations: "disabled" });

  /** Backstage's button, and Keycloak's form in the window that it opens. */
  async function popupOf(opener: Page): Promise<Page> {
    const [popup] = await Promise.all([
      opener.waitForEvent("popup"),
      opener.getByRole("button", { name: "Sign In" }).click(),
    ]);
    await popup.getByLabel("Username or email").fill("ada");
    await popup.getByLabel("Password", { exact: true }).fill(password);
    return popup;
  }

  async function submit(popup: Page): Promise<void> {
    await Promise.all([popup.waitForEvent("close"), popup.getByRole("button", { name: "Sign In" }).click()]);
  }

  it("is shown Keycloak's form in a window of its own", async () => {
    page = await open();
    const popup = await popupOf(page);
    await keep(popup, "keycloak");
    assert.ok(popup.url().startsWith(`${(await own.outputs()).issuer}/`), popup.url());
    await submit(popup);
  });

  it("is signed in when that window has closed", async () => {
    await page.getByText("user:default/ada").waitFor();
    await keep(page, "signed-in");
  });

  it("stays signed in over a reload, with an identity that Backstage itself accepts", async () => {
    const [refresh] = await Promise.all([page.waitForResponse(/\/refresh\?/), page.reload()]);
    const { token } = ((await refresh.json()) as Session).backstageIdentity;
    secrets.push(token);
    await page.getByText("user:default/ada").waitFor();
    const answer = await fetch(`${origin}/api/auth/v1/userinfo`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.match(await answer.text(), /"user:default\/ada"/);
  });

  it("is signed out for good", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign In" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign In" }).waitFor();
  });

  it("is told so where the client secret was regenerated by hand", async () => {
    await regenerateSecret(own.realm);
    const other = await open();
    await submit(await popupOf(other));
    await other.getByText(/unauthorized_client/).waitFor();
    await keep(other, "refused");
  });

  it("has shown no secret in a URL or in its console", () => {
    assert.ok(
      shown.some((url) => url.includes("/api/auth/oidc/start")) && shown.some((url) => url.includes("/handler/frame?")),
    );
    assert.ok(secrets.length >= 4);
    for (const secret of secrets) assert.ok(secret !== "" && !shown.some((text) => text.includes(secret)));
  });
});
