/** Durations as Go writes them: the form in which the keycloak provider takes them and gives them back. */

const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

function exact(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g);
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ""] ?? 0), 0);
}

/** Seconds of a duration as Go writes it ("1h30m"); undefined when it is none. */
export function seconds(text: string | undefined): number | undefined {
  const total = exact(text ?? "");
  return total === undefined ? undefined : Math.trunc(total);
}

/** Longer than this, and now plus a lifetime no longer fits into the 32 bits in which Keycloak counts seconds. */
const LONGEST_DAYS = 3650;

/** Says what is wrong with a duration of the settings, which may have days too, or gives its seconds. */
export function wholeSeconds(text: string): number | string {
  const days = /^(\d+)d(?=$|\d)/.exec(text);
  const rest = days === null ? text : text.slice(days[0].length);
  const below = rest === "" && days !== null ? 0 : exact(rest);
  if (below === undefined) return "must be a duration, such as 30m or 1h30m";
  const total = Number(days?.[1] ?? 0) * 86_400 + below;
  if (Math.abs(total - Math.round(total)) > 1e-6) return "must be whole seconds; round it";
  return total > LONGEST_DAYS * 86_400
    ? `must be at most ${LONGEST_DAYS}d, as Keycloak counts seconds in 32 bits; lower it`
    : Math.round(total);
}

/** As Go writes a duration: "1h0m0s", "5m0s", "30s". */
export function durationText(total: number): string {
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
