import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { decodePicture, defaultLimits, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { bundledModelsDir, loadRegistry, startInferenceHost } from "@pixelmesh/inference";
import { compareMatte, toAlpha } from "@pixelmesh/testing";
import { describe, expect, test } from "vitest";
import type { MatteRefinement } from "../src/domain/cut-out/plan-cut-out.ts";
import { cutOutFrame, prepareCutOut } from "../src/domain/cut-out/remove-background.ts";
import { defaultBandShare } from "../src/domain/cut-out/trimap.ts";

const dataDir = process.env.PIXELMESH_TEST_DATA ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const hasData = existsSync(`${dataDir}/matting/GrabCut`) && existsSync(`${dataDir}/models/u2netp.onnx`);
if (!hasData) console.warn(`SKIPPED: mattes against ground truth, because ${dataDir} has no GrabCut set or no u2netp`);

async function decode(path: string): Promise<Frame> {
  return (await decodePicture(await readFile(path), defaultLimits)).frame;
}

/** Least mean overlap (IoU) of the model alone. */
const models = [
  { name: "u2netp", sidePx: 320, leastOverlap: 0.77 },
  { name: "pixelmesh-matte", sidePx: 256, leastOverlap: 0.65 },
] as const;
const dirs = [bundledModelsDir, `${dataDir}/models`];

type Means = { overlap: number; error: number };

describe.skipIf(!hasData)("the GrabCut photographs", () => {
  test.each(models)("$name finds objects, and fitting keeps the overlap and lowers the error", async (tested) => {
    const model = (await loadRegistry({ dirs })).find(tested.name);
    const modelSize = { widthPx: tested.sidePx, heightPx: tested.sidePx };
    const quiet = { debug() {}, info() {}, warn() {}, error() {} };
    const host = await startInferenceHost({
      id: "grabcut",
      providers: ["cpu"],
      threads: { intraOp: 1, interOp: 1 },
      log: quiet,
    });
    try {
      const means: Record<MatteRefinement, Means> = {
        none: { overlap: 0, error: 0 },
        guided: { overlap: 0, error: 0 },
      };
      const names = await listPictures();
      for (const { photo, mask: maskFile } of names) {
        const [picture, mask] = await Promise.all([decode(photo), decode(maskFile)]);
        const { data } = await resizeFrame(picture, tested.sidePx, tested.sidePx);
        const { data: values } = await host.runMatte(model, { ...modelSize, channels: 3, data });
        const raw = values.slice();
        for (const refine of ["none", "guided"] as const) {
          const bandPx = refine === "none" ? 0 : defaultBandShare * Math.max(picture.widthPx, picture.heightPx);
          const options = { modelSize, infer: async () => raw, resize: resizeFrame, bandPx };
          const { task } = await prepareCutOut(picture, options);
          const found = compareMatte(toAlpha(await cutOutFrame({ ...task, refine })), mask);
          means[refine].overlap += found.iou / names.length;
          means[refine].error += found.meanError / names.length;
        }
      }
      for (const [refine, { overlap, error }] of Object.entries(means))
        console.log(`${tested.name}, ${refine}: IoU ${overlap.toFixed(4)}, error of alpha ${error.toFixed(4)}`);
      expect(names).toHaveLength(25);
      expect(means.none.overlap).toBeGreaterThan(tested.leastOverlap);
      expect(means.guided.overlap).toBeGreaterThan(means.none.overlap - 0.005);
      expect(means.guided.error).toBeLessThan(means.none.error);
    } finally {
      await host.close();
    }
  });
});

/** Returns the paths of the photographs and their masks. */
async function listPictures(): Promise<{ readonly photo: string; readonly mask: string }[]> {
  const folder = `${dataDir}/matting/GrabCut`;
  const files = await readdir(folder);
  const names = files.filter((file) => file.endsWith(".mask.png")).map((file) => file.replace(".mask.png", ""));
  return names.map((name) => {
    const photo = files.find((file) => file.startsWith(`${name}.`) && !file.includes(".mask."));
    return { photo: `${folder}/${photo}`, mask: `${folder}/${name}.mask.png` };
  });
}
