import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

const examples = new URL("../../../../examples/", import.meta.url);

/** The robot of examples/, 400×480. */
export const robot = readFileSync(new URL("portrait-object.jpg", examples));

/** The exact coverage of the robot, as its renderer computed it. */
export const robotMask = readFileSync(new URL("portrait-object.mask.png", examples));

const slowPictures = new Map<number, Promise<Buffer>>();

/** A picture of 19 megapixels, or of another width, which keeps a chain of effects busy for seconds. Drawn once for each width. */
export function slowPicture(widthPx = 4_000): Promise<Buffer> {
  const found = slowPictures.get(widthPx) ?? sharp(robot).resize(widthPx).jpeg().toBuffer();
  slowPictures.set(widthPx, found);
  return found;
}

/** Reads a picture of the test data. */
export function readData(dataDir: string, path: string): Buffer {
  return readFileSync(join(dataDir, path));
}
