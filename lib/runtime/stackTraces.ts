/**
 * Makes the program start faster: the SDK takes a stack trace for each promise that it tracks, and its source-map
 * support then formats every one of them, which is more than half of the Node time of a run (docs/performance.md).
 * These traces are read only where a promise leaks: then their frames are shown, without source maps. All others, and
 * so those of every error, are formatted as before. Imported first, for its effect.
 */
type Formatter = (error: Error, frames: NodeJS.CallSite[]) => unknown;
const tracing = Error as { prepareStackTrace?: Formatter };
const mapped = tracing.prepareStackTrace;

/** Where the SDK takes a trace that hardly anybody reads. */
const TRACKER = /[/\\]runtime[/\\]debuggable\.js$/;

if (mapped !== undefined) {
  tracing.prepareStackTrace = (error, frames) =>
    TRACKER.test(frames[0]?.getFileName() ?? "")
      ? {
          toString: () =>
            frames.map((frame) => `    at ${frame.getFileName() ?? "?"}:${frame.getLineNumber() ?? 0}`).join("\n"),
        }
      : mapped(error, frames);
}

export {};
