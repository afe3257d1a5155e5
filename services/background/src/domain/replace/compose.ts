import { AppError } from "@pixelmesh/errors";
import {
  createRasterSink,
  type Frame,
  type FrameStore,
  memoryFrameStore,
  type OpenRows,
  openRows,
  type Raster,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import type { WorkOptions } from "../cut-out/cut-out-rows.ts";
import { withOpen } from "../with-open.ts";
import { blurredBackground, type PictureTools } from "./blurred-background.ts";
import { composedChannels, composeRows, createColorSource } from "./compose-rows.ts";
import { createGradientSource } from "./gradient.ts";
import type { Replacement } from "./parse-replacement.ts";
import { placePicture } from "./place-picture.ts";

/** Options of a background's replacement. */
export type ReplaceOptions = WorkOptions &
  PictureTools & {
    /** The second input: the new background for `picture`, the original for `blur`. */
    readonly picture?: Raster | undefined;
  };

/**
 * Puts something behind a cut-out. The result has the cut-out's size: RGB, or RGBA if the new background has alpha. Throws
 * INVALID_PIPELINE if the second picture is missing, or for `blur` has another size than the cut-out.
 */
export async function replaceBackground(
  cutOut: Frame,
  replacement: Replacement,
  options: ReplaceOptions,
): Promise<Frame> {
  return toWholeFrame(await replaceBackgroundIn(memoryFrameStore, cutOut, replacement, options));
}

/** Does the same for pictures in memory or in files. The result and intermediate pictures lie in the frame store. */
export async function replaceBackgroundIn(
  frameStore: FrameStore,
  cutOut: Raster,
  replacement: Replacement,
  options: ReplaceOptions,
): Promise<Raster> {
  options.signal?.throwIfAborted();
  return withOpen(async (open) => {
    const background = await createBackground(frameStore, cutOut, replacement, options);
    open.defer(background.close);
    const rows = await openRows(cutOut);
    open.defer(rows.close);
    const { widthPx, heightPx } = cutOut;
    const sink = await createRasterSink({ widthPx, heightPx, channels: composedChannels(background) }, frameStore);
    open.defer(sink.abandon);
    await composeRows(rows, background, sink, options);
    return sink.end();
  });
}

async function createBackground(
  frameStore: FrameStore,
  cutOut: Raster,
  replacement: Replacement,
  options: ReplaceOptions,
): Promise<OpenRows> {
  if (replacement.kind === "color") return { ...createColorSource(cutOut, replacement.rgb), close: async () => {} };
  if (replacement.kind === "gradient") return { ...createGradientSource(cutOut, replacement), close: async () => {} };
  const { picture, resize, blur, signal } = options;
  if (picture === undefined) {
    throw new AppError("INVALID_PIPELINE", `Expected a second input for a background of kind ${replacement.kind}`);
  }
  if (replacement.kind === "picture")
    return placePicture(picture, cutOut, replacement, { resize, frameStore, pace: createPace(signal), signal });
  if (picture.widthPx !== cutOut.widthPx || picture.heightPx !== cutOut.heightPx) {
    const [want, got] = [cutOut, picture].map(({ widthPx, heightPx }) => `${widthPx}x${heightPx}`);
    throw new AppError(
      "INVALID_PIPELINE",
      `Expected the picture to blur to have the cut-out's size ${want}, got ${got}`,
    );
  }
  return blurredBackground(cutOut, picture, { sigmaPx: replacement.sigmaPx, resize, blur, frameStore, signal });
}
