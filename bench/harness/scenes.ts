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
