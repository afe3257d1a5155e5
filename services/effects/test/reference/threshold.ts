import { type Rgb, toEncoded } from "../../src/domain/color/color.ts";
import { luminanceOf } from "./luminance.ts";
import { mapColors, type Picture } from "./tone-pictures.ts";

/** Settings of the effect threshold as the reference takes them; colours are encoded samples. */
export type Settings = {
  readonly level: number;
  readonly softness: number;
  readonly mix: "luminance" | "luma" | "average";
  readonly adaptive: boolean;
  readonly radius: number;
  readonly dark: Rgb;
  readonly light: Rgb;
};

const greys = {
  luminance: (color: Rgb) => toEncoded(luminanceOf(color)),
  luma: ([r, g, b]: Rgb) => 0.299 * r + 0.587 * g + 0.114 * b,
  average: ([r, g, b]: Rgb) => (r + g + b) / 3,
};

/** Returns for each pixel how far its grey lies above its level. */
export function distances(picture: Picture, { level, mix, adaptive, radius }: Settings): readonly number[] {
  const grey = picture.colors.map((color) => greys[mix](color));
  if (!adaptive) return grey.map((value) => value - level / 100);
  const { widthPx, heightPx, alphas } = picture;
  const inside = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
  return grey.map((value, i) => {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    let [sum, weight] = [0, 0];
    const reach = Math.ceil(radius);
    // A fraction of the radius is the weight of the pixels at the sides.
    const shareAt = (distance: number) => Math.min(1, radius + 1 - Math.abs(distance));
    for (let down = -reach; down <= reach; down++)
      for (let right = -reach; right <= reach; right++) {
        const at = inside(y + down, heightPx) * widthPx + inside(x + right, widthPx);
        const share = shareAt(down) * shareAt(right) * (alphas[at] as number);
        sum += (grey[at] as number) * share;
        weight += share;
      }
    const mean = weight > 0 ? sum / weight : value;
    return value - (mean * level) / 50;
  });
}

/** The effect threshold: each pixel with its own sum over the square around. */
export function threshold(settings: Settings): (picture: Picture) => Picture {
  const { softness, dark, light } = settings;
  return (picture) => {
    const away = distances(picture, settings);
    return mapColors(picture, (_, x, y) => {
      const distance = away[y * picture.widthPx + x] as number;
      const place = softness > 0 ? Math.min(1, Math.max(0, (distance * 100) / softness + 0.5)) : Number(distance >= 0);
      const share = place ** 2 * (3 - 2 * place);
      return dark.map((sample, c) => sample + ((light[c] as number) - sample) * share) as never;
    });
  };
}
