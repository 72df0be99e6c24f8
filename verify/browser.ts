import makeFetchCookie from "fetch-cookie";
import { CookieJar } from "tough-cookie";

/**
 * `fetch` with the cookies of a browser. The jar compares a cookie's path with that of a request, which it has decoded,
 * and a realm's path is encoded where its name has a space or an accent.
 */
export function browser(): ReturnType<typeof makeFetchCookie<string, RequestInit, Response>> {
  const jar = new CookieJar();
  const decoded = (cookie: string): string =>
    cookie.replace(/(;\s*path=)([^;]*)/i, (_, key: string, path: string) => key + decodeURI(path));
  return makeFetchCookie<string, RequestInit, Response>(fetch, {
    getCookieString: (url) => jar.getCookieString(url),
    setCookie: (cookie, url, options) => jar.setCookie(decoded(cookie), url, options),
  });
}
