import type { Resource } from "../provider";
import { serve } from "../server";
import { hasUnknown, type Properties, UNKNOWN } from "../values";
import { defaults, makePassword, passwordFault, type PasswordInputs } from "./password";

/** Stand-in for the random provider: `RandomPassword` only, without its output `bcryptHash`. */

const inputs = ["keepers", "length", "overrideSpecial", ...Object.keys(defaults)];
/** The id that the official provider gives to every password, for an id is not secret. */
const id = "none";

const password: Resource<undefined> = {
  inputs,
  replaceOn: inputs,
  secretOutputs: ["result"],
  check(_, news) {
    const complete: Properties = { ...defaults, ...news };
    const fault = hasUnknown({ ...complete, keepers: {} }) ? undefined : passwordFault(asPassword(complete));
    return { inputs: complete, failures: fault === undefined ? [] : [fault] };
  },
  create(given, { preview }) {
    return {
      id: preview ? "" : id,
      outputs: { ...given, result: preview ? UNKNOWN : makePassword(asPassword(given)) },
    };
  },
  read(existing) {
    if (existing.outputs.result !== undefined) return existing;
    // Import: what the user gave as the id is the password itself.
    const imported = { ...defaults, length: existing.id.length };
    return { id, inputs: imported, outputs: { ...imported, result: existing.id } };
  },
};

const asPassword = (values: Properties): PasswordInputs => values as unknown as PasswordInputs;

void serve({
  name: "random",
  options: {},
  configure: () => undefined,
  resource: (type) => (type === "random:index/randomPassword:RandomPassword" ? password : undefined),
});
