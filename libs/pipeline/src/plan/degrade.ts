import type { Adaptation, CreateJobHeader, Step } from "@pixelmesh/proto";
import { Quality } from "@pixelmesh/proto";
import type { Catalogue } from "../operations/catalogue.ts";
import type { Operation, OperationCase, OperationOf } from "../operations/operation.ts";
import { operationOf, operations } from "../operations/operations.ts";
import type { Size } from "../values/sizes.ts";
import { type Load, type LoadLevel, noLoad } from "./load-level.ts";
import { qualityOf } from "./request-header.ts";
import { type AiBounds, aiBounds } from "./size-policy.ts";

/** The load that a request is planned by: no load unless the request has quality AUTO and allows degradation. */
export function loadFor(header: CreateJobHeader, load: Load): Load {
  return header.allowDegraded && qualityOf(header) === Quality.AUTO ? load : noLoad;
}

/** Bounds of a picture that enters an upscale: those of the quality; under load 1536, then 1024 px a side. */
export function boundsFor(header: CreateJobHeader, { level }: Load): AiBounds {
  if (level === 0) return aiBounds(qualityOf(header));
  return { maxSidePx: level === 1 ? 1_536 : 1_024, maxPixels: 0 };
}

/** A step as it runs under load, and the degradations of it. */
export type DegradedStep = { readonly step: Step; readonly adaptations: readonly Adaptation[] };

/** Degrades a resolved step as its operation defines it for this load. `asked` is the step before it was resolved. */
export function degradeStep(asked: Step, resolved: Step, { level, why }: Load, catalogue: Catalogue): DegradedStep {
  if (level === 0) return { step: resolved, adaptations: [] };
  const { operation, changes } = degradeOperation(operationOf(resolved), operationOf(asked), level, catalogue);
  return {
    step: { ...resolved, operation },
    adaptations: changes.map((change) => ({ stepId: resolved.id, ...change, why })),
  };
}

function degradeOperation<C extends OperationCase>(
  resolved: OperationOf<C>,
  asked: OperationOf<C>,
  level: LoadLevel,
  catalogue: Catalogue,
) {
  const { value, changes } = operations[resolved.$case].degrade(resolved.value, asked.value, level, catalogue);
  return { operation: { $case: resolved.$case, value } as Operation, changes };
}

/** The adaptation of a picture that was shrunk because of the load. */
export function sizeAdaptation(stepId: string, from: Size, to: Size, { why }: Load): Adaptation {
  return {
    stepId,
    kind: "size",
    from: `${from.widthPx}x${from.heightPx}`,
    to: `${to.widthPx}x${to.heightPx}`,
    why,
  };
}
