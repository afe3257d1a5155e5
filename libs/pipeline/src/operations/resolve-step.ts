import type { LargerModel, Notice, Step } from "@pixelmesh/proto";
import { canonicalDigest } from "../values/canonical-json.ts";
import type { Size } from "../values/sizes.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Operation, OperationCase, OperationOf, ResolveContext } from "./operation.ts";
import { operationOf, operations } from "./operations.ts";
import type { Compression } from "./upscale-auto.ts";

/** A step with every default filled in, and what its result depends on beside its own fields. */
export type ResolvedStep = {
  readonly step: Step;
  /** sha256 of the model's file; empty where no model is used. */
  readonly modelDigest: string;
  readonly operationRevision: number;
  /** Models that the step tries after its own, in order. */
  readonly largerModels: readonly LargerModel[];
  /** Choices that the caller left to the mesh. */
  readonly notices: readonly Notice[];
};

/**
 * Fills in a valid step's models and effect parameters, in canonical form. `input` is the size of its picture: without it the model
 * of an upscale to a target size, or by `auto`, stays open. `compression` is how the picture was stored, for `auto`. Throws as
 * validatePipeline does.
 */
export function resolveStep(step: Step, catalogue: Catalogue, input?: Size, compression?: Compression): ResolvedStep {
  const operation = operationOf(step);
  const path = `${step.id}.${operations[operation.$case].name}`;
  const resolved = resolveOperation(operation, { catalogue, input, compression, path });
  return {
    step: { id: step.id, inputs: step.inputs, operation: resolved.operation },
    modelDigest: resolved.modelDigest,
    operationRevision: resolved.revision,
    largerModels: resolved.largerModels,
    notices: resolved.notices.map((notice) => ({ stepId: step.id, ...notice })),
  };
}

function resolveOperation<C extends OperationCase>({ $case, value }: OperationOf<C>, context: ResolveContext) {
  const { revision, resolve } = operations[$case];
  const { value: resolved, modelDigest = "", largerModels = [], notices = [], dependsOn } = resolve(value, context);
  return {
    operation: { $case, value: resolved } as Operation,
    modelDigest,
    largerModels,
    notices,
    revision: dependsOn === undefined ? revision : mixRevision(revision, dependsOn),
  };
}

// The field holds 31 bits.
function mixRevision(revision: number, dependsOn: unknown): number {
  return Number.parseInt(canonicalDigest([revision, dependsOn]).slice(0, 8), 16) >>> 1;
}
