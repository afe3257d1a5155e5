import { createFrame, type Frame } from "@pixelmesh/imaging";

/** A picture taken apart: its colours (grey or RGB), and its alpha where it has one that is not the same everywhere. */
export type SplitFrame = {
  readonly color: Frame;
  /** One channel; undefined where alpha is constant or absent. */
  readonly alpha: Frame | undefined;
  /** The constant alpha, 0 to 255; undefined for a picture without alpha. */
  readonly constantAlpha: number | undefined;
};

/** Separates colours from alpha. A picture without alpha is its own colours; nothing is copied then. */
export function splitAlpha(frame: Frame): SplitFrame {
  const { widthPx, heightPx, channels, data } = frame;
  if (channels === 1 || channels === 3) return { color: frame, alpha: undefined, constantAlpha: undefined };
  const colors = channels === 2 ? 1 : 3;
  const pixels = widthPx * heightPx;
  const color = new Uint8Array(pixels * colors);
  const alpha = new Uint8Array(pixels);
  const first = data[channels - 1] as number;
  let isConstant = true;
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < colors; channel++) color[to++] = data[from++] as number;
    const value = data[from++] as number;
    alpha[pixel] = value;
    if (value !== first) isConstant = false;
  }
  return {
    color: createFrame(widthPx, heightPx, colors, color),
    alpha: isConstant ? undefined : createFrame(widthPx, heightPx, 1, alpha),
    constantAlpha: isConstant ? first : undefined,
  };
}

/** Puts colours and alpha (a frame of the same size, or one value for all) back together. */
export function joinAlpha(color: Frame, alpha: Frame | number): Frame {
  const { widthPx, heightPx, data } = color;
  const colors = color.channels === 1 ? 1 : 3;
  const channels = colors === 1 ? 2 : 4;
  const pixels = widthPx * heightPx;
  const out = new Uint8Array(pixels * channels);
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < colors; channel++) out[to++] = data[from++] as number;
    out[to++] = typeof alpha === "number" ? alpha : (alpha.data[pixel] as number);
  }
  return createFrame(widthPx, heightPx, channels, out);
}
