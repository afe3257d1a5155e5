/** Three samples, red, green and blue, from 0 to 1. Their users say whether they are sRGB-encoded or linear. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Luminance weights of linear RGB with sRGB primaries: ITU-R BT.709-6, 3.2; also IEC 61966-2-1. */
export const luminanceWeights: Rgb = [0.2126, 0.7152, 0.0722];

/** Luma weights of gamma-encoded RGB: ITU-R BT.601-7, 2.5.1. */
export const lumaWeights: Rgb = [0.299, 0.587, 0.114];

/** Returns the linear light of an sRGB-encoded sample, by the curve of IEC 61966-2-1. */
export function toLinear(encoded: number): number {
  return encoded <= 0.04045 ? encoded / 12.92 : ((encoded + 0.055) / 1.055) ** 2.4;
}

/** Returns the sRGB-encoded sample for linear light, by the curve of IEC 61966-2-1. */
export function toEncoded(linear: number): number {
  return linear <= 0.0031308 ? linear * 12.92 : 1.055 * linear ** (1 / 2.4) - 0.055;
}

/** Returns CIE lightness L* over 100, from 0 to 1, for a relative luminance: CIE 15, 8.2.1. */
export function toLightness(luminance: number): number {
  const epsilon = 216 / 24_389;
  return luminance > epsilon ? 1.16 * Math.cbrt(luminance) - 0.16 : (luminance * 24_389) / 2_700;
}

/** Clamps the value to 0 to 1. NaN becomes 0. */
export function clampUnit(value: number): number {
  return value > 0 ? Math.min(value, 1) : 0;
}

/** Parses an sRGB-encoded colour from `#rrggbb`. Undefined for any other text. */
export function toRgb(text: string): Rgb | undefined {
  if (!/^#[0-9a-f]{6}$/i.test(text)) return undefined;
  const bits = Number.parseInt(text.slice(1), 16);
  return [(bits >> 16) / 255, ((bits >> 8) & 255) / 255, (bits & 255) / 255];
}
