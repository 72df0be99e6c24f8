import { sleep } from "../../sandbox/process";

/**
 * The External Secrets Operator's part for one ExternalSecret: it reads the store at once, and after a failure again
 * after 1, 2, 4 and more seconds, as the operator's rate limiter has it (BuildRateLimiter in pkg/controllers/common of
 * its release 0.16.2); after a success again after the refresh interval, or never when that is 0.
 */
export class ExternalSecrets {
  private stopped = false;

  constructor(
    private readonly sync: () => Promise<void>,
    private readonly refreshSeconds: number,
  ) {}

  /** Begins, and goes on; resolves after the first success. */
  start(): Promise<void> {
    return new Promise((resolve) => void this.run(resolve));
  }

  private async run(synced: () => void): Promise<void> {
    for (let failures = 0; !this.stopped;) {
      const seconds = await this.sync().then(
        () => {
          synced();
          failures = 0;
          return this.refreshSeconds;
        },
        () => 2 ** failures++,
      );
      if (seconds === 0) return;
      await sleep(seconds * 1000);
    }
  }

  stop(): void {
    this.stopped = true;
  }
}
