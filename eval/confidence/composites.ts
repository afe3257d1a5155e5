import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { findTestData } from "@pixelmesh/testing";
import sharp from "sharp";
import type { GrabCutPicture } from "../grabcut.ts";

/** A picture with a known mask, and the set that it belongs to. */
export type LabelledPicture = Pick<GrabCutPicture, "name" | "mask"> & {
  readonly set: string;
  readonly bytes: Uint8Array;
};

/** What is done to a composite, from easy to hard. */
const variants = ["plain", "low contrast", "blurred"] as const;

/** Returns the photographs of a set, and the object of each on three other photographs. The same at each call. */
export async function withComposites(set: readonly GrabCutPicture[]): Promise<readonly LabelledPicture[]> {
  const dir = join(findTestData() ?? "", "photos");
  const photos = (await readdir(dir)).sort().map((file) => join(dir, file));
  const pictures: LabelledPicture[] = [];
  for (const [index, { name, photo, mask }] of set.entries()) {
    pictures.push({ set: "photographs", name, mask, bytes: photo.bytes });
    for (const [at, variant] of variants.entries()) {
      const background = photos[((index * variants.length + at) * 5 + at) % photos.length] as string;
      pictures.push({ set: variant, name, mask, bytes: await compose(photo.bytes, mask, background, variant) });
    }
  }
  return pictures;
}

async function compose(
  photo: Uint8Array,
  { widthPx: width, heightPx: height, channels, data }: GrabCutPicture["mask"],
  background: string,
  variant: (typeof variants)[number],
): Promise<Uint8Array> {
  // The part of the mask that is not counted is left out of the object.
  const alpha = Buffer.alloc(width * height);
  for (let i = 0; i < alpha.length; i++) alpha[i] = (data[i * channels] as number) >= 200 ? 255 : 0;
  // sharp removes alpha after it joins channels, so this takes two passes.
  const opaque = await sharp(photo).removeAlpha().png().toBuffer();
  const object = await sharp(opaque)
    .joinChannel(alpha, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
  const backdrop = sharp(await readFile(background))
    .resize(width, height, { fit: "cover" })
    .removeAlpha();
  const composed = sharp(
    await backdrop
      .composite([{ input: object }])
      .png()
      .toBuffer(),
  );
  if (variant === "low contrast") composed.linear(0.35, 80);
  if (variant === "blurred") composed.blur(3);
  return composed.png().toBuffer();
}
