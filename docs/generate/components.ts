import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";

/** docs/components.md, as the sources of components/ say it; `npm run docs` writes it and a unit test compares. */

type Field = ts.PropertySignature | ts.PropertyDeclaration;
type Interfaces = ReadonlyMap<string, ts.InterfaceDeclaration>;
type Typed = ts.TypeNode | ts.ExpressionWithTypeArguments;

interface Row {
  readonly name: string;
  readonly type: string;
  readonly byDefault: string;
  readonly what: string;
}

const isPublic = (field: ts.Node): boolean =>
  ts.canHaveModifiers(field) &&
  !(ts.getModifiers(field) ?? []).some(
    ({ kind }) => kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword,
  );

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** The documentation comment's sentence; every field that is public must have one. */
export function sentence(node: ts.HasJSDoc, what: string): string {
  const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const text = oneLine(ts.getTextOfJSDocComment(comments.at(-1)?.comment) ?? "");
  if (text === "") throw new Error(`${what} has no sentence of documentation`);
  return text;
}

/** What an optional input is when it is left out. */
function defaultOf(field: Field, what: string): string {
  if (field.questionToken === undefined) return "required";
  const tag = ts.getJSDocTags(field).find(({ tagName }) => tagName.text === "default");
  if (tag === undefined) throw new Error(`${what} is optional and has no @default`);
  return oneLine(ts.getTextOfJSDocComment(tag.comment) ?? "");
}

export const typeText = (type: ts.TypeNode | undefined): string => oneLine(type?.getText() ?? "");

/** The members of a type that is spelled out in our sources, those that it extends first. */
function members(type: Typed | undefined, interfaces: Interfaces): readonly ts.PropertySignature[] {
  if (type === undefined) return [];
  if (ts.isTypeOperatorNode(type)) return members(type.type, interfaces);
  if (ts.isArrayTypeNode(type) && ts.isTypeReferenceNode(type.elementType))
    return members(type.elementType, interfaces);
  if (ts.isTypeLiteralNode(type)) return type.members.filter(ts.isPropertySignature);
  const name = ts.isTypeReferenceNode(type)
    ? type.typeName.getText()
    : ts.isExpressionWithTypeArguments(type)
      ? type.expression.getText()
      : "";
  const [of, picked] = "typeArguments" in type ? (type.typeArguments ?? []) : [];
  if (name === "Pick" && picked !== undefined) {
    const names: readonly string[] = picked.getText().match(/(?<=")\w+(?=")/g) ?? [];
    return members(of, interfaces).filter((field) => names.includes(field.name.getText()));
  }
  const found = interfaces.get(name);
  // What has methods is made by a function of ours, and not spelled out by whoever hands it over.
  if (found === undefined || !found.members.every(ts.isPropertySignature)) return [];
  const inherited = (found.heritageClauses ?? []).flatMap(({ types }) =>
    types.flatMap((base) => members(base, interfaces)),
  );
  return [...inherited, ...found.members.filter(ts.isPropertySignature)];
}

/** A row for each input; one with members of its own is followed by theirs. */
function inputRows(type: Typed | undefined, prefix: string, what: string, interfaces: Interfaces): Row[] {
  // Of several kinds each has members of its own.
  if (type !== undefined && ts.isUnionTypeNode(type))
    return type.types.flatMap((one) => {
      const kind = members(one, interfaces).find(({ name }) => name.getText() === "kind");
      const rows = inputRows(one, prefix, what, interfaces);
      const only = (row: Row): Row => ({ ...row, what: `With the kind ${typeText(kind?.type)}: ${row.what}` });
      return kind === undefined ? rows : rows.filter(({ name }) => name !== `${prefix}kind`).map(only);
    });
  return members(type, interfaces).flatMap((field) => {
    const name = `${prefix}${field.name.getText()}`;
    const whole = `${what}: input ${name}`;
    const own = {
      name,
      type: typeText(field.type).replace(/ \| undefined$/, ""),
      byDefault: defaultOf(field, whole),
      what: sentence(field, whole),
    };
    return [own, ...inputRows(field.type, `${name}.`, what, interfaces)];
  });
}

/** The type token: what the constructor hands to `super` first. */
function tokenOf(component: ts.ClassDeclaration): string {
  const first = component.members.find(ts.isConstructorDeclaration)?.body?.statements[0];
  const [token] =
    first !== undefined && ts.isExpressionStatement(first) && ts.isCallExpression(first.expression)
      ? first.expression.arguments
      : [];
  if (token === undefined || !ts.isStringLiteral(token))
    throw new Error(`${component.name?.text ?? "?"} names no type token first in its constructor`);
  return token.text;
}

export const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;

export const tableOf = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .toSpliced(1, 0, `|${"---|".repeat(head.length)}`)
    .join("\n");

function section(component: ts.ClassDeclaration, file: string, interfaces: Interfaces): string {
  const name = component.name?.text ?? "?";
  const args = component.members.find(ts.isConstructorDeclaration)?.parameters[1]?.type;
  const inputs = inputRows(args, "", name, interfaces);
  const outputs = component.members
    .filter((member) => ts.isPropertyDeclaration(member))
    .filter(isPublic)
    .map((field) => [
      code(field.name.getText()),
      code(typeText(field.type)),
      sentence(field, `${name}: output ${field.name.getText()}`),
    ]);
  return [
    `## ${name}`,
    `${sentence(component, name)} Type ${code(tokenOf(component))}, in [components/${file}](../components/${file}).`,
    tableOf(
      ["input", "type", "default", "what it is"],
      inputs.map(({ name: input, type, byDefault, what }) => [code(input), code(type), byDefault, what]),
    ),
    tableOf(["output", "type", "what it is"], outputs),
  ].join("\n\n");
}

const HEAD = `# Components

The inputs and outputs of each component, for whoever builds a program of their own from them:
[portal.ts](../test/e2e/components/portal.ts) is one that a test runs. \`program/\` shows how they fit together here, and
which setting becomes which input. Whatever is a duration is in seconds, unless it says so.
This page is written by \`npm run docs\` from the sources in \`components/\`, and a test compares the two.`;

const statementsIn = (folder: string): ts.Statement[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .map((file) =>
      ts.createSourceFile(file, readFileSync(path.join(folder, file), "utf8"), ts.ScriptTarget.ES2023, true),
    )
    .flatMap((source) => [...source.statements]);

/** The page's whole text. @param folder where the components are @param lib where more of what they take is */
export function componentsPage(folder: string, ...lib: readonly string[]): string {
  const statements = statementsIn(folder);
  const interfaces = new Map(
    [...lib.flatMap(statementsIn), ...statements]
      .filter(ts.isInterfaceDeclaration)
      .map((found) => [found.name.text, found]),
  );
  const components = statements
    .filter(ts.isClassDeclaration)
    .filter(({ heritageClauses = [] }) =>
      heritageClauses.some((clause) => clause.getText().endsWith("ComponentResource")),
    );
  return `${[HEAD, ...components.map((component) => section(component, component.getSourceFile().fileName, interfaces))].join("\n\n")}\n`;
}
