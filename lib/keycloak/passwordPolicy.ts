import { closest } from "fastest-levenshtein";

/** Keycloak's password policies, as far as a realm's settings and generated passwords must meet them. */

/** How many characters an initial password has: small and capital letters and digits, one of each at least. */
export const passwordLength = 20;

/** What stands in the parentheses of a policy; a number has a default. */
type Argument = "none" | "number" | "text";

/** The policies of Keycloak's own, with what stands in their parentheses. */
const policies: Readonly<Record<string, Argument>> = {
  length: "number",
  maxLength: "number",
  digits: "number",
  lowerCase: "number",
  upperCase: "number",
  specialChars: "number",
  notUsername: "none",
  notEmail: "none",
  notContainsUsername: "none",
  passwordHistory: "number",
  passwordAge: "number",
  forceExpiredPasswordChange: "number",
  maxAuthAge: "number",
  hashIterations: "number",
  hashAlgorithm: "text",
  regexPattern: "text",
  passwordBlacklist: "text",
  recoveryCodesWarningThreshold: "number",
};

interface Policy {
  readonly id: string;
  /** What stands in the parentheses; undefined when there are none. */
  readonly argument: string | undefined;
}

/** The policies that a text joins by `and`, split as Keycloak splits it. */
const parsed = (written: string): Policy[] =>
  written.split(" and ").map((part) => {
    const [, id = part.trim(), argument] = /^\s*([^(]*?)\s*\((.*)\)\s*$/s.exec(part) ?? [];
    return { id, argument };
  });

function argumentFault({ id, argument }: Policy): string | undefined {
  const kind = Object.hasOwn(policies, id) ? policies[id] : undefined;
  if (kind === undefined)
    return (
      `has ${id === "" ? "an empty policy" : id}, which is no policy of Keycloak's; write one of those, such ` +
      `as ${closest(id, Object.keys(policies))}`
    );
  if (kind === "number" && argument !== undefined && !/^\d{1,9}$/.test(argument))
    return `needs a whole number in the parentheses of ${id}; correct it`;
  if (kind === "text" && (argument ?? "") === "") return `needs something in the parentheses of ${id}; add it`;
  return undefined;
}

/** Says what is wrong with a realm's password policy, or returns undefined. */
export function policyFault(written: string): string | undefined {
  if (written.length > 2550) return "is longer than 2550 characters, which Keycloak cannot store; shorten it";
  const all = parsed(written);
  const fault = all.map(argumentFault).find((one) => one !== undefined);
  if (fault !== undefined) return fault;
  const ids = all.map(({ id }) => id);
  const double = ids.find((id, index) => ids.indexOf(id) < index);
  return double === undefined ? undefined : `has ${double} twice, of which Keycloak heeds one; keep one`;
}

/** The shapes of generated passwords: with as few digits, small or capital letters as they may have. */
const shapes = ["aB3", "Ab3", "3aB", "B3a"].map((few) => few + few.charAt(0).repeat(passwordLength - few.length));

/** Does every generated password meet a pattern? One that JavaScript does not know is not judged. */
function meets(pattern: string): boolean {
  try {
    const whole = new RegExp(`^(?:${pattern})$`, "u");
    return shapes.every((shape) => whole.test(shape));
  } catch {
    return true;
  }
}

/**
 * What of a password policy the generated initial passwords do not meet, as the end of a sentence; undefined when they
 * meet it all.
 */
export function unmetPolicy(written: string): string | undefined {
  for (const { id, argument } of parsed(written)) {
    const asked = argument === undefined ? undefined : Number(argument);
    if (id === "length" && (asked ?? 8) > passwordLength) return `${String(asked)} characters`;
    if (id === "maxLength" && (asked ?? 64) < passwordLength) return `at most ${String(asked)} characters`;
    if (id === "specialChars" && (asked ?? 1) > 0) return "special characters";
    if ((id === "digits" || id === "lowerCase" || id === "upperCase") && (asked ?? 1) > 1)
      return `more than one of ${id}`;
    if (id === "regexPattern" && !meets(argument ?? "")) return "another pattern";
  }
  return undefined;
}
