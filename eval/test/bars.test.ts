import { findTestModels, startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bars } from "../bars.ts";
import { evaluateMatte } from "../evaluate-matte.ts";
import { evaluateUpscaler } from "../evaluate-upscaler.ts";
import { findGrabCut, loadGrabCut } from "../grabcut.ts";
import { cutBorder, toMatlabLuma } from "../luma.ts";
import type { ReducedPicture } from "../reduced-picture.ts";
import { toMatteScore, toUpscaleScore } from "../score.ts";
import { findSet5, loadSet5 } from "../set5.ts";

const modelsDir = findTestModels();

describe.runIf(modelsDir && findSet5() && findGrabCut())("models through a mesh", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh({ modelsDirs: [modelsDir as string] });
  });
  afterAll(() => mesh?.[Symbol.asyncDispose]());

  test.for(Object.keys(bars))("%s reaches its bar if its file is available", async (name, { skip }) => {
    const model = (await mesh.client.models()).find((known) => known.name === name);
    if (!model?.available) {
      const why = model?.unavailableReason ?? "no manifest has it";
      console.warn(`SKIPPED: ${name}: ${why}`);
      return skip(why);
    }
    const scored = { name, task: model.task, scale: model.scale, digest: model.digest, speed: null };
    const { means, bar } =
      model.task === "upscale"
        ? toUpscaleScore(scored, await evaluateUpscaler(mesh.client, model, await loadSet5(model.scale)))
        : toMatteScore(scored, await evaluateMatte(mesh.client, model, await loadGrabCut()));
    console.log(`${name}: ${JSON.stringify(means)}, at least ${bar?.atLeast}`);
    expect(bar).toMatchObject({ isReached: true });
  });

  test("a luma model loses less than 0.1 dB between onnxruntime and the result of the mesh", async () => {
    const set = await loadSet5(2);
    const evaluated = await evaluateUpscaler(mesh.client, { name: "FSRCNN_x2", scale: 2 }, set);
    const session = await InferenceSession.create(`${modelsDir}/FSRCNN_x2.onnx`, { intraOpNumThreads: 1 });
    for (const { name, psnrDb, picture } of evaluated) {
      const alone = await psnrAlone(session, picture);
      expect(Math.abs(psnrDb - alone), `${name}: ${psnrDb} dB through the mesh, ${alone} dB alone`).toBeLessThan(0.1);
    }
  });
});

/** PSNR of the output of onnxruntime alone for JFIF luma. */
async function psnrAlone(session: InferenceSession, { small, original }: ReducedPicture): Promise<number> {
  const { widthPx, heightPx, data } = small;
  const luma = Float32Array.from({ length: widthPx * heightPx }, (_, i) => {
    const [red, green, blue] = data.subarray(i * 3, i * 3 + 3) as unknown as [number, number, number];
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
  });
  const input = new Tensor("float32", luma, [1, 1, heightPx, widthPx]);
  const results = await session.run({ [session.inputNames[0]!]: input });
  const output = results[session.outputNames[0]!]?.data as Float32Array;
  const studio = Float64Array.from(output, (y) => 16 + 219 * Math.min(1, Math.max(0, y)));
  const truth = cutBorder(toMatlabLuma(original), 2).data;
  const found = cutBorder({ widthPx: original.widthPx, heightPx: original.heightPx, data: studio }, 2).data;
  const squares = truth.reduce((sum, y, i) => sum + (y - found[i]!) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / truth.length));
}
