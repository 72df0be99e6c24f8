type Group = Readonly<Record<string, unknown>>;

/** An object as people write it; an Output is none. */
const isGroup = (value: unknown): value is Group =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** A component's inputs, with the settings' own defaults for what is left out; a group is filled in member by member. */
export function withDefaults<Args extends object, Defaults extends object>(
  args: Args,
  defaults: Defaults,
): Args & Defaults {
  const filled = Object.entries(defaults).map(([key, value]: [string, unknown]) => {
    const given = (args as Group)[key];
    return [key, isGroup(given) && isGroup(value) ? withDefaults(given, value) : (given ?? value)] as const;
  });
  return { ...args, ...Object.fromEntries(filled) } as Args & Defaults;
}
