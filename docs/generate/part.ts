/**
 * A page with one part written anew: what stands between the two lines that name it; what is around them stays. Throws
 * where the page lacks those lines.
 * @param page the file in docs/, as a fault names it
 * @param name what both lines call the part
 */
export function withPart(text: string, page: string, name: string, content: string): string {
  const [first, last] = [`<!-- ${name}: made by npm run docs -->`, `<!-- end of ${name} -->`];
  const [start, end] = [text.indexOf(first), text.indexOf(last)];
  if (start < 0 || end < start)
    throw new Error(`docs/${page} lacks the lines ${first} and ${last}; add them where the ${name} belong.`);
  return `${text.slice(0, start)}${first}\n${content}\n${text.slice(end)}`;
}
