const REGISTRY = /[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?/.source;
const NAME = /[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*/.source;
const IMAGE = new RegExp(`^(?:${REGISTRY}/)?${NAME}(?:/${NAME})*(:\\w[\\w.-]{0,127})?(@.+)?$`);

/** Says what is wrong with an image reference, or returns undefined when it is right. */
export function imageFault(value: string): string | undefined {
  const parts = IMAGE.exec(value);
  if (parts === null) return "must be an image reference, such as registry/name:tag";
  const [, tag, digest] = parts;
  if (digest !== undefined && !/^@sha256:[a-f0-9]{64}$/.test(digest))
    return "has a malformed digest; write it as @sha256: and 64 of 0-9 and a-f";
  if (tag === ":latest" && digest === undefined)
    return "names the tag latest, which is another image tomorrow; write the one that was tested";
  return tag === undefined && digest === undefined
    ? "names neither a tag nor a digest; add the one that was tested"
    : undefined;
}

/** The same where only a digest will do, for a tag can be moved. */
export const digestFault = (value: string): string | undefined =>
  imageFault(value) ??
  (value.includes("@sha256:") ? undefined : "is not named by its digest; write it as name@sha256:digest");
