import { createContactSheet, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { cutMiddle } from "./crop.ts";
import type { CutPicture } from "./evaluate-matte.ts";
import type { UpscaledPicture } from "./evaluate-upscaler.ts";
import { resizeLikeMatlab } from "./matlab-bicubic.ts";

const columns = 3;
const cellPx = 480;
const detailPx = 160;
const extremes = 3;

/** Creates a sheet with a row for each picture. It shows the middle, three times as large: bicubic, the model, the original. */
export async function createUpscaleSheet(scale: number, pictures: readonly UpscaledPicture[]): Promise<Frame> {
  const rows = pictures.flatMap(({ result, picture }) => [
    resizeLikeMatlab(picture.small, scale),
    result,
    picture.original,
  ]);
  const details = rows.map((frame) => resizeFrame(cutMiddle(frame, detailPx), cellPx, cellPx, "nearest"));
  return createContactSheet(await Promise.all(details), { columns, cellPx });
}

/** Creates a sheet with a row for each of the three worst and three best results: photograph, hand-drawn mask, cut-out. */
export function createMatteSheet(pictures: readonly CutPicture[]): Promise<Frame> {
  const byIou = pictures.toSorted((a, b) => a.iou - b.iou);
  const shown = new Set([...byIou.slice(0, extremes), ...byIou.slice(-extremes)]);
  const rows = [...shown].flatMap(({ result, picture }) => [picture.photo.frame, picture.mask, result]);
  return createContactSheet(rows, { columns, cellPx });
}
