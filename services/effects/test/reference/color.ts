import { clampUnit, type Rgb, toEncoded, toLinear } from "../../src/domain/color/color.ts";
import { balanceGains } from "../../src/domain/tone/white-balance.ts";
import { mapColors, mapSamples, type Picture } from "./tone-pictures.ts";

/** Neutral settings of the effect color. */
export const neutral = {
  exposure: 0,
  temperature: 0,
  tint: 0,
  gamma: 1,
  brightness: 100,
  contrast: 100,
  hue: 0,
  saturation: 100,
  vibrance: 0,
};

type Matrix = readonly (readonly [number, number, number])[];

const luma: Rgb = [0.213, 0.715, 0.072];
const sumOf = (weights: readonly number[], color: Rgb): number =>
  color.reduce((sum, sample, c) => sum + sample * (weights[c] as number), 0);

// W3C Filter Effects Module Level 1, feColorMatrix, type "hueRotate": the sum of three matrices, the last two times cosine and sine.
const hueParts: readonly [Matrix, Matrix, Matrix] = [
  [luma, luma, luma] as Matrix,
  [
    [0.787, -0.715, -0.072],
    [-0.213, 0.285, -0.072],
    [-0.213, -0.715, 0.928],
  ],
  [
    [-0.213, -0.715, 0.928],
    [0.143, 0.14, -0.283],
    [-0.787, 0.715, 0.072],
  ],
];

/** The effect color, one step after another on the whole picture. */
export function color(settings: Partial<typeof neutral>): (picture: Picture) => Picture {
  const all = { ...neutral, ...settings };
  const gains = balanceGains(all.temperature, all.tint);
  const angle = (all.hue * Math.PI) / 180;
  return (picture) => {
    let now = mapColors(
      picture,
      (samples) =>
        samples.map((sample, c) =>
          toEncoded(clampUnit(toLinear(sample) * (gains[c] as number) * 2 ** all.exposure)),
        ) as unknown as Rgb,
    );
    now = mapSamples(now, (sample) => sample ** (1 / all.gamma));
    now = mapSamples(now, (sample) => (sample * all.brightness) / 100);
    now = mapSamples(now, (sample) => (sample - 0.5) * (all.contrast / 100) + 0.5);
    now = mapColors(now, (samples) => {
      const [fixed, cosine, sine] = hueParts.map((part) => part.map((row) => sumOf(row, samples))) as number[][];
      return fixed!.map((value, c) => value + cosine![c]! * Math.cos(angle) + sine![c]! * Math.sin(angle)) as never;
    });
    // Type "saturate" is a line through luma.
    now = mapColors(now, (samples) => {
      const grey = sumOf(luma, samples);
      return samples.map((sample) => grey + (sample - grey) * (all.saturation / 100)) as never;
    });
    return mapColors(now, (samples) => {
      const grey = sumOf(luma, samples);
      const spread = Math.max(...samples) - Math.min(...samples);
      return samples.map((sample) => grey + (sample - grey) * (1 + (all.vibrance / 100) * (1 - spread))) as never;
    });
  };
}
