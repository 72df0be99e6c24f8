import { UserError } from "../errors";

/**
 * Runs a command to its exit code. A user's mistake is a sentence and code 2; anything else is ours and shows its
 * stack.
 * @param mistakes the errors that are a user's
 */
export function runCommand(
  main: () => Promise<number>,
  mistakes: readonly (abstract new (...args: never[]) => Error)[] = [UserError],
): void {
  main().then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
      const { code, message } = error as Error & { code?: string };
      const mistake = mistakes.some((kind) => error instanceof kind) || code?.startsWith("ERR_PARSE_ARGS") === true;
      console.error(mistake ? message : error);
      process.exitCode = 2;
    },
  );
}
