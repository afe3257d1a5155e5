import { toTable } from "@pixelmesh/cli";
import type { PhotographScore } from "./photographs/evaluate.ts";
import type { Score } from "./score.ts";

const heads = ["MODEL", "SCALE", "SET", "PSNR dB", "SSIM", "IoU", "MAE", "ms/PICTURE", "MP/s AT 640x480", "BAR"];

/** Formats scores as one table: means over the set, medians of times. */
export function scoreTable(scores: readonly Score[]): string {
  const rows = scores.map(({ name, scale, set, means, pictureMs, speed, bar }) => [
    name,
    scale > 1 ? `x${scale}` : "-",
    set,
    toText(means.psnrDb, 2),
    toText(means.ssim, 4),
    toText(means.iou, 4),
    toText(means.meanError, 4),
    toText(pictureMs?.median, 0),
    toText(speed?.inputMpPerSecond, 3),
    bar ? `${bar.isReached ? "reached" : "MISSED"} (${bar.measure} >= ${bar.atLeast})` : "-",
  ]);
  return toTable([heads, ...rows]);
}

/** Formats the scores on photographs: a line for each upscaler and kind of file. */
export function photographTable(scores: readonly PhotographScore[]): string {
  const rows = scores.flatMap(({ name, scale, variants }) =>
    variants.map(({ jpegQuality, means }) => [
      name,
      `x${scale}`,
      jpegQuality === null ? "PNG" : `JPEG ${jpegQuality}`,
      toText(means.psnrDb, 2),
      toText(means.psnrBDb, 2),
      toText(means.ssim, 4),
      toText(means.ssimulacra2 ?? undefined, 1),
    ]),
  );
  return toTable([["MODEL", "SCALE", "PHOTOGRAPHS AS", "PSNR dB", "PSNR-B dB", "SSIM", "SSIMULACRA2"], ...rows]);
}

function toText(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}
