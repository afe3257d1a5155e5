import type { Pixelmesh } from "@pixelmesh/client";
import type { Frame } from "@pixelmesh/imaging";
import { resizeLikeMatlab } from "./matlab-bicubic.ts";
import { runStep, toPng } from "./run-step.ts";
import type { Set5Picture } from "./set5.ts";
import { compareUpscaled, type UpscaleQuality } from "./upscale-quality.ts";

/** One picture of the set, enlarged and judged. `wallMs` is null where no mesh was asked. */
export type UpscaledPicture = UpscaleQuality & {
  readonly name: string;
  readonly wallMs: number | null;
  readonly result: Frame;
  readonly picture: Set5Picture;
};

/** The set through a model of the mesh, one picture after the other. The first goes through once before, unmeasured. */
export async function evaluateUpscaler(
  client: Pixelmesh,
  model: { readonly name: string; readonly scale: number },
  set: readonly Set5Picture[],
): Promise<readonly UpscaledPicture[]> {
  const operation = { $case: "upscale", value: { scale: 0, model: model.name } } as const;
  const judged: UpscaledPicture[] = [];
  for (const picture of set) {
    const bytes = await toPng(picture.small);
    if (judged.length === 0) await runStep(client, { operation, bytes });
    const { frame, wallMs } = await runStep(client, { operation, bytes });
    judged.push(judge(picture, frame, model.scale, wallMs));
  }
  return judged;
}

/** The set through MATLAB's bicubic, which every upscaler has to beat. Needs no mesh. */
export function evaluateBicubic(scale: number, set: readonly Set5Picture[]): readonly UpscaledPicture[] {
  return set.map((picture) => judge(picture, resizeLikeMatlab(picture.small, scale), scale, null));
}

function judge(picture: Set5Picture, result: Frame, scale: number, wallMs: number | null): UpscaledPicture {
  return { ...compareUpscaled(result, picture.original, scale), name: picture.name, wallMs, result, picture };
}
