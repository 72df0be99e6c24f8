/**
 * Where the source Secret holds a value of an application: its owner, then the key. Only what every secret store takes
 * as a name: a dot would be a path to most of them.
 */
export const sourceKey = (owner: string, key: string): string => `${owner}_${key}`.replace(/[^A-Za-z0-9_-]/g, "-");
