import { parse } from "node-html-parser";
import { backstageUrls } from "../lib/keycloak/urls";
import { browser as newBrowser } from "./browser";

export interface SignInArgs {
  /** Backstage's public URL. */
  readonly backstageUrl: string;
  /** The auth provider's id. */
  readonly authProvider: string;
  /** Backstage's `auth.environment`. */
  readonly authEnvironment: string;
  readonly username: string;
  readonly password: string;
  /** Where Backstage answers at the end, when that is another of its pods than at the start. @default backstageUrl's */
  readonly finishUrl?: string;
  /** Bound on each request, in milliseconds. @default 15000 */
  readonly timeoutMs?: number;
}

export type SignIn =
  | { readonly ok: true; readonly userEntityRef: string; readonly backstageToken: string; readonly seconds: number }
  | {
      readonly ok: false;
      readonly step: "start" | "form" | "credentials" | "handler";
      readonly why: string;
      /** Did Backstage or Keycloak report it itself? Else it was an answer, or none, that a proxy may have given. */
      readonly isReported: boolean;
      readonly seconds: number;
    };

interface HandlerMessage {
  response?: { backstageIdentity?: { token?: string; identity?: { userEntityRef?: string } } };
  error?: { name?: string; message?: string };
}

/** What Backstage's handler page posts to the window that opened it. */
export function handlerMessage(html: string): HandlerMessage {
  const [, encoded] = /decodeURIComponent\('([^']*)'\)/.exec(html) ?? [];
  if (encoded === undefined) return {};
  return JSON.parse(decodeURIComponent(encoded)) as HandlerMessage;
}

/** Does a text say what is wrong as Backstage does, in JSON? */
function isBackstages(text: string): boolean {
  try {
    return (JSON.parse(text) as { error?: { name?: unknown } } | null)?.error?.name !== undefined;
  } catch {
    return false;
  }
}

/**
 * One whole sign-in, as a browser does it: Backstage's start, Keycloak's form, Backstage's handler. Never throws for
 * an answer it did not hope for: it says at which step it ended and why.
 */
export async function signIn(args: SignInArgs): Promise<SignIn> {
  const began = performance.now();
  const browser = newBrowser();
  const visit = async (url: string, init: RequestInit = {}): Promise<Response> =>
    // Never over a connection that was kept: it would lead on to a pod that is about to end.
    browser(url, {
      redirect: "manual",
      headers: { connection: "close" },
      ...init,
      signal: AbortSignal.timeout(args.timeoutMs ?? 15_000),
    });
  const ended = <T extends object>(outcome: T): T & { seconds: number } => ({
    ...outcome,
    seconds: (performance.now() - began) / 1000,
  });

  let step: "start" | "form" | "credentials" | "handler" = "start";
  const failed = (why: string, isReported = true): SignIn => ended({ ok: false as const, step, why, isReported });
  try {
    const urls = backstageUrls(args.backstageUrl, args.authProvider, args.authEnvironment);
    const startAnswer = await visit(`${urls.base}${urls.startPath}`);
    const authorize = startAnswer.headers.get("location");
    if (startAnswer.status !== 302 || authorize === null)
      return failed(
        `Backstage answers ${startAnswer.status} where a sign-in starts`,
        isBackstages(await startAnswer.text()),
      );

    step = "form";
    const page = await visit(authorize);
    const html = parse(await page.text());
    const action = html.querySelector("form#kc-form-login")?.getAttribute("action");
    if (page.status !== 200 || action === undefined) {
      const errorMessage = html.querySelector("#kc-error-message")?.text.replace(/\s+/g, " ").trim();
      const redirected = page.headers.get("location");
      return failed(
        `Keycloak shows no sign-in form (${page.status}): ${errorMessage ?? redirected?.replace(/^.*[?#]/, "") ?? "no reason given"}`,
        errorMessage !== undefined || redirected?.includes("error=") === true,
      );
    }

    step = "credentials";
    const answer = await visit(new URL(action, authorize).href, {
      method: "POST",
      body: new URLSearchParams({ username: args.username, password: args.password }),
    });
    const handler = answer.headers.get("location");
    if (answer.status !== 302 || handler === null) {
      // It shows its form once more.
      const refused = parse(await answer.text()).querySelector("form#kc-form-login") !== null;
      return failed(
        refused
          ? `Keycloak refuses user ${args.username} or the password`
          : `Keycloak answers ${answer.status} to the password`,
        refused,
      );
    }

    if (new URL(handler).pathname.endsWith("/login-actions/required-action")) {
      return failed(
        `Keycloak asks user ${args.username} for ${new URL(handler).searchParams.get("execution") ?? "an action"} first`,
      );
    }

    step = "handler";
    const frame = await visit(
      args.finishUrl === undefined ? handler : handler.replace(new URL(handler).origin, new URL(args.finishUrl).origin),
    );
    const text = await frame.text();
    const { response, error } = handlerMessage(text);
    const token = response?.backstageIdentity?.token;
    if (token === undefined)
      return failed(
        error?.message ?? `Backstage answers ${frame.status} without an identity`,
        error?.message !== undefined || isBackstages(text),
      );
    return ended({
      ok: true as const,
      backstageToken: token,
      userEntityRef: response?.backstageIdentity?.identity?.userEntityRef ?? "",
    });
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } };
    return failed(cause?.code ?? message, false);
  }
}
