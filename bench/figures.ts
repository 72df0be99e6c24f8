/** The middle one of some figures; of an even number the upper one. */
export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** The exponent by which y grows with x, between two points. */
export const exponent = (from: readonly [x: number, y: number], to: readonly [x: number, y: number]): number => Math.log(to[1] / from[1]) / Math.log(to[0] / from[0]);
