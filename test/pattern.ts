/** One pattern of several that follow each other, for a sentence that is longer than a line. */
export const pattern = (...parts: readonly RegExp[]): RegExp =>
  new RegExp(parts.map(({ source }) => source).join(""), parts[0]?.flags);
