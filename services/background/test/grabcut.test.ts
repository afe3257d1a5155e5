import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { decodePicture, defaultLimits, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { bundledModelsDir, loadRegistry, startInferenceHost } from "@pixelmesh/inference";
import { compareMatte, toAlpha } from "@pixelmesh/testing";
import { describe, expect, test } from "vitest";
import { toMatte } from "../src/domain/cut-out/matte.ts";
import { removeBackground } from "../src/domain/cut-out/remove-background.ts";
import { resamplePlane } from "./reference/sampler.ts";

const dataDir = process.env.PIXELMESH_TEST_DATA ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const hasData = existsSync(`${dataDir}/matting/GrabCut`) && existsSync(`${dataDir}/models/u2netp.onnx`);
if (!hasData) console.warn(`SKIPPED: mattes against ground truth, because ${dataDir} has no GrabCut set or no u2netp`);

async function decode(path: string): Promise<Frame> {
  return (await decodePicture(await readFile(path), defaultLimits)).frame;
}

describe.skipIf(!hasData)("u2netp on the GrabCut photographs", () => {
  test("objects are found as published, and fitting to edges keeps the overlap and lowers the error", async () => {
    const folder = `${dataDir}/matting/GrabCut`;
    const model = (await loadRegistry({ dirs: [bundledModelsDir, `${dataDir}/models`] })).find("u2netp");
    const quiet = { debug() {}, info() {}, warn() {}, error() {} };
    const host = await startInferenceHost({
      id: "grabcut",
      providers: ["cpu"],
      threads: { intraOp: 1, interOp: 1 },
      log: quiet,
    });
    try {
      const files = await readdir(folder);
      const plain = { overlap: 0, error: 0 };
      const refined = { overlap: 0, error: 0 };
      const names = files.filter((file) => file.endsWith(".mask.png")).map((file) => file.replace(".mask.png", ""));
      for (const name of names) {
        const photo = files.find((file) => file.startsWith(`${name}.`) && !file.includes(".mask."))!;
        const [picture, mask] = await Promise.all([decode(`${folder}/${photo}`), decode(`${folder}/${name}.mask.png`)]);
        let raw = new Float32Array();
        const infer = async (data: Uint8Array) => {
          raw = (await host.runMatte(model, { widthPx: 320, heightPx: 320, channels: 3, data })).data.slice();
          return raw;
        };
        const cutOut = await removeBackground(picture, { modelSidePx: 320, infer, resize: resizeFrame });
        const enlarged = resamplePlane(toMatte(raw, 320), picture).data;
        for (const [sum, found] of [
          [plain, compareMatte(enlarged, mask)],
          [refined, compareMatte(toAlpha(cutOut), mask)],
        ] as const) {
          sum.overlap += found.iou / names.length;
          sum.error += found.meanError / names.length;
        }
      }
      console.log(
        `mean IoU ${plain.overlap.toFixed(4)} of the model alone, ${refined.overlap.toFixed(4)} fitted to edges`,
      );
      console.log(`mean error of alpha ${plain.error.toFixed(4)} and ${refined.error.toFixed(4)}`);
      expect(names).toHaveLength(25);
      expect(plain.overlap).toBeGreaterThan(0.77);
      expect(refined.overlap).toBeGreaterThan(plain.overlap - 0.005);
      expect(refined.error).toBeLessThan(plain.error);
    } finally {
      await host.close();
    }
  });
});
