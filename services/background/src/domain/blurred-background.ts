import { createFrame, createFrameSource, type Frame, type RowSource } from "@pixelmesh/imaging";
import { createPace, type Pace } from "@pixelmesh/lifecycle";
import { fillHole } from "./fill-hole.ts";
import { type Resize, toOpaqueRgb } from "./matte.ts";
import { createPlane, fitSize, type Plane, type Size } from "./plane.ts";
import { toRgbPlanes } from "./rgb-planes.ts";
import { createSampler, type Sampler } from "./sampler.ts";

/** A Gaussian blur of a frame: `blurFrame` of @pixelmesh/imaging. */
export type Blur = (frame: Frame, sigmaPx: number) => Promise<Frame>;

/** What a blurred background takes. */
export type BlurOptions = {
  /** Of the Gaussian, in pixels of the picture. */
  readonly sigmaPx: number;
  readonly resize: Resize;
  readonly blur: Blur;
  readonly signal?: AbortSignal | undefined;
};

// The hidden part is guessed at this size; it is smooth, and its visible remains are blurred.
const fillSidePx = 256;
// A blur this wide (of the shrunken picture) survives bilinear enlargement unchanged to the eye.
const shrunkenSigmaPx = 4;

/**
 * The picture blurred as if the object were not there, so that no halo of its colours surrounds it: what the cut-out covers is
 * first filled with colours from around it. Wide blurs are made on a shrunken copy. Rows of RGB.
 */
export async function blurredBackground(cutOut: Frame, picture: Frame, options: BlurOptions): Promise<RowSource> {
  const { sigmaPx, resize, blur, signal } = options;
  const pace = createPace(signal);
  const emptied = await removeObject(cutOut, picture, resize, pace);
  const factor = Math.max(1, Math.floor(sigmaPx / shrunkenSigmaPx));
  const widthPx = Math.max(1, Math.round(picture.widthPx / factor));
  const heightPx = Math.max(1, Math.round(picture.heightPx / factor));
  const shrunken = await resize(emptied, widthPx, heightPx);
  signal?.throwIfAborted();
  const blurred = await blur(shrunken, sigmaPx / factor);
  signal?.throwIfAborted();
  return factor === 1 ? createFrameSource(blurred) : enlarged(blurred, picture, pace);
}

async function removeObject(cutOut: Frame, picture: Frame, resize: Resize, pace: Pace): Promise<Frame> {
  const { widthPx, heightPx } = picture;
  const small = fitSize(picture, fillSidePx);
  const coarse = await resize(picture, small.widthPx, small.heightPx);
  const coarseCutOut = await resize(cutOut, small.widthPx, small.heightPx);
  const planes = await toRgbPlanes(toOpaqueRgb(coarse), small, pace);
  const filled = await fillHole(planes, hiddenPlane(coarseCutOut, small), pace);
  const samplers = filled.map((plane) => createSampler(plane, picture));
  const out = createFrame(widthPx, heightPx, 3);
  for (let y = 0; y < heightPx; y++) {
    fillRow(out, y, cutOut, picture, samplers);
    await pace(widthPx);
  }
  return out;
}

function fillRow(out: Frame, y: number, cutOut: Frame, picture: Frame, filled: readonly Sampler[]): void {
  const { widthPx, channels } = picture;
  const start = y * widthPx;
  const data = picture.data.subarray(start * channels, (start + widthPx) * channels);
  const own = toOpaqueRgb({ widthPx, heightPx: 1, channels, data });
  out.data.set(own, start * 3);
  for (let x = 0; x < widthPx; x++) {
    const hidden = hiddenShare(cutOut, start + x);
    if (hidden === 0) continue;
    for (let c = 0; c < 3; c++) {
      const [sample, fill] = [own[x * 3 + c] as number, 255 * (filled[c] as Sampler).at(x, y)];
      out.data[(start + x) * 3 + c] = Math.round(sample + (fill - sample) * hidden);
    }
  }
}

function hiddenPlane(cutOut: Frame, size: Size): Plane {
  const plane = createPlane(size);
  for (let at = 0; at < plane.data.length; at++) plane.data[at] = hiddenShare(cutOut, at);
  return plane;
}

// Three times alpha: a third of the object in a pixel already gives it the object's colour.
function hiddenShare({ channels, data }: Frame, at: number): number {
  return channels % 2 === 0 ? Math.min(1, (3 * (data[at * channels + channels - 1] as number)) / 255) : 1;
}

async function enlarged(frame: Frame, size: Size, pace: Pace): Promise<RowSource> {
  const samplers = (await toRgbPlanes(frame.data, frame, pace)).map((plane) => createSampler(plane, size));
  return {
    widthPx: size.widthPx,
    heightPx: size.heightPx,
    channels: 3,
    async readRows(y, count) {
      const rows = new Uint8Array(size.widthPx * count * 3);
      for (let row = 0; row < count; row++) {
        samplers.forEach((sampler, c) => {
          const values = sampler.row(y + row);
          for (let x = 0; x < size.widthPx; x++)
            rows[(row * size.widthPx + x) * 3 + c] = Math.round(255 * (values[x] as number));
        });
      }
      return rows;
    },
  };
}
