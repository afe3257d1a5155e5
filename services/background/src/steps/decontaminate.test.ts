import { createFrame, type Frame, memoryFrameStore, resizeFrame } from "@pixelmesh/imaging";
import { afterAll, expect, test } from "vitest";
import { createPicture, createValues, mixLayers, textured, toGrey } from "../../test/pictures.ts";
import { toCutOutOptions } from "../domain/cut-out/cut-out-options.ts";
import type { Plane } from "../domain/planes/plane.ts";
import { createPictureWork } from "../threads/picture-work.ts";
import { runCutOut } from "./cut-out-run.ts";

const size = { widthPx: 480, heightPx: 360 };
const modelSidePx = 320;
const work = createPictureWork({ threads: 1 });
afterAll(work.close);

/** Cuts out with a model that knows the true alpha at its own size. */
async function cutOut(picture: Frame, truth: Plane, decontaminate: boolean): Promise<Frame> {
  const { data } = await resizeFrame(toGrey(truth), modelSidePx, modelSidePx);
  const result = await runCutOut(picture, toCutOutOptions({ decontaminate }), {
    work,
    async findMatte(prepare) {
      const infer = async () => Float32Array.from(data, (value) => value / 255);
      const modelSize = { widthPx: modelSidePx, heightPx: modelSidePx };
      const model = { sizeFor: () => modelSize, stretch: true, inferAt: () => infer };
      return { prepared: await prepare(model), notices: [] };
    },
    frameStore: memoryFrameStore,
    signal: new AbortController().signal,
    onProgress() {},
  });
  return result.frame as Frame;
}

/** Returns the mean distance of colours from the object's own, from 0 to 255, where its true alpha is 0.2 to 0.8. */
function colorError(cut: Frame, object: Frame, truth: Plane): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < truth.data.length; i++) {
    const alpha = truth.data[i] as number;
    if (alpha < 0.2 || alpha > 0.8 || cut.data[i * 4 + 3] === 0) continue;
    for (let c = 0; c < 3; c++) sum += Math.abs((cut.data[i * 4 + c] as number) - (object.data[i * 3 + c] as number));
    count += 3;
  }
  expect(count).toBeGreaterThan(1_000);
  return sum / count;
}

/** An ellipse whose alpha falls from 1 to 0 over some pixels: an object out of focus. */
const soft = (edgePx: number): Plane =>
  createValues(size, (x, y) => {
    const far = Math.hypot((x - 240) / 1.3, y - 180);
    return Math.min(1, Math.max(0, (120 - far) / edgePx + 0.5));
  });

test.each([
  ["an edge of 4 px", soft(4)],
  ["an edge of 12 px", soft(12)],
  ["an edge of 24 px", soft(24)],
])("colours of half-covered pixels have at most half of the error: %s", async (_, truth) => {
  const errors = { kept: 0, clean: 0 };
  for (const seed of [1, 2]) {
    const [object, background] = [textured(seed), textured(seed + 40)].map((sample) => createPicture(size, 3, sample));
    const picture = mixLayers(object as Frame, background as Frame, truth);
    const copy = createFrame(size.widthPx, size.heightPx, 3, picture.data.slice());
    errors.kept += colorError(await cutOut(picture, truth, false), object as Frame, truth) / 2;
    errors.clean += colorError(await cutOut(copy, truth, true), object as Frame, truth) / 2;
  }
  console.log(`mean error of colours ${errors.kept.toFixed(1)} kept, ${errors.clean.toFixed(1)} decontaminated`);
  expect(errors.clean).toBeLessThan(errors.kept / 2);
});
