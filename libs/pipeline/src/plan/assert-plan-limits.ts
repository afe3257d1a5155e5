import { AppError } from "@pixelmesh/errors";
import { JobSpec, type Step } from "@pixelmesh/proto";
import { MAX_SIDE_PX, MAX_SPEC_BYTES } from "../values/limits.ts";
import { fits, pixelsOf, type Size } from "../values/sizes.ts";

/** Limits of the mesh on the pictures that steps make. */
export type PlanLimits = {
  readonly maxOutputPixels: number;
  /** Default 16384. */
  readonly maxSidePx?: number;
};

/**
 * Checks the sizes of a plan before any work. Every step's picture must be within the mesh's limits, and every output within the
 * caller's own limit (0: none) as well. Pictures of unknown size pass, because their workers check them. Throws OUTPUT_TOO_LARGE.
 */
export function assertSizes(
  steps: readonly (readonly [Step, Size])[],
  outputSteps: ReadonlySet<string>,
  limits: PlanLimits,
  callerMaxPixels: number,
): void {
  const maxSidePx = limits.maxSidePx ?? MAX_SIDE_PX;
  for (const [{ id }, size] of steps) {
    const ownBound = outputSteps.has(id) && callerMaxPixels > 0 ? callerMaxPixels : limits.maxOutputPixels;
    const maxPixels = Math.min(ownBound, limits.maxOutputPixels);
    if (fits(size, { maxSidePx, maxPixels })) continue;
    const { widthPx, heightPx } = size;
    const bound = `${maxPixels} pixels and ${maxSidePx} px a side`;
    throw new AppError(
      "OUTPUT_TOO_LARGE",
      `Step \`${id}\` would make a picture of ${widthPx}×${heightPx} (${pixelsOf(size)} pixels), above ${bound}`,
      { metadata: { step: id, width_px: String(widthPx), height_px: String(heightPx), max_pixels: String(maxPixels) } },
    );
  }
}

/** Checks that a specification is small enough to be stored. Throws PIPELINE_TOO_LARGE, which no retry helps. */
export function assertSpecSize(spec: JobSpec): void {
  const bytes = JobSpec.encode(spec).finish().length;
  if (bytes <= MAX_SPEC_BYTES) return;
  throw new AppError(
    "PIPELINE_TOO_LARGE",
    `Expected a pipeline of at most ${MAX_SPEC_BYTES} bytes once its defaults are filled in, got ${bytes}: use fewer steps, effects or outputs`,
    { metadata: { bytes: String(bytes), max_bytes: String(MAX_SPEC_BYTES) } },
  );
}
