import type { Model, Pixelmesh } from "@pixelmesh/client";
import { evaluateBicubic, evaluateUpscaler, type UpscaledPicture } from "../evaluate-upscaler.ts";
import { keepResult } from "../keep.ts";
import { toMatlabLuma } from "../luma.ts";
import { computePsnrB } from "../psnr-b.ts";
import type { ReducedPicture } from "../reduced-picture.ts";
import { findPhotographs, loadPhotographs } from "./load.ts";
import { openPerceptualMeasure, type PerceptualMeasure } from "./perceptual.ts";

/** Means over the photographs. `ssimulacra2` is null if it could not be installed. */
export type PhotographMeans = {
  readonly psnrDb: number;
  readonly psnrBDb: number;
  readonly ssim: number;
  readonly ssimulacra2: number | null;
};

/** The score of one upscaler on photographs that were reduced, and then stored as PNG or as JPEG. */
export type PhotographScore = {
  readonly name: string;
  readonly scale: number;
  /** sha256 of the model's file; empty for bicubic. */
  readonly digest: string;
  readonly photographs: number;
  readonly variants: readonly { readonly jpegQuality: number | null; readonly means: PhotographMeans }[];
};

/** PNG, then JPEG of these qualities. */
const qualities = [null, 60, 45, 30] as const;
const jpegBlockPx = 8;

type Run = (set: readonly ReducedPicture[]) => Promise<readonly UpscaledPicture[]>;

/** Evaluates upscalers on the photographs of the test data, each scale after bicubic. Returns no scores without them. */
export async function evaluatePhotographs(
  client: Pixelmesh,
  models: readonly Model[],
): Promise<readonly PhotographScore[]> {
  if (models.length === 0 || findPhotographs() === undefined) return [];
  const perceptual = await openPerceptualMeasure();
  const scores: PhotographScore[] = [];
  for (const scale of new Set(models.map((model) => model.scale))) {
    const sets = await Promise.all(qualities.map((quality) => loadPhotographs(scale, quality)));
    const evaluate = async (name: string, digest: string, run: Run) => {
      const variants: { jpegQuality: number | null; means: PhotographMeans }[] = [];
      for (const [i, jpegQuality] of qualities.entries()) {
        const pictures = await run(sets[i] as (typeof sets)[number]);
        variants.push({ jpegQuality, means: await toMeans(pictures, scale, perceptual) });
      }
      const score = { name, scale, digest, photographs: sets[0]?.length ?? 0, variants };
      await keepResult(`photographs-${name}`, name, score);
      console.log(`  ${name}: photographs ${variants.map(({ means }) => means.psnrDb).join(", ")} dB`);
      scores.push(score);
    };
    await evaluate(`bicubic-x${scale}`, "", async (set) => evaluateBicubic(scale, set));
    for (const model of models.filter((each) => each.scale === scale)) {
      await evaluate(model.name, model.digest, (set) => evaluateUpscaler(client, model, set));
    }
  }
  return scores;
}

async function toMeans(
  pictures: readonly UpscaledPicture[],
  scale: number,
  perceptual: PerceptualMeasure | undefined,
): Promise<PhotographMeans> {
  const pairs = pictures.map(({ result, picture }) => ({ result, original: picture.original }));
  const psnrB = pairs.map(({ result, original }) =>
    computePsnrB(toMatlabLuma(result), toMatlabLuma(original), jpegBlockPx * scale),
  );
  const perceived = perceptual ? await perceptual(pairs) : null;
  return {
    psnrDb: mean(pictures.map(({ psnrDb }) => psnrDb)),
    psnrBDb: mean(psnrB),
    ssim: mean(pictures.map(({ ssim }) => ssim)),
    ssimulacra2: perceived ? mean(perceived) : null,
  };
}

function mean(values: readonly number[]): number {
  return Number((values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(4));
}
