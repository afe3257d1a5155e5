import { createFrame, type Frame } from "@pixelmesh/imaging";

/** Cuts a picture to the upper left part whose sides are multiples of `multiple`, so that it can be reduced exactly. */
export function cutToMultiple(frame: Frame, multiple: number): Frame {
  const { widthPx, heightPx } = frame;
  return cut(frame, {
    left: 0,
    top: 0,
    widthPx: widthPx - (widthPx % multiple),
    heightPx: heightPx - (heightPx % multiple),
  });
}

/** Cuts a picture to its middle, at most `sidePx` wide and high. */
export function cutMiddle(frame: Frame, sidePx: number): Frame {
  const widthPx = Math.min(sidePx, frame.widthPx);
  const heightPx = Math.min(sidePx, frame.heightPx);
  const left = (frame.widthPx - widthPx) >> 1;
  const top = (frame.heightPx - heightPx) >> 1;
  return cut(frame, { left, top, widthPx, heightPx });
}

type Rectangle = { readonly left: number; readonly top: number; readonly widthPx: number; readonly heightPx: number };

function cut(frame: Frame, { left, top, widthPx, heightPx }: Rectangle): Frame {
  const { channels, data } = frame;
  const part = createFrame(widthPx, heightPx, channels);
  for (let y = 0; y < heightPx; y++) {
    const from = ((top + y) * frame.widthPx + left) * channels;
    part.data.set(data.subarray(from, from + widthPx * channels), y * widthPx * channels);
  }
  return part;
}
