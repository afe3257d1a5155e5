import type { Pixelmesh } from "@pixelmesh/client";
import type { Frame } from "@pixelmesh/imaging";
import { resizeLikeMatlab } from "./matlab-bicubic.ts";
import { type ReducedPicture, toUpload } from "./reduced-picture.ts";
import { runStep } from "./run-step.ts";
import { compareUpscaled, type UpscaleQuality } from "./upscale-quality.ts";

/** The result and quality of one picture of the set. `wallMs` is null if no mesh was used. */
export type UpscaledPicture = UpscaleQuality & {
  readonly name: string;
  readonly wallMs: number | null;
  readonly result: Frame;
  readonly picture: ReducedPicture;
};

/** Runs the set through a model of the mesh, one picture at a time. The first one is run once more before, as a warm-up. */
export async function evaluateUpscaler(
  client: Pixelmesh,
  model: { readonly name: string; readonly scale: number },
  set: readonly ReducedPicture[],
): Promise<readonly UpscaledPicture[]> {
  const operation = { $case: "upscale", value: { scale: 0, model: model.name } } as const;
  const evaluated: UpscaledPicture[] = [];
  for (const picture of set) {
    const bytes = await toUpload(picture);
    if (evaluated.length === 0) await runStep(client, { operation, bytes });
    const { frame, wallMs } = await runStep(client, { operation, bytes });
    evaluated.push(measure(picture, frame, model.scale, wallMs));
  }
  return evaluated;
}

/** Runs the set through MATLAB's bicubic, the baseline of every upscaler. Needs no mesh. */
export function evaluateBicubic(scale: number, set: readonly ReducedPicture[]): readonly UpscaledPicture[] {
  return set.map((picture) => measure(picture, resizeLikeMatlab(picture.small, scale), scale, null));
}

function measure(picture: ReducedPicture, result: Frame, scale: number, wallMs: number | null): UpscaledPicture {
  return { ...compareUpscaled(result, picture.original, scale), name: picture.name, wallMs, result, picture };
}
