// Preloaded into the Node process of a run: notes the processor time it took. With BENCH_START=default the SDK's own
// formatting of stack traces stays, whatever the program sets.
import { appendFileSync } from "node:fs";

if (/[/\\]cmd[/\\]run([/\\]index\.js)?$/.test(process.argv[1] ?? "")) {
  if (process.env.BENCH_START === "default") {
    /** @type {unknown} */
    let first;
    Object.defineProperty(Error, "prepareStackTrace", {
      configurable: true,
      get: () => first,
      set: (/** @type {unknown} */ value) => (first ??= value),
    });
  }
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    appendFileSync(process.env.BENCH_FILE ?? "/dev/null", `${(user + system) / 1e6}\n`);
  });
}
