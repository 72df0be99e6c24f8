import { z } from "zod";
import { seconds as durationSeconds } from "../durations";
import { canonicalUrl, publicUrlFault } from "../urls";

/** The kinds of values that settings are made of. `title` is what docs/configuration.md calls the kind. */

/** A Kubernetes name, as a DNS label. */
export const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be 1 to 63 of a-z, 0-9 and -, with a letter or digit at each end")
  .meta({ title: "name" });

export const text = z.string().min(1, "must not be empty").meta({ title: "text" });

export const realmName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,36}$/, "must be 1 to 36 of A-Z, a-z, 0-9, '.', '_' and '-'")
  .meta({ title: "1 to 36 of `A-Za-z0-9._-`" });

export const clientId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,255}$/, "must be 1 to 255 of A-Z, a-z, 0-9, '.', '_' and '-'")
  .meta({ title: "1 to 255 of `A-Za-z0-9._-`" });

/** A public base URL in its canonical form. Whether plain http will do depends on the environment: config.ts looks at that. */
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

/** A duration such as 30m or 1h30m; the parsed value is in seconds. */
export const duration = z
  .string("must be a duration, such as 30m or 1h30m")
  .transform((value, context) => {
    const total = durationSeconds(value);
    if (total !== undefined) return total;
    context.addIssue({ code: "custom", message: "must be a duration, such as 30m or 1h30m" });
    return z.NEVER;
  })
  .meta({ title: "duration, such as `30m`" });

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
