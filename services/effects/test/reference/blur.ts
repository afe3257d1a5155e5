import { blurLight, type Pixels, square, type Weights } from "./planes.ts";

/** Samples of the Gaussian exp(-x² / 2σ²) out to 8 standard deviations. */
export function gaussianLine(sigmaPx: number): number[] {
  const reach = Math.ceil(8 * sigmaPx);
  return Array.from({ length: 2 * reach + 1 }, (_, i) =>
    i === reach ? 1 : Math.exp(-((i - reach) ** 2) / (2 * sigmaPx ** 2)),
  );
}

/** Ones within a radius, a fraction at the ends. */
export function boxLine(radiusPx: number): number[] {
  const reach = Math.ceil(radiusPx);
  return Array.from({ length: 2 * reach + 1 }, (_, i) => Math.min(1, radiusPx + 1 - Math.abs(i - reach)));
}

/** The kernel of three extended boxes with the variance of the Gaussian, found by bisection of their length instead of the paper's formula. */
export function extendedBoxLine(sigmaPx: number): number[] {
  const varianceOf = (line: readonly number[]) => {
    const middle = (line.length - 1) / 2;
    const sum = line.reduce((total, weight) => total + weight, 0);
    return line.reduce((total, weight, i) => total + weight * (i - middle) ** 2, 0) / sum;
  };
  let [low, high] = [0, 4 * sigmaPx];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (3 * varianceOf(boxLine(middle)) < sigmaPx ** 2) low = middle;
    else high = middle;
  }
  const line = boxLine(low);
  return convolve(convolve(line, line), line);
}

function convolve(a: readonly number[], b: readonly number[]): number[] {
  const out = new Array<number>(a.length + b.length - 1).fill(0);
  a.forEach((x, i) => {
    b.forEach((y, j) => {
      out[i + j] = (out[i + j] as number) + x * y;
    });
  });
  return out;
}

/** The share of each pixel's row that a disc covers, as a stretch around the middle; areas are sums over 2000 lines. */
export function discWeights(radiusPx: number): Weights {
  const reach = Math.ceil(radiusPx);
  const rows = Array.from({ length: 2 * reach + 1 }, (_, j) => {
    let area = 0;
    for (let line = 0; line < 2_000; line++) {
      const y = j - reach - 0.5 + (line + 0.5) / 2_000;
      area += (2 * Math.sqrt(Math.max(0, radiusPx ** 2 - y ** 2))) / 2_000;
    }
    return area;
  });
  return rows.map((length) =>
    Array.from({ length: 2 * reach + 1 }, (_, i) => {
      const distance = Math.abs(i - reach);
      return distance === 0 ? Math.min(1, length) : Math.min(1, Math.max(0, length / 2 - (distance - 0.5)));
    }),
  );
}

/** The effect blur on a whole picture, pixel by pixel, without any approximation. */
export function blurReference(picture: Pixels, kind: "gaussian" | "boxes" | "box" | "lens", radiusPx: number): Pixels {
  if (radiusPx === 0) return picture;
  if (kind === "lens") return blurLight(picture, discWeights(radiusPx));
  if (kind === "box") return blurLight(picture, square(boxLine(radiusPx)));
  return blurLight(picture, square(kind === "boxes" ? extendedBoxLine(radiusPx / 2) : gaussianLine(radiusPx / 2)));
}
