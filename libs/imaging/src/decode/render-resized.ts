import { unlink, writeFile } from "node:fs/promises";
import { ImageFormat } from "@pixelmesh/proto";
import type { Metadata, Sharp } from "sharp";
import { sharp } from "../engine/engine.ts";
import { fromRaster, toRaster } from "../engine/raw-pixels.ts";
import type { Channels } from "../frames/frame.ts";
import { cropRaster, discardRaster } from "../frames/frame-file.ts";
import type { FrameStore } from "../frames/frame-store.ts";
import { freeMemory, freeRaster } from "../frames/free-memory.ts";
import type { Raster } from "../frames/raster.ts";
import { scratchWrite } from "../frames/scratch-write.ts";
import { toTallerJpeg } from "../structure/jpeg-tail.ts";
import { DECODE_TIMEOUT_S, type Renderable } from "./render.ts";
import { isWide } from "./render-wide.ts";
import { chooseLoadShrink, type LoadShrink, type Sides } from "./shrink-on-load.ts";

const simpleFormats: readonly ImageFormat[] = [ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.GIF];

/**
 * Whether one libvips pipeline can decode and resize this picture, so that its full size is never a frame. Not for AVIF and TIFF, more
 * than 8 bits, grey with a profile, premultiplied alpha, and frames that do not cover their canvas: their pixels need more than
 * libvips does before a resize.
 */
export function rendersResized({ opened, metadata, plan }: Renderable): boolean {
  const { format, structure, isPremultiplied } = opened;
  const isGreyWithProfile = metadata.space === "b-w" && plan.hasProfile;
  return (
    simpleFormats.includes(format) &&
    metadata.depth === "uchar" &&
    !isWide(metadata) &&
    !isPremultiplied &&
    !isGreyWithProfile &&
    structure.firstFrame === undefined
  );
}

/**
 * Decodes a picture to 8-bit sRGB, upright, of exactly these sides, without a frame of its full size. A JPEG is shrunk by libjpeg first
 * if the frame store has files (`chooseLoadShrink`). Throws the decoder's errors and, for a JPEG, its warnings. Undefined for a JPEG whose
 * rows would change with the rows that are added to find missing data.
 */
export async function renderResized(
  picture: Renderable,
  target: Sides,
  frameStore: FrameStore,
): Promise<Raster | undefined> {
  const { opened, metadata, plan } = picture;
  const orientation = metadata.orientation ?? 1;
  const unturned = orientation >= 5 ? { widthPx: target.heightPx, heightPx: target.widthPx } : target;
  const shape = { ...target, channels: channelsOf(metadata) };
  const finish = (image: Sharp) => toRaster(turn(fit(image, unturned), orientation), shape, frameStore);
  const failOn = opened.format === ImageFormat.JPEG ? "warning" : "error";
  const options = { ...opened.options, failOn, ignoreIcc: !plan.hasProfile } as const;
  const open = (source: Uint8Array | string) => {
    const image = sharp(source, options).timeout({ seconds: DECODE_TIMEOUT_S });
    return metadata.space === "b-w" ? image.toColourspace("b-w") : image;
  };
  const shrunk = frameStore.hasFiles ? chooseLoadShrink(picture, unturned) : undefined;
  const load = shrunk ?? wholeOf(picture);
  if (load === undefined) return undefined;
  /** libvips computes only rows that are asked for. So added rows are resized in width, and cut off before the resize in height. */
  const render = async (image: Sharp) => {
    if (load.decodedRows === undefined) return finish(crop(image, load));
    const tall = { widthPx: unturned.widthPx, heightPx: load.decodedRows };
    const resized = fit(crop(image, { ...load, heightPx: load.decodedRows }), tall);
    const narrow = await toRaster(resized, { ...shape, ...tall }, frameStore);
    const raster = await finish(fromRaster(await cropRaster(narrow, load.heightPx)));
    freeRaster(narrow);
    await discardRaster(narrow);
    return raster;
  };
  const raster = await (shrunk
    ? withFile(shrunk.bytes, frameStore, (path) => render(open(`${path}[shrink=${shrunk.shrink}]`)))
    : render(open(load.bytes)));
  if (load.bytes !== plan.bytes) freeMemory(load.bytes);
  return raster;
}

/**
 * The picture at full size. A JPEG claims more rows than it has where its decoder would not notice missing data of the last ones; undefined
 * if that changes its own rows.
 */
function wholeOf({
  opened,
  metadata,
  plan,
}: Renderable): (Sides & Pick<LoadShrink, "bytes" | "decodedRows">) | undefined {
  const { width: widthPx, height: heightPx } = metadata;
  const taller = opened.format === ImageFormat.JPEG ? toTallerJpeg(plan.bytes) : undefined;
  if (taller?.isExact === false) return undefined;
  const decodedRows = taller && Math.ceil(heightPx / 8) * 8 + 1;
  return { widthPx, heightPx, bytes: taller?.bytes ?? plan.bytes, decodedRows };
}

function channelsOf({ space, hasAlpha }: Metadata): Channels {
  if (space === "b-w") return hasAlpha ? 2 : 1;
  return hasAlpha ? 4 : 3;
}

/** Cuts off what does not belong to the picture. The cut also keeps sharp from choosing a factor of its own. */
function crop(image: Sharp, { widthPx, heightPx }: Sides): Sharp {
  return image.extract({ left: 0, top: 0, width: widthPx, height: heightPx });
}

function fit(image: Sharp, { widthPx, heightPx }: Sides): Sharp {
  return image.resize({ width: widthPx, height: heightPx, fit: "fill", kernel: "lanczos3" });
}

/** Turns the resized picture upright. */
function turn(image: Sharp, orientation: number): Sharp {
  const [isMirrored, degrees] = turns[orientation - 1] ?? [false, 0];
  if (isMirrored) image.flop();
  return degrees === 0 ? image : image.rotate(degrees);
}

/** What makes a picture upright, by EXIF's Orientation from 1: mirror left and right, then turn clockwise. */
const turns: readonly (readonly [isMirrored: boolean, degrees: number])[] = [
  [false, 0],
  [true, 0],
  [false, 180],
  [true, 180],
  [true, 270],
  [false, 90],
  [true, 90],
  [false, 270],
];

/** Runs a pipeline on a JPEG in a file, because through sharp only a file's name can tell libvips a factor. */
async function withFile(
  bytes: Uint8Array,
  frameStore: FrameStore,
  run: (path: string) => Promise<Raster>,
): Promise<Raster> {
  const path = await frameStore.newPath("jpg");
  try {
    await scratchWrite(() => writeFile(path, bytes));
    return await run(path);
  } finally {
    await unlink(path).catch(() => {});
  }
}
