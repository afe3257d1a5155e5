import { createFrame } from "@pixelmesh/imaging";
import type { AvailableModel } from "../src/models/registry.ts";
import type { Tile, TileResult } from "../src/supervisor/tile.ts";

/** The receptive radius of `enlarge`. */
export const radiusPx = 3;

/** Doubles the sides; each pixel is the sum of a cross of `radiusPx` around it, modulo 256, borders left out. */
export const enlarge = (tile: Tile): TileResult => {
  const { widthPx, heightPx, channels, data } = tile;
  const out = new Uint8Array(data.length * 4);
  for (let y = 0; y < heightPx * 2; y++) {
    for (let x = 0; x < widthPx * 2; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = (y % 2) * 2 + (x % 2);
        for (let step = -radiusPx; step <= radiusPx; step++) {
          const at = (px: number, py: number) =>
            px < 0 || py < 0 || px >= widthPx || py >= heightPx ? 0 : data[(py * widthPx + px) * channels + channel]!;
          sum += at((x >> 1) + step, y >> 1) + 3 * at(x >> 1, (y >> 1) + step);
        }
        out[(y * widthPx * 2 + x) * channels + channel] = sum;
      }
    }
  }
  return { widthPx: widthPx * 2, heightPx: heightPx * 2, channels, data: out, runMs: 1 };
};

/** An entry for `enlarge`. */
export const modelOf = (facts: Partial<AvailableModel> = {}) =>
  ({
    name: "cross",
    task: "upscale",
    scale: 2,
    haloPx: radiusPx,
    receptiveRadiusPx: radiusPx,
    sizeMultiple: 1,
    preferredTilesPx: [64],
    input: { fixedSizePx: null },
    ...facts,
  }) as unknown as AvailableModel;

/** A picture without repeated areas. */
export const pictureOf = (widthPx: number, heightPx: number, channels: 1 | 3) =>
  createFrame(
    widthPx,
    heightPx,
    channels,
    Uint8Array.from({ length: widthPx * heightPx * channels }, (_, i) => (i * 7_919 + (i >> 3) * 31) & 255),
  );
