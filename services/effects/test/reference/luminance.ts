import { type Rgb, toEncoded, toLinear } from "../../src/domain/color/color.ts";
import { mapColors, type Picture } from "./tone-pictures.ts";

/** Returns the luminance of an encoded colour: ITU-R BT.709-6, 3.2. */
export function luminanceOf([red, green, blue]: Rgb): number {
  return 0.2126 * toLinear(red) + 0.7152 * toLinear(green) + 0.0722 * toLinear(blue);
}

/** Gives each colour a luminance whose encoded value is `change` of the old one, by mixing it with black or white in linear light. */
export function changeLuminance(picture: Picture, change: (encoded: number) => number): Picture {
  return mapColors(picture, (color) => {
    const before = luminanceOf(color);
    const after = toLinear(change(toEncoded(before)));
    const linear = color.map(toLinear);
    const mixed =
      after > before
        ? linear.map((light) => light + ((1 - light) * (after - before)) / (1 - before))
        : linear.map((light) => (before > 0 ? (light * after) / before : 0));
    return mixed.map((light) => toEncoded(Math.min(1, light))) as never;
  });
}
