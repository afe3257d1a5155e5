import type { Metrics } from "@pixelmesh/telemetry";
import { createDecideStep, type DecideStep, type DecideStepParts, type DecisionCounts } from "./decide-step.ts";
import { createReleaseClaim, type ReleaseClaim, type ReleaseClaimParts } from "./release-claim.ts";

/** Coalesces equal steps: at most one of them runs, and the others wait for its result. */
export type SingleFlight = { readonly decide: DecideStep; readonly releaseClaim: ReleaseClaim };

/** Dependencies of `createSingleFlight`. */
export type SingleFlightParts = DecideStepParts &
  ReleaseClaimParts & { readonly metrics: Metrics; readonly countLost: DecisionCounts["lost"] };

/** Claims, waits, takes over and hands over, all by compare-and-set on the result cache (docs/explanation/reliability.md). */
export function createSingleFlight(parts: SingleFlightParts): SingleFlight {
  const toLabels = (result: string) => ({ cache: "result", result });
  const countRequest = parts.metrics.countBy("pixelmesh_cache_requests_total", toLabels);
  return {
    decide: createDecideStep(parts, { request: countRequest, lost: parts.countLost }),
    releaseClaim: createReleaseClaim(parts, () => countRequest("miss")),
  };
}
