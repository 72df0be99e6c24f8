/** Changes what a component gives to one of its children: the way out where no setting leads. */
export type Transform<Args> = (args: Args) => Args;

/** Applies a transform, if there is one. */
export const transformed = <Args>(transform: Transform<Args> | undefined, args: Args): Args =>
  transform === undefined ? args : transform(args);
