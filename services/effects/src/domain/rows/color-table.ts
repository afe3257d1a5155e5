import type { Rgb } from "../color/color.ts";
import { toByte } from "./mix.ts";
import type { RowFormat } from "./rows.ts";

/** Returns four samples of a row's format for each color; the fourth is 0. */
export function toColorTable(colors: readonly Rgb[], format: RowFormat): Float32Array | Uint8Array {
  const samples = colors.flatMap(([red, green, blue]) => [red, green, blue, 0]);
  return format === "floats" ? Float32Array.from(samples) : Uint8Array.from(samples, toByte);
}
