import { clampUnit, type Rgb, toEncoded, toLinear } from "./color.ts";

/** A colour in OKLab: perceived lightness 0 to 1, green to red, blue to yellow. */
export type Oklab = readonly [lightness: number, a: number, b: number];

// Matrices and the cube root between them: B. Ottosson, "A perceptual color space for image processing" (2020),
// https://bottosson.github.io/posts/oklab/ (the version for linear sRGB).

/** Converts an sRGB-encoded colour to OKLab. */
export function toOklab(encoded: Rgb): Oklab {
  const [r, g, b] = [toLinear(encoded[0]), toLinear(encoded[1]), toLinear(encoded[2])];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** Converts an OKLab colour to an sRGB-encoded one. Samples outside the sRGB gamut are clipped. */
export function fromOklab([lightness, a, b]: Oklab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    toEncoded(clampUnit(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s)),
    toEncoded(clampUnit(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s)),
    toEncoded(clampUnit(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s)),
  ];
}
