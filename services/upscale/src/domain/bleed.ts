import type { RowSource } from "@pixelmesh/imaging";
import { type KernelSpace, openKernelSpace } from "../kernels/kernel-space.ts";

/**
 * Returns the colours of a picture with alpha, with visible colours extended under transparent ones: a fully transparent pixel
 * within `reachPx` of a visible one gets the mean of its neighbours that already have a colour, layer by layer. Otherwise hidden
 * colours, often black, would bleed into the edges through filters and models. A read throws OUT_OF_MEMORY.
 */
export function bleedColors(source: RowSource, reachPx: number): RowSource {
  const { widthPx, heightPx, channels } = source;
  const colors = channels - 1;
  return {
    widthPx,
    heightPx,
    channels: colors === 1 ? 1 : 3,
    async readRows(y, count) {
      // Each layer reaches one pixel further, so no other rows matter.
      const top = Math.max(0, y - reachPx);
      const bottom = Math.min(heightPx, y + count + reachPx);
      const rows = await source.readRows(top, bottom - top);
      const space = openKernelSpace();
      const pixels = space.allocate(rows.length);
      space.write(pixels, rows);
      extendColors(space, { pixels, widthPx, heightPx: bottom - top, channels }, reachPx);
      // In place: each pixel gets shorter.
      const asked = pixels + (y - top) * widthPx * channels;
      space.kernels.dropLast(asked, count * widthPx, channels, asked);
      const found = space.bytes(asked, count * widthPx * colors).slice();
      space.close();
      return found;
    },
  };
}

/** A picture with alpha in the kernels' memory. */
type Picture = {
  readonly pixels: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: number;
};

const waiting = 2;
const outside = 3;

/** Gives colours to the transparent pixels within `reachPx` of others. */
function extendColors(space: KernelSpace, picture: Picture, reachPx: number): void {
  const { kernels } = space;
  const { pixels, widthPx, heightPx, channels } = picture;
  // One state around the picture. A vector reads up to 16 further behind a row.
  const stride = widthPx + 2;
  const origin = space.allocate(stride * (heightPx + 2));
  space.bytes(origin, stride * (heightPx + 2)).fill(outside);
  const rowAt = (y: number) => origin + (y + 1) * stride + 1;
  let hidden = 0;
  for (let y = 0; y < heightPx; y++) {
    hidden += kernels.markRow(pixels + y * widthPx * channels, widthPx, channels, rowAt(y));
  }
  if (hidden === 0 || hidden === widthPx * heightPx || reachPx < 1) return;
  // Each pixel is at most once in the list. A layer is a part of it.
  let list = space.allocate(hidden * Uint32Array.BYTES_PER_ELEMENT);
  let end = list;
  for (let y = 0; y < heightPx; y++) end = kernels.findEdge(origin, rowAt(y), widthPx, stride, end);
  kernels.setStates(origin, list, end, waiting);
  // The picture has one row of states above it, and one state before each row.
  const beforeFirst = pixels - (widthPx + 1) * channels;
  for (let distance = 0; distance < reachPx && end > list; distance++) {
    const next = kernels.fillLayer(beforeFirst, widthPx, channels, origin, stride, list, end);
    [list, end] = [end, next];
  }
}
