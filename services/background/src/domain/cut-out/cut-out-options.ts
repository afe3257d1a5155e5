import { CutOutResult, ExistingAlpha, Refinement, type Region, type RemoveBackgroundOperation } from "@pixelmesh/proto";
import type { MatteRefinement } from "./plan-cut-out.ts";

/** What becomes of the alpha that a picture already has. */
export type ExistingAlphaUse = "auto" | "multiply" | "replace" | "keep";

/** The settings of a cut-out, besides its model. */
export type CutOutOptions = {
  readonly existingAlpha: ExistingAlphaUse;
  /** Whether half-covered pixels get the object's own colours. */
  readonly decontaminate: boolean;
  /** Alpha from here on becomes 1, and 0 below; 0: soft edges stay. */
  readonly threshold: number;
  /** Sigma of the Gaussian that softens the edge inwards, in pixels; 0: none. */
  readonly featherPx: number;
  readonly fillHoles: boolean;
  /** Parts of the object below this share of the area are removed; 0: none. */
  readonly minIsland: number;
  readonly refine: MatteRefinement;
  /**
   * The band along the matte's edge in which the model may be in doubt, in pixels to each side; 0: `defaultBandShare` of the longer side, and no
   * band for a matte that is only enlarged.
   */
  readonly trimapPx: number;
  readonly region: Region | undefined;
  /** Whether the result is the alpha alone, as a grey picture. */
  readonly matteOnly: boolean;
};

const uses: Readonly<Partial<Record<ExistingAlpha, ExistingAlphaUse>>> = {
  [ExistingAlpha.MULTIPLY]: "multiply",
  [ExistingAlpha.REPLACE]: "replace",
  [ExistingAlpha.KEEP]: "keep",
};

/** Returns the settings of an operation, with the defaults for those that are unset. Their ranges are checked before. */
export function toCutOutOptions(operation: Omit<RemoveBackgroundOperation, "model">): CutOutOptions {
  const { existingAlpha = ExistingAlpha.AUTO, decontaminate = true, threshold = 0, featherPx = 0 } = operation;
  const { fillHoles = false, minIsland = 0, trimapPx = 0, region, result } = operation;
  const refine = operation.refine === Refinement.NONE ? "none" : "guided";
  const matteOnly = result === CutOutResult.MATTE;
  const use = uses[existingAlpha] ?? "auto";
  return {
    existingAlpha: use,
    decontaminate,
    threshold,
    featherPx,
    fillHoles,
    minIsland,
    refine,
    trimapPx,
    region,
    matteOnly,
  };
}
