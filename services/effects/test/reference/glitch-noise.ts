import { hash32 } from "../../src/domain/draw/noise.ts";
import { mapSamples, type Picture, sampleAt } from "./glitch-pictures.ts";

/** The settings of the effect noise. */
export type NoiseSettings = {
  readonly kind: "gaussian" | "salt_and_pepper" | "film_grain" | "scan_lines";
  readonly amount: number;
  readonly size: number;
  readonly monochrome: boolean;
  readonly seed: number;
};

/** The effect noise over a whole picture, sample by sample. */
export function noiseReference(picture: Picture, settings: NoiseSettings): Picture {
  const { kind, amount, size, monochrome, seed } = settings;
  const share = amount / 100;
  const seeds = [0, 1, 2].map((c) => hash32(hash32(seed ^ 0x9e3779b9) + (monochrome ? 0 : c)));
  const hashAt = (column: number, row: number, c: number) => hash32(column + hash32(row ^ seeds[c]!));
  const unit = (x: number) => Math.min(1, Math.max(0, x));
  const normal = (column: number, row: number, c: number) => normalAt(((hashAt(column, row, c) >>> 19) + 0.5) / 8_192);
  const softNormal = (x: number, y: number, c: number) => {
    if (size === 1) return normal(x, y, c);
    const [across, along] = [(x + 0.5) / size + 0.5, (y + 0.5) / size + 0.5];
    const [column, row] = [Math.floor(across), Math.floor(along)];
    let [sum, squares] = [0, 0];
    for (const [i, j] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const weight = (1 - Math.abs(across - column - i)) * (1 - Math.abs(along - row - j));
      sum += weight * normal(column + i, row + j, c);
      squares += weight * weight;
    }
    return sum / Math.sqrt(squares);
  };
  return mapSamples(picture, (x, y, c) => {
    const value = sampleAt(picture, x, y, c);
    const [column, row] = [Math.floor((x + 0.5) / size), Math.floor((y + 0.5) / size)];
    switch (kind) {
      case "gaussian":
        return unit(value + (share / 2) * softNormal(x, y, c));
      case "film_grain": {
        const [r, g, b] = [0, 1, 2].map((channel) => sampleAt(picture, x, y, channel)) as [number, number, number];
        const tone = monochrome ? 0.299 * r + 0.587 * g + 0.114 * b : value;
        return unit(value + (share / 2) * (0.25 + 3 * tone * (1 - tone)) * softNormal(x, y, c));
      }
      case "salt_and_pepper": {
        const drawn = hashAt(column, row, c) / 2 ** 32;
        return drawn < share / 2 ? 0 : drawn >= 1 - share / 2 ? 1 : value;
      }
      case "scan_lines":
        return row % 2 === 0 ? value : value * (1 - share * (0.5 + 0.5 * (hash32(row ^ seeds[c]!) / 2 ** 32)));
    }
  });
}

const known = new Map<number, number>();

/** The normal quantile, found by bisection of the distribution function. */
function normalAt(share: number): number {
  const found = known.get(share);
  if (found !== undefined) return found;
  let [low, high] = [-6, 6];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  known.set(share, low);
  return low;
}

/** The normal distribution function by its Taylor series: M. Abramowitz, I. Stegun, "Handbook of mathematical functions", 26.2.11. */
export function normalShare(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 3; Math.abs(term) > 1e-17; n += 2) {
    term *= (x * x) / n;
    sum += term;
  }
  return 0.5 + (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}
