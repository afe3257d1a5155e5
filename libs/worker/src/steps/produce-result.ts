import { ownRaster } from "@pixelmesh/imaging";
import type { Step, StepResult } from "@pixelmesh/proto";
import { withSpan } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import type { RasterHandler } from "../step-handler.ts";
import type { StoreRetry } from "../storage/store-retry.ts";
import { executeStep } from "./execute-step.ts";
import type { ProgressPublisher } from "./progress-publisher.ts";
import { shareResult } from "./shared-result.ts";
import type { StepAttempt } from "./step-attempt.ts";
import { openStepInputs } from "./step-inputs.ts";
import { storeOutcome } from "./store-result.ts";

/** A stored result and how long its step waited for a slot. */
export type ProducedResult = { readonly result: StepResult; readonly slotWaitMs: number };

/** Runs a step, stores its outcome and shares the result. Announces its start and publishes the progress meanwhile. */
export async function produceResult(
  parts: WorkerParts,
  attempt: StepAttempt,
  { handler, step }: { readonly handler: RasterHandler; readonly step: Step },
  publisher: ProgressPublisher,
  storeRetry: StoreRetry,
): Promise<ProducedResult> {
  const { item, signal } = attempt;
  const progress = publisher.open(item);
  const limits = item.limits ?? parts.limits;
  const frameStore = parts.scratch.openFrameStore();
  let leave: (() => void) | undefined;
  const inputs = openStepInputs(parts, item, { sizeOf: (input) => handler.inputSize?.(step, input), limits });
  try {
    const largerModels = item.largerModels?.models ?? [];
    const { beginnings } = inputs;
    const loadInputs: typeof inputs.load = async (loading) => {
      leave = await handler.enter?.(loading.signal);
      loading.signal.throwIfAborted();
      return inputs.load(loading);
    };
    const work = { handler, step, sizes: item.inputs, limits, frameStore, loadInputs, beginnings, largerModels };
    const executed = await executeStep(parts, work, item, {
      signal,
      onWait: progress.waiting,
      onGranted: progress.granted,
      onProgress: progress.update,
      async onStarted() {
        await attempt.start();
        inputs.begin();
        parts.base.log.info(attempt.logFields, "step started");
      },
    });
    attempt.hasRun = true;
    const { frame } = executed.outcome;
    await inputs.release(frame);
    progress.storing();
    const retryUntil = (ended: AbortSignal) => storeRetry.of(attempt.logFields, ended);
    const isRepeated = item.refresh || item.attempt > 1 || attempt.delivery.deliveries > 1;
    const result = await withSpan("store result", {}, () =>
      storeOutcome(parts, item, executed, inputs.notices(), { limits, frameStore, signal, isRepeated, retryUntil }),
    );
    progress.done();
    if (!inputs.include(frame)) ownRaster(frameStore, frame);
    await inputs.close(true);
    await frameStore.end();
    await shareResult(parts, item, result, executed);
    await executed.outcome.onStored?.();
    return { result, slotWaitMs: Math.round(executed.slotWaitMs) };
  } finally {
    progress.end();
    await inputs.close(false);
    await frameStore.close();
    leave?.();
  }
}
