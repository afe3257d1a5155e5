import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, publishEvent, sendEvent } from "@pixelmesh/bus";
import { reasonToEnum, toAppError } from "@pixelmesh/errors";
import type { JobEvent, WorkItem } from "@pixelmesh/proto";

/** The variable part of a job event about a step: started, completed, failed. */
export type StepEvent = NonNullable<JobEvent["event"]>;

const retryMs = 500;

/** Returns an event about a step, with the time now. */
export function toStepEvent(worker: string, item: WorkItem, event: StepEvent): JobEvent {
  const { jobId, stepId, attempt, resultKey } = item;
  return { jobId, stepId, attempt, worker, resultKey, atUnixMs: Date.now(), event };
}

/**
 * Sends an event about a step to the ingest replica that dispatched it (`inbox`; empty: none). If that does not apply it, publishes it to
 * the log. While the broker is away it retries, as long as `mayRetry` returns true; the broker stores the event once. Throws
 * BROKER_UNAVAILABLE after that.
 */
export async function publishStepEvent(
  bus: Bus,
  event: JobEvent,
  inbox: string,
  mayRetry: () => boolean,
): Promise<void> {
  if (inbox !== "" && (await sendEvent(bus, inbox, event))) return;
  for (;;) {
    try {
      return await publishEvent(bus, event);
    } catch (error) {
      if (toAppError(error).reason !== "BROKER_UNAVAILABLE" || !mayRetry()) throw error;
      await sleep(retryMs);
    }
  }
}

/** Converts a failure to the event that ends the attempt. */
export function toFailedEvent(error: unknown, stepId: string): StepEvent {
  const { reason, message } = toAppError(error);
  return { $case: "failed", value: { error: { reason: reasonToEnum(reason), message, stepId } } };
}
