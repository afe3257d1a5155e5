import { countLzwPixels } from "./lzw.ts";
import { type FrameArea, type Structure, toView } from "./structure.ts";

const END = Uint8Array.of(0, 0x3b);

/**
 * Reads the structure of a GIF: size of its screen, frames counted up to `maxFrames + 1`, truncated without a trailer.
 * `completed`: the first frame of a truncated file with an end, if all of its blocks are there.
 */
export function readGifStructure(bytes: Uint8Array, maxFrames: number): Structure {
  if (bytes.length < 13) return { frames: 1, truncated: true };
  const view = toView(bytes);
  const sides = { widthPx: view.getUint16(6, true), heightPx: view.getUint16(8, true) };
  let frames = 0;
  let first: (FrameArea & { readonly endAt: number }) | undefined;
  const end = (truncated: boolean): Structure => ({
    ...sides,
    frames: Math.max(1, frames),
    truncated,
    ...(first && !covers(first, sides) ? { firstFrame: first } : {}),
    ...(truncated && first ? { completed: Buffer.concat([bytes.subarray(0, first.endAt), END]) } : {}),
  });
  let at = 13 + colorTableBytes(view.getUint8(10));
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind === 0x21) {
      at = afterSubBlocks(bytes, at + 2);
    } else if (kind === 0x2c) {
      if (++frames > maxFrames || at + 10 > bytes.length) break;
      const area = areaAt(view, at);
      at = afterSubBlocks(bytes, at + 10 + colorTableBytes(view.getUint8(at + 9)) + 1);
      first ??= { ...area, endAt: Math.min(at, bytes.length) };
    } else {
      // The trailer, or bytes that are not a block: corrupt, not truncated.
      return end(false);
    }
  }
  return end(frames <= maxFrames);
}

/** Whether the blocks of a GIF's first frame hold fewer pixels than the frame, without an end code. One pass over the frame. */
export async function gifLacksPixels(bytes: Uint8Array): Promise<boolean> {
  const view = toView(bytes);
  let at = 13 + (bytes.length < 13 ? 0 : colorTableBytes(view.getUint8(10)));
  while (at < bytes.length && bytes[at] === 0x21) at = afterSubBlocks(bytes, at + 2);
  if (at + 10 > bytes.length || bytes[at] !== 0x2c) return false;
  const { widthPx, heightPx } = areaAt(view, at);
  const pixels = widthPx * heightPx;
  const data = at + 10 + colorTableBytes(view.getUint8(at + 9));
  const { count, hasEnd } = await countLzwPixels(bytes, data, pixels);
  return count < pixels && !hasEnd;
}

function areaAt(view: DataView, at: number): FrameArea {
  const [leftPx = 0, topPx = 0, widthPx = 0, heightPx = 0] = [1, 3, 5, 7].map((by) => view.getUint16(at + by, true));
  return { leftPx, topPx, widthPx, heightPx };
}

function covers(area: FrameArea, { widthPx, heightPx }: Pick<FrameArea, "widthPx" | "heightPx">): boolean {
  return area.leftPx === 0 && area.topPx === 0 && area.widthPx >= widthPx && area.heightPx >= heightPx;
}

function colorTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

function afterSubBlocks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length) {
    const length = bytes[at] ?? 0;
    at += 1 + length;
    if (length === 0) return at;
  }
  return at;
}
