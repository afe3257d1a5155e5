import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findModel } from "../../harness/compare-with-baseline.ts";
import type { Sides } from "../../harness/scenes.ts";
import { runUpscaleJob } from "../../harness/upscale-job.ts";
import type { Side } from "../judge/side.ts";
import { runPeerCase } from "../tools/case-setup.ts";
import { meshPids } from "../tools/mesh-work.ts";
import { startLineProcess } from "../tools/peer-process.ts";
import { type PictureFile, pictureCount, writePictures } from "../tools/pictures.ts";

const models = ["realesr-general-x4v3", "pixelmesh-sr-x4"];
const scale = 4;
const bound = 1.03;

/** Eight pictures of 640×480 ×4, one after another, with each of two models. */
export const upscale640x480PeersCase = () => upscaleCase("upscale-640x480", { widthPx: 640, heightPx: 480 }, 8);

/** One picture of 1920×1080 ×4 with each of two models. */
export const upscale1080pPeersCase = () => upscaleCase("upscale-1080p", { widthPx: 1_920, heightPx: 1_080 }, 1);

/** Compares jobs with the script of `make bench`, which uses onnxruntime and sharp alone and keeps its model loaded. */
async function upscaleCase(caseName: string, size: Sides, byDefault: number): Promise<boolean> {
  const count = pictureCount(byDefault);
  let isWithin = true;
  for (const model of models) {
    const modelPath = findModel(model);
    if (modelPath === undefined) {
      console.log(`  !!! SKIPPED: the file of ${model} is missing, and no model is downloaded`);
      continue;
    }
    console.log(`  ${model}`);
    const judgement = {
      caseName: `${caseName}-${model}`,
      command: `make bench-peers CASE=${caseName}`,
      ratios: [{ side: "pixelmesh", measure: "cpuS" as const, bound }],
      facts: { pictures: count, size, scale, model, threads: availableParallelism() },
    };
    const isModelWithin = await runPeerCase(judgement, async ({ mesh, dir }) => {
      const pictures = await writePictures(`${dir}/pictures`, count, size);
      return {
        ours: [
          {
            name: "pixelmesh",
            isOurs: true,
            pids: () => meshPids(mesh),
            async run() {
              for (const { bytes } of pictures) await runUpscaleJob(mesh.client, { picture: bytes, model, scale });
              return {};
            },
            close: async () => {},
          },
        ],
        peers: [() => baselineSide(dir, modelPath, pictures)],
      };
    });
    isWithin = isModelWithin && isWithin;
  }
  return isWithin;
}

/** The baseline script of the harness, as a process whose cost is measured like that of any peer. */
function baselineSide(dir: string, modelPath: string, pictures: readonly PictureFile[]): Side {
  const path = fileURLToPath(new URL("../../harness/baseline-upscale.ts", import.meta.url));
  const args = ["--conditions=development", "--disable-warning=ExperimentalWarning"];
  const script = startLineProcess({
    program: process.execPath,
    args: [...args, path, modelPath, String(availableParallelism())],
    env: process.env,
    cwd: dir,
    logPath: join(dir, "baseline.log"),
  });
  return {
    name: "onnxruntime script",
    isOurs: false,
    pids: () => [script.pid],
    async run() {
      for (const picture of pictures) await script.ask(picture.path);
      return {};
    },
    close: script.close,
  };
}
