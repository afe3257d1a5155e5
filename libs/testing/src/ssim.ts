import type { Frame } from "@pixelmesh/imaging";
import { assertSameShape } from "./compare.ts";

// Wang, Bovik, Sheikh, Simoncelli: "Image quality assessment: from error visibility to structural similarity", 2004.
const sigmaPx = 1.5;
const radiusPx = 5;
const c1 = (0.01 * 255) ** 2;
const c2 = (0.03 * 255) ** 2;

const weights = (() => {
  const raw = Array.from({ length: 2 * radiusPx + 1 }, (_, i) => Math.exp(-((i - radiusPx) ** 2) / (2 * sigmaPx ** 2)));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
})();

/** One value a pixel, 0 to 255, rows from the top. */
export type Plane = { readonly widthPx: number; readonly heightPx: number; readonly data: Float64Array };

/** Returns `planeSsim` of luma (BT.601 on the 8-bit samples, alpha ignored). Throws RangeError as it does, and for different channels. */
export function frameSsim(a: Frame, b: Frame): number {
  assertSameShape(a, b);
  return planeSsim({ ...a, data: toLuma(a) }, { ...b, data: toLuma(b) });
}

/**
 * Returns the mean structural similarity of two planes, 1 for equal ones: 11×11 Gaussian window of σ 1.5 px, only where it fits.
 * Throws RangeError for planes of different sides or a side below 11 px.
 */
export function planeSsim(a: Plane, b: Plane): number {
  assertSameShape({ ...a, channels: 1 }, { ...b, channels: 1 });
  const { widthPx, heightPx } = a;
  if (Math.min(widthPx, heightPx) < weights.length) {
    throw new RangeError(`Expected sides of at least ${weights.length} px, got ${widthPx}x${heightPx}`);
  }
  const [x, y] = [a.data, b.data];
  const blur = (values: Float64Array) => blurValid(values, widthPx, heightPx);
  const product = (u: Float64Array, v: Float64Array) => u.map((value, i) => value * (v[i] as number));
  const [mx, my, mxx, myy, mxy] = [x, y, product(x, x), product(y, y), product(x, y)].map(blur) as Five;
  let sum = 0;
  for (let i = 0; i < mx.length; i += 1) {
    const [ux, uy] = [mx[i] as number, my[i] as number];
    const vx = (mxx[i] as number) - ux * ux;
    const vy = (myy[i] as number) - uy * uy;
    const vxy = (mxy[i] as number) - ux * uy;
    sum += ((2 * ux * uy + c1) * (2 * vxy + c2)) / ((ux * ux + uy * uy + c1) * (vx + vy + c2));
  }
  return sum / mx.length;
}

type Five = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];

/** Returns BT.601 luma of the stored samples, or the grey samples. */
function toLuma({ widthPx, heightPx, channels, data }: Frame): Float64Array {
  const luma = new Float64Array(widthPx * heightPx);
  for (let i = 0, at = 0; i < luma.length; i += 1, at += channels) {
    const [r, g, b] = [data[at] as number, data[at + 1] as number, data[at + 2] as number];
    luma[i] = channels < 3 ? r : 0.299 * r + 0.587 * g + 0.114 * b;
  }
  return luma;
}

/** Gaussian means where the window fits: first along rows, then along columns. */
function blurValid(values: Float64Array, widthPx: number, heightPx: number): Float64Array {
  const width = widthPx - 2 * radiusPx;
  const height = heightPx - 2 * radiusPx;
  const rows = new Float64Array(width * heightPx);
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let sum = 0;
      for (let k = 0; k < weights.length; k += 1)
        sum += (weights[k] as number) * (values[y * widthPx + x + k] as number);
      rows[y * width + x] = sum;
    }
  }
  const means = new Float64Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let sum = 0;
      for (let k = 0; k < weights.length; k += 1) sum += (weights[k] as number) * (rows[(y + k) * width + x] as number);
      means[y * width + x] = sum;
    }
  }
  return means;
}
