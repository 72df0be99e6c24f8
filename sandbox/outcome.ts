/** What tests came to. */
export interface Outcome {
  readonly passed: number;
  /** What failed and why, one string each. */
  readonly failures: readonly string[];
}

export const none: Outcome = { passed: 0, failures: [] };

export const sum = (one: Outcome, other: Outcome): Outcome => ({
  passed: one.passed + other.passed,
  failures: [...one.failures, ...other.failures],
});
