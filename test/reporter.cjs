// mocha's own spec reporter, which also leaves its counts for `make test` to add up.
const fs = require("node:fs");
const { reporters } = require("mocha");

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures } = this.stats;
      if (process.env.MOCHA_COUNTS !== undefined) {
        fs.writeFileSync(process.env.MOCHA_COUNTS, JSON.stringify({ passed: passes, failed: failures }));
      }
    });
  }
};
