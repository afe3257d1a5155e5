import type { RowSource } from "@pixelmesh/imaging";
import type { Size } from "../planes/plane.ts";
import type { Rgb } from "./parse-replacement.ts";

/** Colours at even distances, and degrees clockwise from upwards. */
export type Gradient = { readonly colors: readonly Rgb[]; readonly angle: number };

/**
 * Returns rows of a linear gradient, mixed as sRGB values, RGB. Its line runs through the centre and is as long as CSS Images Module Level 3, section 3.1.1 says: |w sin a| + |h cos a|, so
 * that two opposite corners have exactly the outer colours.
 */
export function createGradientSource({ widthPx, heightPx }: Size, { colors, angle }: Gradient): RowSource {
  const turn = (angle * Math.PI) / 180;
  const [right, down] = [exact(Math.sin(turn)), exact(-Math.cos(turn))];
  const length = Math.abs(widthPx * right) + Math.abs(heightPx * down);
  const last = colors.length - 1;
  return {
    widthPx,
    heightPx,
    channels: 3,
    async readRows(top, count) {
      const rows = new Uint8Array(widthPx * count * 3);
      for (let row = 0; row < count; row++) {
        const along = (top + row + 0.5 - heightPx / 2) * down;
        for (let x = 0; x < widthPx; x++) {
          const share = ((x + 0.5 - widthPx / 2) * right + along) / length + 0.5;
          const place = Math.min(last, Math.max(0, share * last));
          const from = Math.min(Math.floor(place), last - 1);
          const [one, other] = [colors[from] as Rgb, colors[from + 1] as Rgb];
          const at = (row * widthPx + x) * 3;
          for (let c = 0; c < 3; c++) {
            const start = one[c] as number;
            rows[at + c] = Math.round(start + ((other[c] as number) - start) * (place - from));
          }
        }
      }
      return rows;
    },
  };
}

/** Rounds away the error of a quarter turn, so that its rows or columns are even. */
function exact(value: number): number {
  return Math.round(value * 1e12) / 1e12;
}
