import { clusterRunning } from "../../sandbox/cluster";
import { stopPlatform } from "../../sandbox/platform";
import { platform, platformWasUsed } from "./harness";

/** The platform runs before the first test and, when it did not run before, no longer after the last. */
let ranBefore = false;

export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    // Cold, this builds everything from the registries' sources.
    this.timeout("60m");
    ranBefore = clusterRunning();
    await platform();
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout("2m");
    if (platformWasUsed() && !ranBefore) await stopPlatform();
  },
};
