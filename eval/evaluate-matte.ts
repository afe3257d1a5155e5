import type { Pixelmesh } from "@pixelmesh/client";
import type { Frame } from "@pixelmesh/imaging";
import { compareMatte, type MatteAgreement, toAlpha } from "@pixelmesh/testing";
import type { GrabCutPicture } from "./grabcut.ts";
import { runStep } from "./run-step.ts";

/** One photograph, cut out and judged. */
export type CutPicture = MatteAgreement & {
  readonly name: string;
  readonly wallMs: number;
  readonly result: Frame;
  readonly picture: GrabCutPicture;
};

/** The set through a model of the mesh, one photograph after the other. The first goes through once before, unmeasured. */
export async function evaluateMatte(
  client: Pixelmesh,
  model: { readonly name: string },
  set: readonly GrabCutPicture[],
): Promise<readonly CutPicture[]> {
  const operation = { $case: "removeBackground", value: { model: model.name } } as const;
  const judged: CutPicture[] = [];
  for (const picture of set) {
    const { bytes } = picture.photo;
    if (judged.length === 0) await runStep(client, { operation, bytes });
    const { frame, wallMs } = await runStep(client, { operation, bytes });
    judged.push({ ...compareMatte(toAlpha(frame), picture.mask), name: picture.name, wallMs, result: frame, picture });
  }
  return judged;
}
