import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findTestData } from "@pixelmesh/testing";
import sharp from "sharp";
import { type Sides, toScene } from "../../harness/scenes.ts";

/** A JPEG file that all sides process. */
export type PictureFile = { readonly name: string; readonly path: string; readonly bytes: Buffer };

/** Number of pictures of a case: PICTURES, or the case's own number. */
export function pictureCount(byDefault: number): number {
  const count = Number(process.env.PICTURES || byDefault);
  if (!(count >= 1)) throw new Error(`Expected PICTURES to be at least 1, got ${process.env.PICTURES}`);
  return count;
}

/**
 * Writes `count` different JPEGs of one size into a new directory: the photos of the test data, cropped and with turned hues where they
 * repeat; without test data, the still life of examples/.
 */
export async function writePictures(dir: string, count: number, size: Sides): Promise<PictureFile[]> {
  await mkdir(dir, { recursive: true });
  const data = findTestData();
  const photosDir = data === undefined ? "" : join(data, "photos");
  const photos = existsSync(photosDir) ? readdirSync(photosDir).sort() : [];
  const files: PictureFile[] = [];
  for (let at = 0; at < count; at++) {
    const photo = photos[at % photos.length];
    const bytes =
      photo === undefined
        ? await toScene(size, at * 7)
        : await sharp(await readFile(join(photosDir, photo)))
            .resize(size.widthPx, size.heightPx, { fit: "cover" })
            .modulate({ hue: 40 * Math.floor(at / photos.length) })
            .jpeg({ quality: 90 })
            .toBuffer();
    const name = `picture-${at}.jpg`;
    const path = join(dir, name);
    await writeFile(path, bytes);
    files.push({ name, path, bytes });
  }
  return files;
}

/** Returns the JPEG with a comment behind its start marker: the same pixels in other bytes, so that no cache knows them. */
export function withComment(jpeg: Buffer, text: string): Buffer {
  const comment = Buffer.from(text);
  const header = Buffer.from([0xff, 0xfe, 0, 0]);
  header.writeUInt16BE(comment.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), header, comment, jpeg.subarray(2)]);
}
