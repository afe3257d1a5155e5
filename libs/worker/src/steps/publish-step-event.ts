import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, publishEvent } from "@pixelmesh/bus";
import { reasonToEnum, toAppError } from "@pixelmesh/errors";
import { JobEvent, type WorkItem } from "@pixelmesh/proto";

/** The variable part of a job event about a step: started, completed, failed. */
export type StepEvent = NonNullable<JobEvent["event"]>;

const retryMs = 500;

/**
 * Publishes an event about a step. While the broker is away it retries, as long as `mayRetry` returns true; the broker
 * stores the event once. Throws BROKER_UNAVAILABLE after that.
 */
export async function publishStepEvent(
  bus: Bus,
  worker: string,
  item: WorkItem,
  event: StepEvent,
  mayRetry: () => boolean,
): Promise<void> {
  const { jobId, stepId, attempt, resultKey } = item;
  const jobEvent = JobEvent.fromPartial({ jobId, stepId, attempt, worker, resultKey, atUnixMs: Date.now(), event });
  for (;;) {
    try {
      return await publishEvent(bus, jobEvent);
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
