import type { Model, Pixelmesh } from "@pixelmesh/client";
import { evaluateMatte } from "./evaluate-matte.ts";
import { evaluateBicubic, evaluateUpscaler } from "./evaluate-upscaler.ts";
import { findGrabCut, loadGrabCut } from "./grabcut.ts";
import { keepScore, keepSheet } from "./keep.ts";
import { measureSpeed } from "./measure-speed.ts";
import { type Score, toMatteScore, toUpscaleScore } from "./score.ts";
import { findSet5, loadSet5 } from "./set5.ts";
import { createMatteSheet, createUpscaleSheet } from "./sheets.ts";

/** The scores, and the names of models that failed. */
export type Evaluation = { readonly scores: readonly Score[]; readonly failed: readonly string[] };

/** Evaluates upscalers by scale, each scale after bicubic. Returns no scores without Set5. */
export async function evaluateUpscalers(client: Pixelmesh, models: readonly Model[]): Promise<Evaluation> {
  if (models.length === 0 || findSet5() === undefined) return { scores: [], failed: [] };
  const all: Evaluation[] = [];
  for (const scale of new Set(models.map((model) => model.scale))) {
    const set = await loadSet5(scale);
    const bicubic = { name: `bicubic-x${scale}`, task: "upscale", scale, digest: "", speed: null };
    const ofScale = models.filter((model) => model.scale === scale);
    all.push({ scores: [await keep(toUpscaleScore(bicubic, evaluateBicubic(scale, set)))], failed: [] });
    all.push(
      await evaluateEach(ofScale, async (model) => {
        const pictures = await evaluateUpscaler(client, model, set);
        const speed = await measureSpeed(client, { $case: "upscale", value: { scale: 0, model: model.name } });
        await keepSheet(model.name, await createUpscaleSheet(scale, pictures));
        return toUpscaleScore({ ...facts(model), speed }, pictures);
      }),
    );
  }
  return { scores: all.flatMap(({ scores }) => scores), failed: all.flatMap(({ failed }) => failed) };
}

/** Evaluates matte models. Returns no scores without GrabCut. */
export async function evaluateMattes(client: Pixelmesh, models: readonly Model[]): Promise<Evaluation> {
  if (models.length === 0 || findGrabCut() === undefined) return { scores: [], failed: [] };
  const set = await loadGrabCut();
  return evaluateEach(models, async (model) => {
    const pictures = await evaluateMatte(client, model, set);
    const speed = await measureSpeed(client, { $case: "removeBackground", value: { model: model.name } });
    await keepSheet(model.name, await createMatteSheet(pictures));
    return toMatteScore({ ...facts(model), speed }, pictures);
  });
}

/** Evaluates one model at a time, so that each is timed alone. A failed model is printed, and the others are still evaluated. */
async function evaluateEach(models: readonly Model[], evaluate: (model: Model) => Promise<Score>): Promise<Evaluation> {
  const scores: Score[] = [];
  const failed: string[] = [];
  for (const model of models) {
    try {
      scores.push(await keep(await evaluate(model)));
    } catch (error) {
      console.error(`FAILED: ${model.name}: ${error instanceof Error ? error.message : error}`);
      failed.push(model.name);
    }
  }
  return { scores, failed };
}

function facts({ name, task, scale, digest }: Model) {
  return { name, task, scale, digest };
}

async function keep(score: Score): Promise<Score> {
  await keepScore(score);
  console.log(
    `  ${score.name}: ${Object.entries(score.means)
      .map(([measure, value]) => `${measure} ${value}`)
      .join(", ")}`,
  );
  return score;
}
