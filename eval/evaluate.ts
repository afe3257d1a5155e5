import type { Model, Pixelmesh } from "@pixelmesh/client";
import { evaluateMatte } from "./evaluate-matte.ts";
import { evaluateBicubic, evaluateUpscaler } from "./evaluate-upscaler.ts";
import { findGrabCut, loadGrabCut } from "./grabcut.ts";
import { keepScore, keepSheet } from "./keep.ts";
import { measureSpeed } from "./measure-speed.ts";
import { type Score, toMatteScore, toUpscaleScore } from "./score.ts";
import { findSet5, loadSet5 } from "./set5.ts";
import { createMatteSheet, createUpscaleSheet } from "./sheets.ts";

/** Scores of upscalers, each scale opened by bicubic. Empty where Set5 is not there. */
export async function evaluateUpscalers(client: Pixelmesh, models: readonly Model[]): Promise<readonly Score[]> {
  if (models.length === 0 || findSet5() === undefined) return [];
  const scores: Score[] = [];
  for (const scale of new Set(models.map((model) => model.scale))) {
    const set = await loadSet5(scale);
    const bicubic = { name: `bicubic-x${scale}`, task: "upscale", scale, digest: "", speed: null };
    scores.push(await keep(toUpscaleScore(bicubic, evaluateBicubic(scale, set))));
    for (const model of models.filter((other) => other.scale === scale)) {
      const pictures = await evaluateUpscaler(client, model, set);
      const speed = await measureSpeed(client, { $case: "upscale", value: { scale: 0, model: model.name } });
      await keepSheet(model.name, await createUpscaleSheet(scale, pictures));
      scores.push(await keep(toUpscaleScore({ ...facts(model), speed }, pictures)));
    }
  }
  return scores;
}

/** Scores of matte models. Empty where GrabCut is not there. */
export async function evaluateMattes(client: Pixelmesh, models: readonly Model[]): Promise<readonly Score[]> {
  if (models.length === 0 || findGrabCut() === undefined) return [];
  const scores: Score[] = [];
  const set = await loadGrabCut();
  for (const model of models) {
    const pictures = await evaluateMatte(client, model, set);
    const speed = await measureSpeed(client, { $case: "removeBackground", value: { model: model.name } });
    await keepSheet(model.name, await createMatteSheet(pictures));
    scores.push(await keep(toMatteScore({ ...facts(model), speed }, pictures)));
  }
  return scores;
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
