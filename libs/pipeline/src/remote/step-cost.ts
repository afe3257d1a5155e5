import type { JobSpec, RemoteModel, StepCost } from "@pixelmesh/proto";
import type { Operation } from "../operations/operation.ts";

/** The estimated cost of a call of a hosted model, in whole millionths of the currency, rounded up. */
export function estimateMicros({ price }: Pick<RemoteModel, "price">): number {
  const { perCallMicros = 0, perSecondMicros = 0, expectedSeconds = 0 } = price ?? {};
  return perCallMicros + Math.ceil(perSecondMicros * expectedSeconds);
}

/** The estimated cost of a step; undefined for one without a hosted model. */
export function stepCost(operation: Operation, models: readonly RemoteModel[], currency: string): StepCost | undefined {
  if (operation.$case !== "remoteModel") return undefined;
  const model = models.find(({ name }) => name === operation.value.model);
  if (model === undefined) return undefined;
  const { provider } = model;
  return { estimateMicros: estimateMicros(model), actualMicros: 0, currency, provider, savedMicros: 0 };
}

/** The estimated cost of all steps of a job, in millionths of the currency. */
export function jobEstimateMicros({ steps }: Pick<JobSpec, "steps">): number {
  return steps.reduce((sum, { cost }) => sum + (cost?.estimateMicros ?? 0), 0);
}
