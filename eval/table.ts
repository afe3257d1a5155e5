import { toTable } from "@pixelmesh/cli";
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

function toText(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}
