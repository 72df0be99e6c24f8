import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** What a generated password is like. */
export interface PasswordArgs {
  /** A higher number makes another one. @default it stays what it is */
  readonly generation?: number;
  /** In characters. @default 48 */
  readonly length?: number;
  /** Has it a small letter, a capital one and a digit at least? @default false */
  readonly mixed?: boolean;
}

/** A password that nobody but the state knows, of A-Z, a-z and 0-9: clients that do not encode others would break. */
export const generatedPassword = (
  name: string,
  { generation, length = 48, mixed = false }: PasswordArgs,
  opts: pulumi.CustomResourceOptions,
): random.RandomPassword =>
  new random.RandomPassword(
    name,
    {
      length,
      special: false,
      ...(mixed ? { minLower: 1, minUpper: 1, minNumeric: 1 } : {}),
      ...(generation === undefined ? {} : { keepers: { generation: String(generation) } }),
    },
    opts,
  );
