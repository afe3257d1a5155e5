import type { Pixelmesh } from "@pixelmesh/client";
import type { Frame } from "@pixelmesh/imaging";
import { compareMatte, type MatteAgreement, toAlpha } from "@pixelmesh/testing";
import type { GrabCutPicture } from "./grabcut.ts";
import { runStep } from "./run-step.ts";

/** The result and quality of one photograph. */
export type CutPicture = MatteAgreement & {
  readonly name: string;
  readonly wallMs: number;
  readonly result: Frame;
  readonly picture: GrabCutPicture;
};

/** Runs the set through a model of the mesh, one photograph at a time. The first one is run once more before, as a warm-up. */
export async function evaluateMatte(
  client: Pixelmesh,
  model: { readonly name: string },
  set: readonly GrabCutPicture[],
): Promise<readonly CutPicture[]> {
  const operation = { $case: "removeBackground", value: { model: model.name } } as const;
  const evaluated: CutPicture[] = [];
  for (const picture of set) {
    const { bytes } = picture.photo;
    if (evaluated.length === 0) await runStep(client, { operation, bytes });
    const { frame, wallMs } = await runStep(client, { operation, bytes });
    evaluated.push({
      ...compareMatte(toAlpha(frame), picture.mask),
      name: picture.name,
      wallMs,
      result: frame,
      picture,
    });
  }
  return evaluated;
}
