import type { Pixelmesh } from "@pixelmesh/client";
import { compareMatte, toAlpha } from "@pixelmesh/testing";
import { runStep } from "../run-step.ts";
import type { LabelledPicture } from "./composites.ts";

/** A cut-out: its overlap with the known mask, and how sure its model was. */
export type Rated = { readonly set: string; readonly name: string; readonly iou: number; readonly confidence: number };

/** A cut-out whose overlap is below this is bad. */
export const badIou = 0.7;

/** Cuts each picture out with a model of the mesh. */
export async function rateAll(
  client: Pixelmesh,
  model: string,
  pictures: readonly LabelledPicture[],
): Promise<readonly Rated[]> {
  const rated: Rated[] = [];
  for (const { set, name, mask, bytes } of pictures) {
    const { frame, confidence } = await runStep(client, {
      operation: { $case: "removeBackground", value: { model } },
      bytes,
    });
    if (confidence === undefined) throw new Error(`Expected a confidence for ${name}, got none`);
    rated.push({ set, name, iou: compareMatte(toAlpha(frame), mask).iou, confidence });
  }
  return rated;
}

/**
 * Returns the area under the ROC curve of low confidence as a sign of a bad cut-out: the share of pairs of a bad and a good one in which the bad one has the lower confidence; half for equal
 * ones (Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic curve", 1982). NaN without a pair.
 */
export function areaUnderCurve(rated: readonly Pick<Rated, "iou" | "confidence">[]): number {
  const bad = rated.filter(({ iou }) => iou < badIou);
  const good = rated.filter(({ iou }) => iou >= badIou);
  let ordered = 0;
  for (const one of bad)
    for (const other of good)
      ordered += one.confidence < other.confidence ? 1 : one.confidence === other.confidence ? 0.5 : 0;
  return ordered / (bad.length * good.length);
}
