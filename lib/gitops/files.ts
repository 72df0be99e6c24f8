import { stringify } from "yaml";
import { waveAnnotation } from "./annotations";
import type { Manifest } from "./objects";

/** Objects as files: the same input is the same bytes. */

/** The first line of every file that is ours; a file without it is somebody else's. */
export const HEAD = "# Rendered by `make render`; change the stack's settings instead.";

/** What a reader looks for first; the rest by name. */
const FIRST = ["apiVersion", "kind", "metadata", "name", "namespace", "type", "spec"];

function rank(key: unknown): string {
  const place = FIRST.indexOf(String(key));
  return `${place === -1 ? FIRST.length : place} ${String(key)}`;
}

/** A key of the document is a node or the value itself. */
const keyOf = (key: unknown): unknown => (typeof key === "object" && key !== null && "value" in key ? key.value : key);

const yaml = {
  lineWidth: 0,
  aliasDuplicateObjects: false,
  sortMapEntries: (one, other) => (rank(keyOf(one.key)) < rank(keyOf(other.key)) ? -1 : 1),
} satisfies Parameters<typeof stringify>[2];

export const document = (content: object): string => `${HEAD}\n${stringify(content, yaml)}`;

const waveOf = ({ metadata }: Manifest): number => Number(metadata.annotations?.[waveAnnotation] ?? 0);

const fileName = ({ kind, metadata }: Manifest): string => `${kind.toLowerCase()}-${metadata.name}.yaml`;

/** The files of one folder, with a kustomization that lists them in the order of their waves. */
export function folderFiles(folder: string, manifests: readonly Manifest[]): Map<string, string> {
  const files = new Map<string, string>();
  const ordered = [...manifests].sort((a, b) => waveOf(a) - waveOf(b) || (fileName(a) < fileName(b) ? -1 : 1));
  for (const manifest of ordered) {
    // The same name in two namespaces of one folder
    const plain = `${folder}/${fileName(manifest)}`;
    const file = files.has(plain) ? `${folder}/${manifest.metadata.namespace ?? ""}-${fileName(manifest)}` : plain;
    files.set(file, document(manifest));
  }
  const resources = [...files.keys()].map((file) => file.slice(folder.length + 1));
  files.set(`${folder}/kustomization.yaml`, kustomization(resources));
  return files;
}

export const kustomization = (resources: readonly string[]): string =>
  document({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources });
