import { availableParallelism } from "node:os";
import { ImageFormat } from "@pixelmesh/proto";
import { findModel } from "../../harness/compare-with-baseline.ts";
import { inParallel } from "../../harness/tiny-jobs.ts";
import type { Side } from "../judge/side.ts";
import { rembgFolder, rembgServer } from "../sides/rembg.ts";
import { type CaseSetup, runPeerCase } from "../tools/case-setup.ts";
import { meshPids, runJob } from "../tools/mesh-work.ts";
import { type PictureFile, pictureCount, writePictures } from "../tools/pictures.ts";

const size = { widthPx: 1_152, heightPx: 864 };
const inFlight = 4;

/** Cut-outs of pictures of one megapixel with u2netp, PNG out: jobs against rembg's folder mode and its server with two workers. */
export async function cutoutsCase(): Promise<boolean> {
  const modelPath = findModel("u2netp");
  if (modelPath === undefined) {
    console.log("  !!! SKIPPED: the file of u2netp is missing, and no model is downloaded");
    return true;
  }
  const count = pictureCount(50);
  return runPeerCase(
    {
      caseName: "cutouts",
      ratios: [
        { side: "pixelmesh", measure: "cpuS", bound: 0.95 },
        { side: "pixelmesh", measure: "wallS", bound: 0.9 },
      ],
      facts: { pictures: count, size, inFlight, model: "u2netp", cores: availableParallelism() },
    },
    async (setup) => {
      const { dir } = setup;
      const pictures = await writePictures(`${dir}/pictures`, count, size);
      const work = { dir, pictures, modelPath };
      return {
        ours: [cutoutSide(setup, pictures, "u2netp")],
        peers: [() => rembgFolder(work), () => rembgServer(work), () => rembgServer(work, 1)],
      };
    },
  );
}

/** The same pictures with the bundled matte; the limit is a time. rembg's server with u2netp is there to compare. */
export async function cutoutsBundledCase(): Promise<boolean> {
  const modelPath = findModel("u2netp");
  const count = pictureCount(100);
  return runPeerCase(
    {
      caseName: "cutouts-bundled",
      values: [
        {
          side: "pixelmesh",
          measure: "wallS",
          name: "time of 100 cut-outs with the bundled matte",
          unit: "s",
          per: count / 100,
          bound: 8,
        },
      ],
      facts: { pictures: count, size, inFlight, cores: availableParallelism() },
    },
    async (setup) => {
      const { dir } = setup;
      const pictures = await writePictures(`${dir}/pictures`, count, size);
      const peers = modelPath === undefined ? [] : [() => rembgServer({ dir, pictures, modelPath })];
      return { ours: [cutoutSide(setup, pictures, "")], peers };
    },
  );
}

function cutoutSide({ mesh }: CaseSetup, pictures: readonly PictureFile[], model: string): Side {
  const pipeline = {
    steps: [{ id: "cut", operation: { $case: "removeBackground" as const, value: { model } } }],
    outputs: [{ name: "result", encoding: { format: ImageFormat.PNG } }],
  };
  return {
    name: "pixelmesh",
    isOurs: true,
    pids: () => meshPids(mesh),
    async run() {
      let next = 0;
      await inParallel(pictures.length, inFlight, async () => {
        await runJob(mesh.client, pipeline, (pictures[next++] as PictureFile).bytes);
      });
      return {};
    },
    close: async () => {},
  };
}
