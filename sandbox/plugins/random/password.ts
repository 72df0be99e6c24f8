import { randomInt } from "node:crypto";

/** Password generation of `random.RandomPassword`: from the system's secure generator, without bias. */

export interface PasswordInputs {
  length: number;
  lower: boolean;
  upper: boolean;
  numeric: boolean;
  special: boolean;
  minLower: number;
  minUpper: number;
  minNumeric: number;
  minSpecial: number;
  overrideSpecial?: string;
}

export const defaults = {
  lower: true,
  upper: true,
  numeric: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
};

const letters = "abcdefghijklmnopqrstuvwxyz";

/** The alphabets in use, each with the least number of its characters. */
function alphabets(inputs: PasswordInputs): { characters: string; least: number }[] {
  // An empty override means "not set", as the official provider reads it.
  const special =
    inputs.overrideSpecial === undefined || inputs.overrideSpecial === ""
      ? "!@#$%&*()-_=+[]{}<>:?"
      : inputs.overrideSpecial;
  return [
    { use: inputs.lower, characters: letters, least: inputs.minLower },
    { use: inputs.upper, characters: letters.toUpperCase(), least: inputs.minUpper },
    { use: inputs.numeric, characters: "0123456789", least: inputs.minNumeric },
    { use: inputs.special, characters: special, least: inputs.minSpecial },
  ].filter(({ use, least }) => use || least > 0);
}

/** Why no password can be made from these inputs: the property and a sentence, or undefined. */
export function passwordFault(inputs: PasswordInputs): { property: string; reason: string } | undefined {
  const least = inputs.minLower + inputs.minUpper + inputs.minNumeric + inputs.minSpecial;
  if (!Number.isInteger(inputs.length) || inputs.length < Math.max(1, least)) {
    return { property: "length", reason: `must be a whole number of at least ${Math.max(1, least)}.` };
  }
  if (alphabets(inputs).length === 0) {
    return { property: "lower", reason: "set at least one of lower, upper, numeric and special to true." };
  }
  return undefined;
}

const pick = (characters: string): string => characters.charAt(randomInt(characters.length));

export function makePassword(inputs: PasswordInputs): string {
  const sets = alphabets(inputs);
  const all = sets.map(({ characters }) => characters).join("");
  const password = sets.flatMap(({ characters, least }) => Array.from({ length: least }, () => pick(characters)));
  while (password.length < inputs.length) password.push(pick(all));
  for (let last = password.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [password[last], password[other]] = [password[other] ?? "", password[last] ?? ""];
  }
  return password.join("");
}
