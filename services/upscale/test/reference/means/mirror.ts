import { mirror } from "../../../src/domain/means/mirror.ts";

/** Returns `mirror` of every index from `-reach` to `length - 1 + reach`. */
export function mirrored(length: number, reach: number): Int32Array {
  return Int32Array.from({ length: length + 2 * reach }, (_, at) => mirror(at - reach, length));
}
