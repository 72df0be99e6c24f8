import { request } from "../../lib/gate/keycloak.mjs";
import type { Context } from "../context";
import { Broken } from "../run";

/** Far less than a token lives, and far more than two answers one after the other differ. In seconds. */
const MOST = 30;

/** What is wrong with clocks that are so far apart. @param seconds how far Backstage's is ahead of Keycloak's */
export function clockFault(seconds: number): Broken | undefined {
  if (Math.abs(seconds) <= MOST) return undefined;
  const apart = `Backstage's clock is ${Math.abs(seconds).toFixed(0)} s ${seconds > 0 ? "ahead of" : "behind"} Keycloak's`;
  return new Broken(`${apart}: tokens count as expired or as not yet valid`, "set the clocks of both machines by NTP");
}

/** How far an answer's clock is ahead of ours, in seconds. */
async function ahead(url: string): Promise<number> {
  const response = await request(url);
  await response.body?.cancel();
  const date = response.headers.get("date");
  if (date === null) throw new Broken(`${url} tells no time`, "let its proxy keep the header Date");
  return (Date.parse(date) - Date.now()) / 1000;
}

/** Do Keycloak and Backstage agree on the time? */
export async function clocksAgree({ outputs: { backstageUrl, issuer } }: Context): Promise<string> {
  const seconds = (await ahead(backstageUrl)) - (await ahead(issuer));
  const fault = clockFault(seconds);
  if (fault !== undefined) throw fault;
  return `${Math.abs(seconds).toFixed(0)} s apart`;
}
