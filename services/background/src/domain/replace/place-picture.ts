import {
  createRasterSink,
  type FrameStore,
  frameHasAlpha,
  type OpenRows,
  openRows,
  type Raster,
  type RowSource,
} from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import { cropTo } from "../alpha/region.ts";
import type { Size } from "../planes/plane.ts";
import { withOpen } from "../with-open.ts";
import type { PictureTools } from "./blurred-background.ts";
import { composeRows, createColorSource } from "./compose-rows.ts";
import type { Placement, Rgb } from "./parse-replacement.ts";

/** What a picture is placed with. */
export type PlaceTools = Pick<PictureTools, "resize"> & {
  readonly frameStore: FrameStore;
  readonly pace: Pace;
  readonly signal?: AbortSignal | undefined;
};

/** Returns rows of the given size that a picture fills as its placement says. To be closed. */
export async function placePicture(
  picture: Raster,
  size: Size,
  placement: Placement,
  tools: PlaceTools,
): Promise<OpenRows> {
  const { resize } = tools;
  switch (placement.fit) {
    case "stretch":
      return openRows(await resize(picture, size.widthPx, size.heightPx));
    case "cover":
      return openRows(await cover(picture, size, placement, tools));
    case "contain": {
      const inner = containedSize(picture, size);
      const opaque = await onColor(await resize(picture, inner.widthPx, inner.heightPx), placement.rgb, tools);
      return around(await openRows(opaque), size, placement);
    }
    case "tile":
      return tiled(await openRows(picture), size, placement);
  }
}

/** Returns the largest part of a picture that has the shape of `size`, resized to it. */
async function cover(picture: Raster, size: Size, { x, y }: Placement, tools: PlaceTools): Promise<Raster> {
  const scale = Math.max(size.widthPx / picture.widthPx, size.heightPx / picture.heightPx);
  const widthPx = Math.min(picture.widthPx, Math.max(1, Math.round(size.widthPx / scale)));
  const heightPx = Math.min(picture.heightPx, Math.max(1, Math.round(size.heightPx / scale)));
  const isWhole = picture.widthPx === widthPx && picture.heightPx === heightPx;
  const leftPx = Math.floor((picture.widthPx - widthPx) * x);
  const topPx = Math.floor((picture.heightPx - heightPx) * y);
  const part = isWhole
    ? picture
    : await cropTo(picture, { leftPx, topPx, widthPx, heightPx }, tools.frameStore, tools.pace);
  return tools.resize(part, size.widthPx, size.heightPx);
}

/** Returns the largest size of a picture's shape within another size. */
function containedSize(picture: Size, size: Size): Size {
  const scale = Math.min(size.widthPx / picture.widthPx, size.heightPx / picture.heightPx);
  return {
    widthPx: Math.min(size.widthPx, Math.max(1, Math.round(picture.widthPx * scale))),
    heightPx: Math.min(size.heightPx, Math.max(1, Math.round(picture.heightPx * scale))),
  };
}

/** Lays a picture with alpha on a colour; another one is returned as it is. */
async function onColor(picture: Raster, rgb: Rgb, { frameStore, signal }: PlaceTools): Promise<Raster> {
  if (!frameHasAlpha(picture)) return picture;
  return withOpen(async (open) => {
    const rows = await openRows(picture);
    open.defer(rows.close);
    const { widthPx, heightPx } = picture;
    const sink = await createRasterSink({ widthPx, heightPx, channels: 3 }, frameStore);
    open.defer(sink.abandon);
    await composeRows(rows, createColorSource(picture, rgb), sink, { signal });
    return sink.end();
  });
}

/** Returns rows of a colour with an opaque picture of at most this size in its place. */
function around(inner: OpenRows, size: Size, { x, y, rgb }: Placement): OpenRows {
  const left = Math.floor((size.widthPx - inner.widthPx) * x);
  const top = Math.floor((size.heightPx - inner.heightPx) * y);
  const color = createColorSource(size, rgb);
  return {
    ...size,
    channels: 3,
    close: inner.close,
    async readRows(y, count) {
      const rows = Uint8Array.from(await color.readRows(y, count));
      const from = Math.max(y, top);
      const end = Math.min(y + count, top + inner.heightPx);
      if (end <= from) return rows;
      const part = await inner.readRows(from - top, end - from);
      for (let row = from; row < end; row++) {
        const source = part.subarray(
          (row - from) * inner.widthPx * inner.channels,
          (row - from + 1) * inner.widthPx * inner.channels,
        );
        writeRgb(source, inner.channels, rows, ((row - y) * size.widthPx + left) * 3);
      }
      return rows;
    },
  };
}

/** Returns rows of a picture that repeats from its place on in all directions. */
function tiled(picture: OpenRows, size: Size, { x, y }: Placement): OpenRows {
  const { widthPx, heightPx, channels } = picture;
  // A whole picture lies at its place; others follow on all sides.
  const left = positive(Math.floor((size.widthPx - widthPx) * x), widthPx);
  const top = positive(Math.floor((size.heightPx - heightPx) * y), heightPx);
  return {
    ...size,
    channels,
    close: picture.close,
    async readRows(first, count) {
      const rows = new Uint8Array(size.widthPx * count * channels);
      for (let row = 0; row < count; row++) {
        const source = await picture.readRows(positive(first + row - top, heightPx), 1);
        for (let at = left - widthPx; at < size.widthPx; at += widthPx) {
          const from = Math.max(0, -at);
          const end = Math.min(widthPx, size.widthPx - at);
          if (end <= from) continue;
          rows.set(source.subarray(from * channels, end * channels), (row * size.widthPx + at + from) * channels);
        }
      }
      return rows;
    },
  };
}

/** Returns the remainder from 0 to below `divisor`. */
function positive(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** Writes opaque pixels, grey or RGB, as RGB. */
function writeRgb(source: Uint8Array, channels: RowSource["channels"], to: Uint8Array, at: number): void {
  if (channels === 3) {
    to.set(source, at);
    return;
  }
  for (let i = 0; i < source.length; i++) to.fill(source[i] as number, at + i * 3, at + i * 3 + 3);
}
