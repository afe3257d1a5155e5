import { ownRaster } from "@pixelmesh/imaging";
import type { Notice, Step, StepResult } from "@pixelmesh/proto";
import { withSpan } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import { type AnyHandler, inputSizeOf } from "../step-handler.ts";
import type { StoreRetry } from "../storage/store-retry.ts";
import { executeStep } from "./execute-step.ts";
import { loadInputs } from "./load-inputs.ts";
import type { ProgressPublisher } from "./progress-publisher.ts";
import { shareResult } from "./shared-result.ts";
import type { StepAttempt } from "./step-attempt.ts";
import { storeOutcome } from "./store-result.ts";

/** A stored result and how long its step waited for a slot. */
export type ProducedResult = { readonly result: StepResult; readonly slotWaitMs: number };

/** Runs a step, stores its outcome and shares the result. Announces its start and publishes the progress meanwhile. */
export async function produceResult(
  parts: WorkerParts,
  attempt: StepAttempt,
  { handler, step }: { readonly handler: AnyHandler; readonly step: Step },
  publisher: ProgressPublisher,
  storeRetry: StoreRetry,
): Promise<ProducedResult> {
  const { item, signal } = attempt;
  const notices: Notice[] = [];
  const progress = publisher.open(item);
  const limits = item.limits ?? parts.limits;
  const frameStore = parts.scratch.openFrameStore();
  try {
    const work = {
      handler,
      step,
      sizes: item.inputs,
      limits,
      frameStore,
      loadInputs: (loading: Parameters<typeof loadInputs>[5]) =>
        loadInputs(parts.blobs, item, (input) => inputSizeOf(handler, step, input), notices, limits, loading),
    };
    const executed = await executeStep(parts, work, item, {
      signal,
      onGranted: progress.granted,
      onProgress: progress.update,
      async onStarted() {
        await attempt.start();
        parts.base.log.info(attempt.logFields, "step started");
      },
    });
    attempt.hasRun = true;
    progress.storing();
    const retry = storeRetry.of(attempt.logFields, signal);
    const result = await withSpan("store result", {}, () =>
      storeOutcome(parts, item, executed, notices, { limits, frameStore, signal, retry }),
    );
    progress.done();
    ownRaster(frameStore, executed.outcome.frame);
    await frameStore.end();
    await shareResult(parts, item, result, executed.modelDigest);
    return { result, slotWaitMs: Math.round(executed.slotWaitMs) };
  } finally {
    progress.end();
    await frameStore.close();
  }
}
