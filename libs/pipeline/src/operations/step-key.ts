import type { Effect, PlannedStep } from "@pixelmesh/proto";
import { canonicalDigest } from "../values/canonical-json.ts";
import { type Operation, operationOf, operations } from "./operations.ts";

/**
 * The key under which a step's result is kept: sha256 as 64 hex digits over the operation and its revision, its resolved
 * parameters, the sha256 of its inputs in order, the model's digest and the precision. Neither names of steps nor the
 * order of parameters are part of it; a model counts by its digest, or by its name where no digest is known.
 */
export function stepKey(planned: PlannedStep, inputDigests: readonly string[], precision = "fp32"): string {
  if (planned.step === undefined) throw new TypeError("Expected a planned step to have a step");
  const operation = operationOf(planned.step);
  return canonicalDigest({
    operation: operations[operation.$case].name,
    revision: planned.operationRevision,
    parameters: parametersOf(operation, planned.modelDigest),
    inputs: inputDigests,
    modelDigest: planned.modelDigest,
    precision,
  });
}

/** Where a result with adaptations is kept, so that a caller who forbids degradation never meets it. */
export function degradedKey(key: string): string {
  return `${key}.degraded`; // A KV bucket's keys may hold a dot, but no plus sign.
}

function parametersOf(operation: Operation, modelDigest: string): unknown {
  switch (operation.$case) {
    case "upscale":
    case "removeBackground":
      return { ...operation.value, model: modelDigest === "" ? operation.value.model : "" };
    case "applyEffects":
      return operation.value.effects.map(({ name, parameters }: Effect) => ({ name, parameters }));
    default:
      return operation.value;
  }
}
