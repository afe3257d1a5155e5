import { luminanceWeights, type Rgb } from "../color/color.ts";

/** Chromaticity in CIE 1931 x and y. */
export type Chromaticity = readonly [x: number, y: number];

/** The correlated colour temperature of sRGB's white, D65, in reciprocal megakelvin (mired). */
const neutralMired = 1e6 / 6_504;

/** Distance from the Planckian locus in CIE 1960 u and v for 100 units of tint: a 3000th each, as Adobe's DNG SDK has it (`kTintScale`). */
const tintSpan = 100 / 3_000;

/**
 * Returns the white of a black body at a temperature in kelvin, 1667 to 25000: B. Kang et al., "Design of advanced color temperature control system for
 * HDTV applications" (2002).
 */
export function planckianWhite(kelvin: number): Chromaticity {
  const t = 1_000 / kelvin;
  const x =
    kelvin <= 4_000
      ? -0.2661239 * t ** 3 - 0.2343589 * t ** 2 + 0.8776956 * t + 0.17991
      : -3.0258469 * t ** 3 + 2.1070379 * t ** 2 + 0.2226347 * t + 0.24039;
  if (kelvin <= 2_222) return [x, -1.1063814 * x ** 3 - 1.3481102 * x ** 2 + 2.18555832 * x - 0.20219683];
  if (kelvin <= 4_000) return [x, -0.9549476 * x ** 3 - 1.37418593 * x ** 2 + 2.09137015 * x - 0.16748867];
  return [x, 3.081758 * x ** 3 - 5.8733867 * x ** 2 + 3.75112997 * x - 0.37001483];
}

/**
 * Returns the factors of linear red, green and blue for a shift of white: `temperature` from -100 (blue) to 100 (amber) in mired from D65 along the
 * Planckian locus, `tint` from -100 (green) to 100 (magenta) across it. White keeps its luminance. This is von Kries' scaling in linear sRGB.
 */
export function balanceGains(temperature: number, tint: number): Rgb {
  const before = linearWhite(planckianWhite(1e6 / neutralMired));
  const after = linearWhite(shifted(temperature, tint));
  const gains = after.map((value, c) => Math.max(0, value / (before[c] as number)));
  const luminance = gains.reduce((sum, gain, c) => sum + gain * (luminanceWeights[c] as number), 0);
  return gains.map((gain) => gain / luminance) as unknown as Rgb;
}

function shifted(temperature: number, tint: number): Chromaticity {
  const mired = neutralMired + temperature;
  const at = (place: number) => toUv(planckianWhite(1e6 / place));
  const [u, v] = at(mired);
  const [[nextU, nextV], [lastU, lastV]] = [at(mired + 1), at(mired - 1)];
  const [alongU, alongV] = [nextU - lastU, nextV - lastV];
  const away = ((tint / 100) * tintSpan) / Math.hypot(alongU, alongV);
  // Towards greater temperatures in mired, green lies to the left of the locus and magenta to the right.
  return toXy(u + alongV * away, v - alongU * away);
}

function toUv([x, y]: Chromaticity): readonly [u: number, v: number] {
  const sum = -2 * x + 12 * y + 3;
  return [(4 * x) / sum, (6 * y) / sum];
}

function toXy(u: number, v: number): Chromaticity {
  const sum = 2 * u - 8 * v + 4;
  return [(3 * u) / sum, (2 * v) / sum];
}

/** Linear sRGB of a chromaticity at luminance 1: IEC 61966-2-1. */
function linearWhite([x, y]: Chromaticity): Rgb {
  const [bigX, bigZ] = [x / y, (1 - x - y) / y];
  return [
    3.2406 * bigX - 1.5372 - 0.4986 * bigZ,
    -0.9689 * bigX + 1.8758 + 0.0415 * bigZ,
    0.0557 * bigX - 0.204 + 1.057 * bigZ,
  ];
}
