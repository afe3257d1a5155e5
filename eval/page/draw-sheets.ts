import { fileURLToPath } from "node:url";
import type { Model, Pixelmesh } from "@pixelmesh/client";
import {
  createContactSheet,
  decodePicture,
  defaultLimits,
  encodeFrame,
  type Frame,
  resizeFrame,
} from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { loadTestPicture } from "@pixelmesh/testing";
import { cutMiddle } from "../crop.ts";
import { resizeLikeMatlab } from "../matlab-bicubic.ts";
import { runStep, toPng } from "../run-step.ts";
import { writePageSheet } from "./write-page.ts";

const cellPx = 300;
const detailPx = 600;
const scale = 4;
const jpegQuality = 30;
const upscalers = ["pixelmesh-sr-x4", "realesr-general-x4v3"];
const mattes = ["pixelmesh-matte", "u2netp"];

const load = async (file: string) =>
  (await loadTestPicture(fileURLToPath(new URL(`../../examples/${file}`, import.meta.url)))).frame;

/**
 * Draws the two sheets of docs/reference/models.md on pictures of this project. Prints the name of a sheet that is not drawn because
 * a model is missing; the committed one stays.
 */
export async function drawSheets(client: Pixelmesh, models: readonly Model[]): Promise<void> {
  const missing = [...upscalers, ...mattes].filter((name) => !models.some((it) => it.name === name && it.available));
  if (missing.length > 0) return console.log(`SKIPPED: sheets of docs/reference/models.md: no ${missing.join(", ")}`);
  await writePageSheet("upscale-x4", await drawUpscales(client));
  await writePageSheet("cut-outs", await drawCutOuts(client));
}

async function drawUpscales(client: Pixelmesh): Promise<Frame> {
  const original = cutMiddle(await load("still-life.jpg"), detailPx);
  const small = resizeLikeMatlab(original, 1 / scale);
  const { bytes } = await encodeFrame(small, Encoding.fromPartial({ format: ImageFormat.JPEG, quality: jpegQuality }));
  const cells: Frame[] = [];
  for (const file of [await toPng(small), bytes]) {
    const { frame } = await decodePicture(file, defaultLimits);
    cells.push(resizeLikeMatlab(frame, scale));
    for (const model of upscalers) {
      const operation = { $case: "upscale", value: { scale: 0, model } } as const;
      cells.push((await runStep(client, { operation, bytes: file })).frame);
    }
    cells.push(original);
  }
  return createContactSheet(
    cells.map((cell) => cutMiddle(cell, cellPx)),
    { columns: upscalers.length + 2, cellPx },
  );
}

async function drawCutOuts(client: Pixelmesh): Promise<Frame> {
  const cells: Frame[] = [];
  for (const file of ["portrait-object.jpg", "still-life.jpg"]) {
    const whole = await load(file);
    const ratio = cellPx / Math.max(whole.widthPx, whole.heightPx);
    const photo = await resizeFrame(whole, Math.round(whole.widthPx * ratio), Math.round(whole.heightPx * ratio));
    cells.push(photo);
    for (const model of mattes) {
      const operation = { $case: "removeBackground", value: { model } } as const;
      cells.push((await runStep(client, { operation, bytes: await toPng(photo) })).frame);
    }
  }
  return createContactSheet(cells, { columns: mattes.length + 1, cellPx });
}
