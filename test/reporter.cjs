// mocha's own spec reporter, which also leaves what passed and failed for `make test` to add up and to end with.
const fs = require("node:fs");
const { reporters } = require("mocha");

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const failures = this.failures.map((test) => `${test.fullTitle()}: ${test.err?.message ?? "no reason given"}`);
      if (process.env.MOCHA_OUTCOME !== undefined) {
        fs.writeFileSync(process.env.MOCHA_OUTCOME, JSON.stringify({ passed: this.stats.passes, failures }));
      }
    });
  }
};
