import { isObject } from "../values";

/** The `runtime.options` of a Pulumi.yaml or PulumiPolicy.yaml. */
export interface Options {
  /** Load the program through the SDK's TypeScript loader. */
  typescript: boolean;
  tsconfig: string | undefined;
  /** Arguments for Node itself. */
  nodeargs: string[];
}

const known: Record<string, "boolean" | "string"> = {
  typescript: "boolean",
  tsconfig: "string",
  nodeargs: "string",
  production: "boolean",
  packagemanager: "string",
};

/** Reads the options; one that nobody would look at is refused rather than ignored. */
export function parseOptions(options: unknown): Options {
  const given = isObject(options) ? options : {};
  for (const [name, value] of Object.entries(given)) {
    const type = known[name];
    if (type === undefined) throw new Error(`runtime.options.${name} is not known; remove it.`);
    if (typeof value !== type) throw new Error(`${name} option must be a ${type}`);
  }
  return {
    typescript: given.typescript !== false,
    tsconfig: given.tsconfig as string | undefined,
    nodeargs: splitArguments((given.nodeargs as string | undefined) ?? ""),
  };
}

/** Splits a command line at spaces outside quotes, as a shell would. */
export function splitArguments(line: string): string[] {
  const words = line.matchAll(/(?:[^\s"']+|"(?:\\.|[^"\\])*"|'[^']*')+/g);
  return [...words].map(([word]) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, double: string | undefined, single: string | undefined) =>
      double === undefined ? (single ?? "") : double.replace(/\\(.)/g, "$1"),
    ),
  );
}

/** What the SDK reads from the environment to load a program or policy pack. */
export function typescriptEnv({ typescript, tsconfig }: Options): Record<string, string> {
  return {
    ...(typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
    ...(tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
  };
}
