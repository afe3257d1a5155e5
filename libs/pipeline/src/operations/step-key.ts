import type { PlannedStep } from "@pixelmesh/proto";
import { canonicalDigest } from "../values/canonical-json.ts";
import type { OperationCase, OperationOf } from "./operation.ts";
import { operationOf, operations } from "./operations.ts";

/**
 * The result key of a step: sha256 as 64 hex digits over the operation and its revision, its resolved parameters, the sha256 of its
 * inputs in order, the model's digest and the precision. Names of steps and the order of parameters are not part of it. A model
 * counts by its digest, or by its name where no digest is known. The models that a step may try after its own count by their digests.
 */
export function stepKey(planned: PlannedStep, inputDigests: readonly string[], precision = "fp32"): string {
  if (planned.step === undefined) throw new TypeError("Expected a planned step to have a step");
  const operation = operationOf(planned.step);
  return canonicalDigest({
    operation: operations[operation.$case].name,
    revision: planned.operationRevision,
    parameters: keyParameters(operation, planned.modelDigest),
    inputs: inputDigests,
    modelDigest: planned.modelDigest,
    // Left out where there are none: then the key is that of earlier releases.
    largerModels: planned.largerModels?.models.map(({ digest }) => digest),
    precision,
  });
}

/** The key of a degraded result. It is another key, so that a caller who forbids degradation never gets such a result. */
export function degradedKey(key: string): string {
  return `${key}.degraded`; // A KV bucket's keys may hold a dot, but no plus sign.
}

function keyParameters<C extends OperationCase>({ $case, value }: OperationOf<C>, modelDigest: string): unknown {
  return operations[$case].keyParameters(value, modelDigest);
}
