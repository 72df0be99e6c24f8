import { closest } from "fastest-levenshtein";

/** What Backstage's OIDC module offers, `oidcSignInResolvers` of its package; any other name ends Backstage's start. */
export const oidcResolvers = ["emailMatchingUserEntityProfileEmail", "emailLocalPartMatchingUserEntityName"];

/** Says what is wrong with the name of a resolver, or returns undefined. @param custom what the image itself brings. */
export function resolverFault(name: string, custom: readonly string[]): string | undefined {
  const known = [...oidcResolvers, ...custom];
  if (known.includes(name)) return undefined;
  return `is ${name}, which neither the OIDC module nor backstage.customResolvers has; did you mean ${closest(name, known)}?`;
}
