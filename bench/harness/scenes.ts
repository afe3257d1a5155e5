import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

/** Sides of a picture. */
export type Sides = { readonly widthPx: number; readonly heightPx: number };

/** Returns the still life of examples/ as a JPEG of this size. A hue rotation of `turn` degrees makes pictures differ. */
export async function toScene({ widthPx, heightPx }: Sides, turn = 0): Promise<Buffer> {
  const scene = await readFile(fileURLToPath(new URL("../../examples/still-life.jpg", import.meta.url)));
  const sized = sharp(scene).resize(widthPx, heightPx, { fit: "fill" });
  return (turn === 0 ? sized : sized.modulate({ hue: turn })).jpeg({ quality: 92 }).toBuffer();
}

/**
 * Returns the still life of examples/ as tiles of its own size, as a JPEG: a large picture with as much detail from one pixel to the next as a small one
 * has.
 */
export async function toTiles({ widthPx, heightPx }: Sides): Promise<Buffer> {
  const scene = await readFile(fileURLToPath(new URL("../../examples/still-life.jpg", import.meta.url)));
  const canvas = sharp({ create: { width: widthPx, height: heightPx, channels: 3, background: "#000000" } });
  return canvas
    .composite([{ input: scene, tile: true, gravity: "northwest" }])
    .jpeg({ quality: 92 })
    .toBuffer();
}
