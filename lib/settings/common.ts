import { z } from "zod";
import { wholeSeconds } from "../durations";
import { canonicalUrl, publicUrlFault } from "../keycloak/urls";

/** The kinds of values that settings are made of. `title` is what docs/configuration.md calls the kind. */

/** A kind that a function judges: it says what is wrong, or returns undefined. */
export const judged = <Kind extends z.ZodType<string>>(
  kind: Kind,
  fault: (value: string) => string | undefined,
): Kind =>
  kind.superRefine((value, context) => {
    const message = fault(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

/** A Kubernetes name, as a DNS label. */
export const name = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "must be 1 to 63 of a-z, 0-9 and -, with a letter or digit at each end",
  )
  .meta({ title: "name" });

/**
 * Says what is wrong with a line of text, or returns undefined.
 * @param most in UTF-16 units, which no database counts as fewer
 */
export function lineFault(value: string, most = 255): string | undefined {
  if (value === "") return "must not be empty";
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(value))
    return "has a line break or a control character; write one line of text";
  if (value.trim() !== value) return "begins or ends with a blank; remove it";
  return value.length > most ? `is longer than ${most} characters; shorten it` : undefined;
}

/** A line of text: most columns of Keycloak's database hold 255 characters. */
export const text = judged(z.string(), lineFault).meta({ title: "text" });

/** Text for people, of several lines if need be. */
export const description = z
  .string()
  .trim()
  .min(1, "must not be empty")
  .max(255, "is longer than 255 characters; shorten it")
  .refine((value) => !/[^\P{Cc}\n\t]|\p{Cs}/u.test(value), "has a control character; remove it")
  .meta({ title: "text" });

/**
 * What Keycloak takes in the name of a realm, makes URLs of, and its provider can put into a path; with braces it
 * fails.
 */
function realmNameFault(value: string): string | undefined {
  const [mark] = /[^\p{L}\p{M}\p{N} ._'~-]/u.exec(value) ?? [];
  if (mark !== undefined)
    return (
      `has a ${/\p{C}/u.test(mark) ? "control character" : mark}, which the name of a realm must not have; ` +
      "write letters, digits, blanks and any of '.', '_', '-', '~' and an apostrophe"
    );
  if (/^\.+$/.test(value)) return "is a part of a path and no name; write another name";
  return lineFault(value);
}

export const realmName = judged(z.string(), realmNameFault).meta({ title: "realm name" });

export const clientId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,255}$/, "must be 1 to 255 of A-Z, a-z, 0-9, '.', '_' and '-'")
  .meta({ title: "1 to 255 of `A-Za-z0-9._-`" });

/**
 * A public base URL in its canonical form. Whether plain http will do depends on the environment: config.ts looks at
 * that.
 */
export const url = z
  .string()
  .transform((value, context) => {
    const fault = publicUrlFault(value, true);
    if (fault === undefined) return canonicalUrl(value);
    context.addIssue({ code: "custom", message: fault });
    return z.NEVER;
  })
  .meta({ title: "URL" });

export const flag = z.boolean("must be true or false").meta({ title: "boolean" });

/** A whole number within bounds; `unit` says what it counts. */
export function whole(min: number, max: number, unit = ""): z.ZodInt {
  const suffix = unit === "" ? "" : ` ${unit}`;
  return z
    .int(unit === "" ? "must be a whole number" : `must be a whole number of ${unit}`)
    .min(min, `must be at least ${min}${suffix}`)
    .max(max, `must be at most ${max}${suffix}`)
    .meta({ title: `${min} to ${max}${suffix}` });
}

export const bounded = whole(1, 3600, "seconds");
export const seconds = (byDefault: number): z.ZodDefault<z.ZodInt> => bounded.default(byDefault);
export const port = (min: number): z.ZodInt => whole(min, 65535);

/**
 * A duration such as 30m or 1h30m; the parsed value is in seconds.
 * @param least the shortest that does no harm, as it is written.
 * @param none "0s" is taken too, and means something of its own
 */
export function durationFrom(least: string, none = false) {
  const fewest = wholeSeconds(least) as number;
  return z
    .string("must be a duration, such as 30m or 1h30m")
    .transform((value, context) => {
      const total = wholeSeconds(value);
      if (typeof total === "number" && (total >= fewest || (none && total === 0))) return total;
      context.addIssue({
        code: "custom",
        message: typeof total === "string" ? total : `must be at least ${least}${none ? ", or 0s" : ""}; raise it`,
      });
      return z.NEVER;
    })
    .meta({ title: "duration, such as `30m`" });
}

export const duration = durationFrom("0s");

/** As RFC 3339 writes it, or as Pulumi hands over one that stands in a stack's file without quotes. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(Z|[+-]\d\d):?(\d\d)?(?: \S+)?$/;

/** A moment, with its offset from UTC; the parsed value is as RFC 3339 writes it, in UTC. */
export const dateTime = z
  .string()
  .transform((value, context) => {
    const [, day = "", time = "", hours = "", minutes] = DATE_TIME.exec(value) ?? [];
    const moment = new Date(`${day}T${time}${hours}${minutes === undefined ? "" : `:${minutes}`}`);
    if (!Number.isNaN(moment.valueOf())) return moment.toISOString();
    context.addIssue({ code: "custom", message: "must be a date and time, such as 2026-11-25T10:00:00Z" });
    return z.NEVER;
  })
  .meta({ title: "date and time" });
