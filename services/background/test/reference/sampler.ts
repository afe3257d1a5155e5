import { createPlane, type Plane, placeOf, type Size } from "../../src/domain/planes/plane.ts";

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

/** For each pixel along one side: the two source pixels that it lies between, and the second one's share. */
type Places = { readonly from: Int32Array; readonly to: Int32Array; readonly share: Float32Array };

function createPlaces(length: number, sourceLength: number): Places {
  const from = new Int32Array(length);
  const to = new Int32Array(length);
  const share = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const place = placeOf(i, length, sourceLength);
    from[i] = place.from;
    to[i] = place.to;
    share[i] = place.share;
  }
  return { from, to, share };
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
