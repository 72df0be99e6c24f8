import assert from "node:assert/strict";
import fc from "fast-check";
import { passwordLength, policyFault, unmetPolicy } from "../../../../lib/keycloak/passwordPolicy";

describe("lib/keycloak/passwordPolicy", () => {
  for (const right of [
    "length(12) and notUsername and notEmail",
    "length",
    "hashIterations(27500) and hashAlgorithm(argon2)",
    "regexPattern(^(?=.*[A-Z]).{8,}$)",
    "passwordBlacklist(common.txt)",
    "length(8)  and  digits(1)",
  ]) {
    it(`takes ${right}`, () => assert.equal(policyFault(right), undefined));
  }

  // Each of them is answered by 400 "Invalid config" or "Password policy not found" when the realm is made.
  for (const wrong of [
    "",
    "lenght(8)",
    "length(x)",
    "length()",
    "digits(-1)",
    "regexPattern()",
    "passwordBlacklist",
    "length(8), digits(1)",
    "constructor",
    "regexPattern(a and b)",
  ]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => assert.ok(policyFault(wrong) !== undefined));
  }

  it("never fails, whatever is written", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        policyFault(text);
        unmetPolicy(text);
      }),
    );
  });

  it("asks nothing of a generated password that it has not", () => {
    const password = fc
      .stringMatching(/^[A-Za-z0-9]+$/, { size: "medium" })
      .map((more) => `aA1${more}`.padEnd(passwordLength, "x").slice(0, passwordLength));
    const met = ["^[A-Za-z0-9]*$", ".{12,}", "(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9]).*"];
    for (const pattern of met) {
      assert.equal(unmetPolicy(`regexPattern(${pattern})`), undefined);
      fc.assert(fc.property(password, (value) => assert.match(value, new RegExp(`^(?:${pattern})$`))));
    }
    for (const pattern of [".*[!_].*", "[a-z]*", ".*[0-9].*[0-9].*[a-z]{3}.*"])
      assert.equal(unmetPolicy(`regexPattern(${pattern})`), "another pattern");
  });

  for (const [policy, unmet] of [
    ["length(20)", undefined],
    ["length(21)", "21 characters"],
    ["maxLength(19)", "at most 19 characters"],
    ["specialChars", "special characters"],
    ["specialChars(0)", undefined],
    ["digits(2)", "more than one of digits"],
    ["notUsername and upperCase(1)", undefined],
  ] as const) {
    it(`says of ${policy} ${unmet ?? "nothing"}`, () => assert.equal(unmetPolicy(policy), unmet));
  }
});
