import { spread } from "@pixelmesh/bench/stats";
import { bars } from "./bars.ts";
import type { CutPicture } from "./evaluate-matte.ts";
import type { UpscaledPicture } from "./evaluate-upscaler.ts";
import type { Speed } from "./measure-speed.ts";

type Measures = Readonly<Record<string, number>>;

/** The score of one model on its set: one line of the table and one file of results. */
export type Score = {
  readonly name: string;
  readonly task: string;
  readonly scale: number;
  /** sha256 of the model's file; empty for a baseline without one. */
  readonly digest: string;
  readonly set: string;
  /** `psnrDb` and `ssim`, or `iou` and `meanError`: means over the set. */
  readonly means: Measures;
  readonly pictures: readonly { readonly name: string; readonly wallMs: number | null; readonly measures: Measures }[];
  /** Wall time of the set's pictures, after a warm-up; null if no mesh was used. */
  readonly pictureMs: ReturnType<typeof spread> | null;
  readonly speed: Speed | null;
  /** The bar of the model, and whether it is reached; null for third-party models. */
  readonly bar: { readonly measure: string; readonly atLeast: number; readonly isReached: boolean } | null;
};

/** The scored model. */
export type Scored = Pick<Score, "name" | "task" | "scale" | "digest" | "speed">;

/** Computes the score of an upscaler on Set5. */
export function toUpscaleScore(scored: Scored, pictures: readonly UpscaledPicture[]): Score {
  return toScore(scored, "Set5", pictures, ({ psnrDb, ssim }) => ({ psnrDb, ssim }));
}

/** Computes the score of a matte model on GrabCut. */
export function toMatteScore(scored: Scored, pictures: readonly CutPicture[]): Score {
  return toScore(scored, "GrabCut", pictures, ({ iou, meanError }) => ({ iou, meanError }));
}

function toScore<T extends { readonly name: string; readonly wallMs: number | null }>(
  scored: Scored,
  set: string,
  pictures: readonly T[],
  measuresOf: (picture: T) => Measures,
): Score {
  const measured = pictures.map(measuresOf);
  const keys = Object.keys(measured[0] ?? {});
  const means: Measures = Object.fromEntries(
    keys.map((key) => [key, mean(measured.map((measures) => measures[key] ?? Number.NaN))]),
  );
  const walls = pictures.flatMap(({ wallMs }) => (wallMs === null ? [] : [wallMs]));
  const bar = bars[scored.name];
  return {
    ...scored,
    set,
    means: roundAll(means),
    pictures: pictures.map((picture) => ({
      name: picture.name,
      wallMs: picture.wallMs === null ? null : Math.round(picture.wallMs),
      measures: roundAll(measuresOf(picture)),
    })),
    pictureMs: walls.length > 0 ? spread(walls) : null,
    bar: bar ? { ...bar, isReached: (means[bar.measure] ?? Number.NaN) >= bar.atLeast } : null,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function roundAll(measures: Measures): Measures {
  return Object.fromEntries(Object.entries(measures).map(([key, value]) => [key, Number(value.toFixed(4))]));
}
