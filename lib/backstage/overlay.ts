import { type Config, isConfig, openDoors, sideDoors, uncheckedTls } from "./appConfigFaults";
import { secretsInClear } from "../secretNames";

/** The settings that are laid into the app-config, without Pulumi: what they may not hold, and how they are merged. */

/** What Backstage replaces by the content of something else: nobody here knows what that will be. */
const isInclusion = (value: Config): boolean => ["$include", "$file", "$env"].some((key) => Object.hasOwn(value, key));

export interface OverlayContext {
  readonly authProvider: string;
  /** Whether the catalog is filled from Keycloak. */
  readonly catalogSync: boolean;
}

/** The keys of the app-config that the chain stands on, each with what to do instead. */
export function reservedKeys({ authProvider, catalogSync }: OverlayContext): Readonly<Record<string, string>> {
  return {
    "app.baseUrl": "set backstage.url instead",
    "backend.baseUrl": "set backstage.url instead",
    "backend.cors.origin": "set backstage.url instead",
    "backend.cors.credentials": "remove it",
    "backend.listen": "set backstage.port instead",
    // The probes and the exposure speak http to the pod.
    "backend.https": "end TLS at backstage.exposure instead",
    "backend.trustProxy": "remove it",
    "backend.database": "set backstage.database instead",
    "auth.environment": "set backstage.authEnvironment instead",
    "auth.session": "remove it",
    [`auth.providers.${authProvider}`]:
      "set backstage.resolvers, backstage.additionalScopes or backstage.sessionDuration instead",
    ...openDoors,
    ...(catalogSync ? { "catalog.providers.keycloakOrg": "set catalogSync instead" } : {}),
  };
}

/** How far `overlay` reaches towards a reserved key: the path at which it would change that key, or undefined. */
function reach(overlay: Config, reserved: string): { path: string; whole: boolean } | undefined {
  const parts = reserved.split(".");
  let at: unknown = overlay;
  for (const [depth, part] of parts.entries()) {
    if (!isConfig(at) || isInclusion(at)) return { path: parts.slice(0, depth).join("."), whole: false };
    if (!Object.hasOwn(at, part)) return undefined;
    at = at[part];
  }
  return { path: reserved, whole: true };
}

/**
 * A sentence for each key of an overlay that the chain stands on and for each secret in clear; never with the value.
 */
export function overlayFaults(overlay: Config, context: OverlayContext): string[] {
  const setting = "backstage.appConfig";
  const faults = new Map<string, string>();
  for (const [reserved, remedy] of Object.entries(reservedKeys(context))) {
    const reached = reach(overlay, reserved);
    if (reached === undefined) continue;
    const key = reached.path === "" ? setting : `${setting}.${reached.path}`;
    const why = reached.whole
      ? `is a key of the program's own; ${remedy}.`
      : `would replace ${reserved}, a key of the program's own; write it as an object without $include, $file and $env.`;
    if (!faults.has(key)) faults.set(key, `${key} ${why}`);
  }
  for (const path of secretsInClear(overlay, "", setting)) {
    if ([...faults.keys()].some((key) => path === key || path.startsWith(`${key}.`))) continue;
    faults.set(
      path,
      `${path} holds a secret in clear; write \${VARIABLE} there and set that variable by backstage.extraEnv.`,
    );
  }
  for (const [path, why] of sideDoors(overlay, context.authProvider)) faults.set(path, `${setting}.${path} ${why}.`);
  for (const path of uncheckedTls(overlay, setting))
    faults.set(
      path,
      `${path} turns the check of certificates off; remove it, and trust the authority by backstage.caBundle.`,
    );
  return [...faults.values()];
}

/** Lays `over` on `under`, object by object; a list is replaced as a whole, as Backstage does between its files. */
export function overlaid(under: Config, over: Config): Record<string, unknown> {
  const keys = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      const [below, above] = [Object.hasOwn(under, key) ? under[key] : undefined, over[key]];
      if (!Object.hasOwn(over, key)) return [key, below];
      return [key, isConfig(below) && isConfig(above) ? overlaid(below, above) : above];
    }),
  );
}
