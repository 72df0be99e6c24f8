import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import type { Properties } from "../values";
import { type Reference, referenceTo } from "./object";

/** `renderYamlToDirectory`: files as the official provider writes them, without any cluster. */

function fileOf(directory: string, { apiVersion, kind, namespace, name }: Reference): string {
  const folder = kind === "CustomResourceDefinition" ? "0-crd" : "1-manifest";
  const version = apiVersion.replaceAll(/[/:]/g, "_");
  const within = namespace === "" ? "default" : namespace;
  return path.join(directory, folder, `${version}-${kind.toLowerCase()}-${within}-${name}.yaml`);
}

/** Writes an object's file and returns its path. */
export function render(directory: string, object: Properties): string {
  for (const folder of ["0-crd", "1-manifest"]) {
    fs.mkdirSync(path.join(directory, folder), { recursive: true, mode: 0o700 });
  }
  const file = fileOf(directory, referenceTo(object));
  // YAML 1.1 quotes "yes" and "on", which readers of that version take for booleans.
  const yaml = stringify(object, { sortMapEntries: true, lineWidth: 0, version: "1.1", aliasDuplicateObjects: false });
  fs.writeFileSync(file, yaml, { mode: 0o600 });
  return file;
}

export function removeRendered(directory: string, object: Properties): void {
  fs.rmSync(fileOf(directory, referenceTo(object)), { force: true });
}
