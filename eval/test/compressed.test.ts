import { join } from "node:path";
import type { Frame } from "@pixelmesh/imaging";
import { bundledModelsDir } from "@pixelmesh/inference";
import { upscaleStraight } from "@pixelmesh/testing/models";
import { describe, expect, test } from "vitest";
import { toMatlabLuma } from "../luma.ts";
import { resizeLikeMatlab } from "../matlab-bicubic.ts";
import { findPhotographs, loadPhotographs } from "../photographs/load.ts";
import { computePsnrB } from "../psnr-b.ts";

const scale = 4;
const blockPx = 8 * scale;
const pictures = 5;

/** Runs a bundled model by onnxruntime alone. */
async function runModel(name: string, { widthPx, heightPx, data }: Frame): Promise<Frame> {
  const raw = { data, width: widthPx, height: heightPx, channels: 3 } as const;
  const enlarged = await upscaleStraight(join(bundledModelsDir, `${name}.onnx`), raw);
  return { widthPx: enlarged.width, heightPx: enlarged.height, channels: 3, data: enlarged.data };
}

/** Mean PSNR-B in dB over the first photographs, stored as JPEG of this quality and then enlarged. */
async function meanPsnrB(quality: number, enlarge: (small: Frame) => Promise<Frame>): Promise<number> {
  const set = await loadPhotographs(scale, quality);
  let sum = 0;
  // Five photographs give the same order of the models as all 14, and take a third as long.
  for (const { small, original } of set.slice(0, pictures)) {
    sum += computePsnrB(toMatlabLuma(await enlarge(small)), toMatlabLuma(original), blockPx);
  }
  return sum / pictures;
}

// `findPhotographs` reports where the test data are missing.
describe.runIf(findPhotographs())(
  "the model for compressed pictures, on photographs that it was not trained on",
  () => {
    test.for([30, 45, 60])("is better than the default model and bicubic at JPEG %i", async (quality) => {
      const photo = await meanPsnrB(quality, (small) => runModel("pixelmesh-sr-x4-photo", small));
      const plain = await meanPsnrB(quality, (small) => runModel("pixelmesh-sr-x4", small));
      const bicubic = await meanPsnrB(quality, async (small) => resizeLikeMatlab(small, scale));
      console.log(
        `JPEG ${quality}: PSNR-B ${photo.toFixed(3)} dB, plain ${plain.toFixed(3)}, bicubic ${bicubic.toFixed(3)}`,
      );
      expect(photo).toBeGreaterThan(Math.max(plain, bicubic) + 0.3);
    });
  },
);
