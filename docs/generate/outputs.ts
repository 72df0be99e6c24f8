import { readFileSync } from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";
import { code, sentence, tableOf, typeText } from "./components";

/** docs/outputs.md, as the type of the outputs says it; `npm run docs` writes it and a unit test compares. */

type Interfaces = ReadonlyMap<string, ts.InterfaceDeclaration>;

/** A row for each field; one whose type is an interface of ours is followed by the fields of that. */
function rows(type: string, prefix: string, interfaces: Interfaces): string[][] {
  const fields = interfaces.get(type)?.members.filter(ts.isPropertySignature) ?? [];
  return fields.flatMap((field) => {
    const name = `${prefix}${field.name.getText()}`;
    const kind = typeText(field.type);
    // A type that refers to another one says nothing by its name; the sentence does.
    const shown = interfaces.has(kind) || kind.includes("[") ? "" : code(kind.replace(/^Readonly<(.*)>$/, "$1"));
    return [[code(name), shown, sentence(field, `output ${name}`)], ...rows(kind, `${name}.`, interfaces)];
  });
}

const HEAD = `# Outputs

What \`pulumi stack output\` shows of a stack, and \`verify\`, the next run and other stacks read; a value whose sentence
begins with "Secret" takes \`--show-secrets\`. An output named \`a.b\` is the field \`b\` of \`a\`. This page is written by
\`npm run docs\` from the type in [lib/outputs.ts](../lib/outputs.ts), which the program is checked against; a test compares.`;

/** Where Outputs and the interfaces of its fields are spelled out. */
export const outputSources = (root: string): string[] =>
  ["lib/outputs.ts", "lib/keycloak/rotation.ts"].map((file) => path.join(root, file));

/** The page's whole text. @param sources see outputSources */
export function outputsPage(sources: readonly string[]): string {
  const statements = sources.flatMap((file) => [
    ...ts.createSourceFile(path.basename(file), readFileSync(file, "utf8"), ts.ScriptTarget.ES2023, true).statements,
  ]);
  const interfaces = new Map(statements.filter(ts.isInterfaceDeclaration).map((found) => [found.name.text, found]));
  if (!interfaces.has("Outputs")) throw new Error("no file spells out the interface Outputs");
  return `${HEAD}\n\n${tableOf(["output", "type", "what it is"], rows("Outputs", "", interfaces))}\n`;
}
