import { green } from "../keycloak/rotation";

/** What no app-config may say, whoever wrote it. */

export type Config = Readonly<Record<string, unknown>>;

export const isConfig = (value: unknown): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The keys that let people in past Keycloak, each with what to do instead. */
export const openDoors: Readonly<Record<string, string>> = {
  "backend.auth.dangerouslyDisableDefaultAuthPolicy": "remove it, for it opens the backend to everybody",
  "auth.providers.guest": "remove it, for it lets people in past Keycloak",
};

/** The paths of all keys below `value` that turn the check of certificates off. */
export function uncheckedTls(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => uncheckedTls(item, `${path}.${index}`));
  if (!isConfig(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "skipTLSVerify" && String(inner) === "true" ? [`${path}.${key}`] : uncheckedTls(inner, `${path}.${key}`),
  );
}

const valueAt = (config: unknown, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>((at, part) => (isConfig(at) && Object.hasOwn(at, part) ? at[part] : undefined), config);

/**
 * The paths below `auth` by which a configuration lets people in past its own provider, each with what to do instead.
 */
export function sideDoors(config: unknown, authProvider: string): [path: string, remedy: string][] {
  const doors: [string, string][] = [];
  const providers = valueAt(config, "auth.providers");
  for (const [id, environments] of isConfig(providers) ? Object.entries(providers) : []) {
    if (id === authProvider || !isConfig(environments)) continue;
    for (const [environment, provider] of Object.entries(environments)) {
      // Without it a provider connects accounts, and lets nobody in.
      if (isConfig(provider) && Object.hasOwn(provider, "signIn"))
        doors.push([`auth.providers.${id}.${environment}.signIn`, "lets people in past Keycloak; remove it"]);
    }
  }
  const origins = [valueAt(config, "auth.experimentalExtraAllowedOrigins")].flat();
  if (origins.some((origin) => typeof origin === "string" && /[*?[{!]/.test(origin))) {
    doors.push([
      "auth.experimentalExtraAllowedOrigins",
      "has a pattern, which hands sign-ins to any site that it fits; write each origin out",
    ]);
  }
  return doors;
}

/**
 * What is wrong with the sign-in of a complete app-config, as the key and the rest of a sentence.
 * @param environment what `auth.environment` must be, but for the second client's; any when it is undefined.
 */
export function signInFaults(config: unknown, environment: string | undefined): [key: string, fault: string][] {
  const faults: [string, string][] = Object.entries(openDoors).flatMap(([key, remedy]) =>
    [undefined, false].includes(valueAt(config, key) as undefined) ? [] : [[key, `must not be there; ${remedy}`]],
  );
  const told = valueAt(config, "auth.environment");
  if (
    environment !== undefined &&
    valueAt(config, "auth") !== undefined &&
    told !== environment &&
    told !== green(environment)
  ) {
    faults.push(["auth.environment", "is not the environment that the profile names; set it"]);
  }
  const providers = valueAt(config, "auth.providers");
  for (const [id, environments] of isConfig(providers) ? Object.entries(providers) : []) {
    // A provider without the environment's key is skipped at the start, and its sign-in answers 404.
    if (id === "guest" || !isConfig(environments) || (typeof told === "string" && Object.hasOwn(environments, told)))
      continue;
    faults.push([`auth.providers.${id}`, "has no key that equals auth.environment; name it after the environment"]);
  }
  return faults;
}
