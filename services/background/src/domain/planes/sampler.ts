import type { RowSource } from "@pixelmesh/imaging";
import { createPlane, type Plane, type Size } from "./plane.ts";

/** Reads a plane at another size. */
export type Sampler = {
  /** Returns one row at the other size. The row is reused by the next call. */
  readonly row: (y: number) => Float32Array;
  /** Returns one value at the other size. */
  readonly at: (x: number, y: number) => number;
};

/** Interpolates bilinearly between pixel centres. Beyond the outer centres their values are repeated. */
export function createSampler(plane: Plane, { widthPx, heightPx }: Size): Sampler {
  const { data, widthPx: stride } = plane;
  const across = createPlaces(widthPx, plane.widthPx);
  const down = createPlaces(heightPx, plane.heightPx);
  const between = new Float32Array(stride);
  const out = new Float32Array(widthPx);
  return {
    row(y) {
      const upper = (down.from[y] as number) * stride;
      const lower = (down.to[y] as number) * stride;
      const share = down.share[y] as number;
      for (let i = 0; i < stride; i++) between[i] = mix(data[upper + i] as number, data[lower + i] as number, share);
      for (let x = 0; x < widthPx; x++) {
        const left = between[across.from[x] as number] as number;
        out[x] = mix(left, between[across.to[x] as number] as number, across.share[x] as number);
      }
      return out;
    },
    at(x, y) {
      const upper = (down.from[y] as number) * stride;
      const lower = (down.to[y] as number) * stride;
      const left = across.from[x] as number;
      const right = across.to[x] as number;
      const share = across.share[x] as number;
      const top = mix(data[upper + left] as number, data[upper + right] as number, share);
      return mix(top, mix(data[lower + left] as number, data[lower + right] as number, share), down.share[y] as number);
    },
  };
}

/** Returns the plane at another size, in new memory. Not paced: for working sizes only. */
export function resamplePlane(plane: Plane, size: Size): Plane {
  const sampler = createSampler(plane, size);
  const out = createPlane(size);
  for (let y = 0; y < size.heightPx; y++) out.data.set(sampler.row(y), y * size.widthPx);
  return out;
}

/**
 * Reads rows of a picture at another size, interpolated like `createSampler` of its planes: samples 0 to 255, rounded. Rows are
 * requested top-down; two of the picture are held.
 */
export function createRowSampler(source: RowSource, { widthPx, heightPx }: Size): (y: number) => Promise<Uint8Array> {
  const { channels } = source;
  const across = createPlaces(widthPx, source.widthPx);
  const down = createPlaces(heightPx, source.heightPx);
  let held: { readonly y: number; readonly values: Float32Array }[] = [];
  async function read(y: number): Promise<Float32Array> {
    const found = held.find((row) => row.y === y);
    if (found) return found.values;
    const values = Float32Array.from(await source.readRows(y, 1), (sample) => sample / 255);
    held = [...held.slice(-1), { y, values }];
    return values;
  }
  const between = new Float32Array(source.widthPx * channels);
  return async (y) => {
    const upper = await read(down.from[y] as number);
    const lower = await read(down.to[y] as number);
    const share = down.share[y] as number;
    for (let i = 0; i < between.length; i++) between[i] = mix(upper[i] as number, lower[i] as number, share);
    const out = new Uint8Array(widthPx * channels);
    for (let x = 0, at = 0; x < widthPx; x++) {
      const left = (across.from[x] as number) * channels;
      const right = (across.to[x] as number) * channels;
      for (let channel = 0; channel < channels; channel++, at++) {
        const from = between[left + channel] as number;
        // Through single precision, as in a plane's row.
        const value = Math.fround(mix(from, between[right + channel] as number, across.share[x] as number));
        out[at] = Math.round(255 * value);
      }
    }
    return out;
  };
}

/** For each pixel along one side: the two source pixels that it lies between, and the second one's share. */
type Places = { readonly from: Int32Array; readonly to: Int32Array; readonly share: Float32Array };

function createPlaces(length: number, sourceLength: number): Places {
  const from = new Int32Array(length);
  const to = new Int32Array(length);
  const share = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const place = Math.min(Math.max(((i + 0.5) * sourceLength) / length - 0.5, 0), sourceLength - 1);
    from[i] = Math.floor(place);
    to[i] = Math.min(Math.floor(place) + 1, sourceLength - 1);
    share[i] = place - Math.floor(place);
  }
  return { from, to, share };
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
