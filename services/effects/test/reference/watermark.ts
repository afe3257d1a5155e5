import { type Rgb, toEncoded, toLinear } from "../../src/domain/color/color.ts";
import type { Picture } from "./tone-pictures.ts";

/** How a mark is laid: the centres of its copies in pixels of the picture, its turn clockwise, its opacity from 0 to 1. */
export type Laid = {
  readonly centres: readonly (readonly [x: number, y: number])[];
  readonly degrees: number;
  readonly opacity: number;
};

type Pixel = { readonly color: Rgb; readonly alpha: number };

/** The effect watermark with a prepared mark, pixel by pixel. */
export function watermarkReference(picture: Picture, mark: Picture, { centres, degrees, opacity }: Laid): Picture {
  const { widthPx, heightPx } = picture;
  const angle = (degrees * Math.PI) / 180;
  const pixels = Array.from({ length: widthPx * heightPx }, (_, i): Pixel => {
    const [x, y] = [(i % widthPx) + 0.5, Math.floor(i / widthPx) + 0.5];
    let pixel: Pixel = { color: picture.colors[i] as Rgb, alpha: picture.alphas[i] as number };
    for (const [centreX, centreY] of centres) {
      const [right, down] = [x - centreX, y - centreY];
      const u = right * Math.cos(angle) + down * Math.sin(angle) + mark.widthPx / 2;
      const v = down * Math.cos(angle) - right * Math.sin(angle) + mark.heightPx / 2;
      pixel = over(sampleAt(mark, u, v), opacity, pixel);
    }
    return pixel;
  });
  return { widthPx, heightPx, colors: pixels.map(({ color }) => color), alphas: pixels.map(({ alpha }) => alpha) };
}

/** Porter and Duff's "over" in linear light. */
function over(mark: Pixel, opacity: number, under: Pixel): Pixel {
  const added = mark.alpha * opacity;
  if (added === 0) return under;
  const kept = under.alpha * (1 - added);
  const mix = (c: 0 | 1 | 2) =>
    toEncoded((toLinear(mark.color[c]) * added + toLinear(under.color[c]) * kept) / (added + kept));
  return { color: [mix(0), mix(1), mix(2)], alpha: added + kept };
}

/** Keys' cubic convolution, a = -1/2, of encoded colours times alpha. The mark is transparent outside. */
function sampleAt({ widthPx, heightPx, colors, alphas }: Picture, u: number, v: number): Pixel {
  const sum = [0, 0, 0, 0];
  for (let y = 0; y < heightPx; y++) {
    const down = keys(Math.abs(y + 0.5 - v));
    if (down === 0) continue;
    for (let x = 0; x < widthPx; x++) {
      const i = y * widthPx + x;
      const weight = down * keys(Math.abs(x + 0.5 - u)) * (alphas[i] as number);
      (colors[i] as Rgb).forEach((sample, c) => {
        sum[c] = (sum[c] as number) + weight * sample;
      });
      sum[3] = (sum[3] as number) + weight;
    }
  }
  const [red = 0, green = 0, blue = 0, alpha = 0] = sum;
  if (alpha < 1e-9) return { color: [0, 0, 0], alpha: 0 };
  const unit = (value: number) => Math.min(1, Math.max(0, value));
  return { color: [unit(red / alpha), unit(green / alpha), unit(blue / alpha)], alpha: unit(alpha) };
}

/** The kernel of R. Keys, "Cubic convolution interpolation for digital image processing" (1981), equation 15. */
function keys(distance: number): number {
  if (distance < 1) return 1.5 * distance ** 3 - 2.5 * distance ** 2 + 1;
  if (distance < 2) return -0.5 * distance ** 3 + 2.5 * distance ** 2 - 4 * distance + 2;
  return 0;
}
