import { type Rgb, toEncoded, toRgb } from "../../../services/effects/src/domain/color/color.ts";
import { fromOklab, toOklab } from "../../../services/effects/src/domain/color/oklab.ts";
import { type Loop, lightOfByte, type Picture, resultBytes, toByte } from "../picture.ts";

/** Planes of the cube roots of OKLab's cone responses (B. Ottosson, 2020) of all pixels. */
export function toConePlanes({ data }: Picture): readonly [Float32Array, Float32Array, Float32Array] {
  const pixels = data.length / 3;
  const [long, medium, short] = [new Float32Array(pixels), new Float32Array(pixels), new Float32Array(pixels)];
  for (let x = 0, i = 0; x < pixels; x++, i += 3) {
    const r = lightOfByte[data[i] as number] as number;
    const g = lightOfByte[data[i + 1] as number] as number;
    const b = lightOfByte[data[i + 2] as number] as number;
    long[x] = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    medium[x] = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    short[x] = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  }
  return [long, medium, short];
}

/** Writes the bytes of a pixel from its cube roots. */
export function putCones(l: number, m: number, s: number, out: Uint8Array, at: number): void {
  const [x, y, z] = [l * l * l, m * m * m, s * s * s];
  out[at] = toByte(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z);
  out[at + 1] = toByte(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z);
  out[at + 2] = toByte(-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z);
}

/** OKLab lightness of cube roots. */
export function lightnessOf(l: number, m: number, s: number): number {
  return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
}

/** Two colours, mixed in OKLab by lightness. */
export function duotoneLoop(dark: string, light: string): Loop {
  const [from, to] = [toOklab(toRgb(dark) as Rgb), toOklab(toRgb(light) as Rgb)];
  const steps = 4_096;
  const table = new Uint8Array(3 * (steps + 1));
  for (let i = 0; i <= steps; i++) {
    const [l, a, b] = from.map((value, c) => value + ((to[c] as number) - value) * (i / steps)) as [
      number,
      number,
      number,
    ];
    table.set(
      fromOklab([l, a, b]).map((sample) => Math.round(sample * 255)),
      3 * i,
    );
  }
  return (picture) => {
    const [long, medium, short] = toConePlanes(picture);
    const out = resultBytes(picture.data.length);
    for (let x = 0, i = 0; x < long.length; x++, i += 3) {
      const lightness = lightnessOf(long[x] as number, medium[x] as number, short[x] as number);
      const at = 3 * ((Math.min(1, Math.max(0, lightness)) * steps + 0.5) | 0);
      out[i] = table[at] as number;
      out[i + 1] = table[at + 1] as number;
      out[i + 2] = table[at + 2] as number;
    }
    return out;
  };
}

/** The opposite OKLab lightness; colours outside sRGB move towards their grey until they fit. */
export const invertLightnessLoop: Loop = (picture) => {
  const [long, medium, short] = toConePlanes(picture);
  const out = resultBytes(picture.data.length);
  const roomOf = (grey: number, away: number) => (away > 0 ? (1 - grey) / away : away < 0 ? grey / -away : 1);
  for (let p = 0, i = 0; p < long.length; p++, i += 3) {
    const [l, m, s] = [long[p] as number, medium[p] as number, short[p] as number];
    const before = Math.min(1, Math.max(0, lightnessOf(l, m, s)));
    const change = 1 - 2 * before;
    const grey = (1 - before) ** 3;
    const [x, y, z] = [(l + change) ** 3, (m + change) ** 3, (s + change) ** 3];
    const r = 4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z - grey;
    const g = -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z - grey;
    const b = -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z - grey;
    const share = Math.min(1, roomOf(grey, r), roomOf(grey, g), roomOf(grey, b));
    out[i] = toByte(grey + r * share);
    out[i + 1] = toByte(grey + g * share);
    out[i + 2] = toByte(grey + b * share);
  }
  return out;
};

/** Encoded luminance, of 65536 steps of light, as floats. */
export const encodedOfLight = Float32Array.from({ length: 65_536 }, (_, i) => toEncoded(i / 65_535));
