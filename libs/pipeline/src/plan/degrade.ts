import type { Adaptation, CreateJobHeader, Model, Step } from "@pixelmesh/proto";
import { Quality } from "@pixelmesh/proto";
import type { Catalogue } from "../operations/catalogue.ts";
import { operationOf } from "../operations/operations.ts";
import type { Size } from "../values/sizes.ts";
import { calm, type Load } from "./load-level.ts";
import { qualityOf } from "./request-header.ts";
import { type AiBounds, aiBounds } from "./size-policy.ts";

/** The load that a request is planned by: none unless it leaves quality to us and allows results to be lowered. */
export function loadFor(header: CreateJobHeader, load: Load): Load {
  return header.allowDegraded && qualityOf(header) === Quality.AUTO ? load : calm;
}

/** How large a picture may be when it enters an upscale: what the quality says, and under load 1536, then 1024 px a side. */
export function boundsFor(header: CreateJobHeader, { level }: Load): AiBounds {
  if (level === 0) return aiBounds(qualityOf(header));
  return { maxSidePx: level === 1 ? 1_536 : 1_024, maxPixels: 0 };
}

/** A step as it is asked for under load, and what was lowered in it. */
export type AdaptedStep = { readonly step: Step; readonly adaptations: readonly Adaptation[] };

/** A step with finishing left out, and at the highest level with a lighter model of its scale where none was named. */
export function adaptStep(asked: Step, resolved: Step, { level, why }: Load, catalogue: Catalogue): AdaptedStep {
  const operation = operationOf(resolved);
  if (level < 2 || operation.$case !== "upscale") return { step: resolved, adaptations: [] };
  let value = operation.value;
  const adaptations: Adaptation[] = [];
  const { finishing } = value;
  if (finishing !== undefined) {
    const { finishing: _, ...plain } = value;
    value = plain;
    const from = `sharpen ${finishing.sharpen}, contrast ${finishing.contrast}`;
    adaptations.push({ stepId: resolved.id, kind: "finishing", from, to: "none", why });
  }
  const lighter = level === 3 && isLeftToUs(asked) ? lighterModel(value.model, catalogue) : undefined;
  if (lighter !== undefined) {
    adaptations.push({ stepId: resolved.id, kind: "model", from: value.model, to: lighter.name, why });
    value = { ...value, model: lighter.name };
  }
  return { step: { ...resolved, operation: { $case: "upscale", value } }, adaptations };
}

/** What is told of a picture that was shrunk because of the load. */
export function sizeAdaptation(stepId: string, from: Size, to: Size, { why }: Load): Adaptation {
  return {
    ...{ stepId, kind: "size", why },
    from: `${from.widthPx}x${from.heightPx}`,
    to: `${to.widthPx}x${to.heightPx}`,
  };
}

function isLeftToUs({ operation }: Step): boolean {
  return operation?.$case === "upscale" && operation.value.model === "" && operation.value.denoise === undefined;
}

/** The smallest model of the same scale that is here and smaller than the given one: cost grows with the parameters. */
function lighterModel(name: string, { upscaleModels }: Catalogue): Model | undefined {
  const present = upscaleModels.find((model) => model.name === name);
  if (present === undefined) return undefined;
  return upscaleModels
    .filter(({ available, scale, sizeBytes }) => available && scale === present.scale && sizeBytes < present.sizeBytes)
    .sort((a, b) => a.sizeBytes - b.sizeBytes)[0];
}
