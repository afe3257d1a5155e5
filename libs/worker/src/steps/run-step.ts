import type { Acknowledgement, Delivery } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import type { WorkItem } from "@pixelmesh/proto";
import type { WorkerParts } from "../open-worker.ts";
import type { RasterHandler } from "../step-handler.ts";
import { createStoreRetry } from "../storage/store-retry.ts";
import { againWhenBusy } from "./again-when-busy.ts";
import { type ProducedResult, produceResult } from "./produce-result.ts";
import type { ProgressPublisher } from "./progress-publisher.ts";
import { findStoredResult } from "./shared-result.ts";
import { beginAttempt, type StepAttempt } from "./step-attempt.ts";
import { endFailedAttempt } from "./step-failure.ts";

/** Runs one attempt of a step and returns how to acknowledge its work item. */
export type StepRunner = (item: WorkItem, delivery: Delivery, signal: AbortSignal) => Promise<Acknowledgement>;

/**
 * Creates a runner. It runs the step, stores the result, then publishes the event, so that every published result is stored. A result
 * that storage cannot take yet waits in memory, without its slot, until the job's deadline. After a pause in which another worker
 * may have got the item, only a completion is published.
 */
export function createStepRunner(
  parts: WorkerParts,
  handlers: Readonly<Partial<Record<string, RasterHandler>>>,
  publisher: ProgressPublisher,
): StepRunner {
  const storeRetry = createStoreRetry(parts.base);

  async function resultOf(attempt: StepAttempt): Promise<ProducedResult> {
    const { item, delivery, operation } = attempt;
    const stored = await findStoredResult(parts, item, delivery.deliveries);
    if (stored) return { result: stored, slotWaitMs: 0 };
    const handler = handlers[operation];
    if (!item.step || !handler) throw new AppError("UNKNOWN_OPERATION", `This service has no operation ${operation}`);
    const { step } = item;
    return againWhenBusy(attempt.signal, () => produceResult(parts, attempt, { handler, step }, publisher, storeRetry));
  }

  return async function runStep(item, delivery, signal) {
    const attempt = beginAttempt(parts.base, item, delivery, signal);
    try {
      const { result, slotWaitMs } = await resultOf(attempt);
      await attempt.publish({ $case: "completed", value: { result } });
      parts.base.log.info({ ...attempt.logFields, ...attempt.end("succeeded"), slotWaitMs }, "step done");
      return { $case: "ack", completed: true };
    } catch (caught) {
      return endFailedAttempt(parts, attempt, caught);
    }
  };
}
