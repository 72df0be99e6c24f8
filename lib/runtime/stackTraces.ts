/**
 * Makes the program start faster: the SDK takes a stack trace for each promise that it tracks, and its source-map
 * support formats every one of them: 13 % of the processor time of a preview of 105 resources, and more of a larger one
 * (docs/performance.md). They are read only where a promise leaks: then their frames are shown, without source maps.
 * All others, and so those of every error, are formatted as before. Imported first, for its effect.
 *
 * It relies on two things that are no API of the SDK's: that it installs source-map-support, and that the traces are
 * taken in `runtime/debuggable.js`. Its test fails when an SDK changes that, and docs/upstream/stack-traces.md asks for
 * what would make this file needless.
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
