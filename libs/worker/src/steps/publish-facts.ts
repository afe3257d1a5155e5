import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, publishEvent } from "@pixelmesh/bus";
import { reasonToEnum, toAppError } from "@pixelmesh/errors";
import { JobEvent, type WorkItem } from "@pixelmesh/proto";

type Fact = NonNullable<JobEvent["event"]>;

const repeatEveryMs = 500;

/**
 * Publishes a fact about a step. While the broker is away it repeats itself, for as long as `mayRepeat` says; the broker
 * stores the fact once. Throws BROKER_UNAVAILABLE then.
 */
export async function reportFact(
  bus: Bus,
  worker: string,
  item: WorkItem,
  event: Fact,
  mayRepeat: () => boolean,
): Promise<void> {
  const { jobId, stepId, attempt, resultKey } = item;
  const fact = JobEvent.fromPartial({ jobId, stepId, attempt, worker, resultKey, atUnixMs: Date.now(), event });
  for (;;) {
    try {
      return await publishEvent(bus, fact);
    } catch (error) {
      if (toAppError(error).reason !== "BROKER_UNAVAILABLE" || !mayRepeat()) throw error;
      await sleep(repeatEveryMs);
    }
  }
}

/** A failure as the fact that ends this attempt. */
export function toFailedFact(error: unknown, stepId: string): Fact {
  const { reason, message } = toAppError(error);
  return { $case: "failed", value: { error: { reason: reasonToEnum(reason), message, stepId } } };
}
